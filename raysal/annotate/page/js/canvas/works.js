import { acceptPrediction, applyFill } from './acts.js';
import { Layers } from './layers.js';
import { UNLABELLED } from './painting.js';
import { seedsOf } from './scribbles.js';
import { refuse } from './tools/extended.js';

/** What tools begin and a button or the server's answer finishes. */
export class Works extends Layers {
  /** Vertices of the line in hand; none: 0. */
  get linePoints() {
    return this._tools.line.points.length;
  }

  /** Cuts along the line in hand. @returns {boolean} whether there was one */
  finishLine() {
    return this._desk.session !== null && this._tools.line.finish();
  }

  /** Fills what the line in hand encloses. @returns {boolean} whether there was one */
  closeLine() {
    return this._desk.session !== null && this._tools.line.close();
  }

  /** Removes its last vertex. @returns {boolean} whether there was one */
  backLine() {
    return this._desk.session !== null && this._tools.line.back();
  }

  /** Drops it, or if there is none the cuts. @returns {boolean} whether there was something */
  cancelLine() {
    return this._desk.session !== null && this._tools.line.drop();
  }

  /** What the tool 'modify' has chosen. */
  get selection() {
    const { chosen } = this._tools.modify;
    return chosen && { classId: chosen.classId, pixels: chosen.part.count, box: chosen.part.box };
  }

  /** Takes the labels of what is chosen away. @returns {boolean} whether anything was chosen */
  deleteSelection() {
    return this._tools.modify.key('Delete');
  }

  // Scribbles, prediction and extended labels.

  /** Seeds of the scribbles: superpixels of the present grain, and their classes. */
  scribbleSeeds() {
    const { session } = this._desk;
    const superpixels = session && this._desk.superpixels(false);
    if (!superpixels) return [];
    const { painting } = this._desk;
    return seedsOf(painting.marks.scribbles, superpixels, (x, y) => painting.canWrite(x, y));
  }

  /** Takes all scribbles away; one step. What was filled stays. */
  clearScribbles() {
    const { session } = this._desk;
    if (!session || session.painting.marks.scribbles.length === 0) return;
    this._desk.begin('scribble', this._desk.classId, session.painting.marks.scribbles[0].points[0]);
    this._desk.mark({ scribbles: [], filled: null });
    this._desk.end();
  }

  /**
   * Paints what scribbles were grown to; one step. What was painted by hand stays.
   * @param {ReadonlyArray<ReadonlyArray<number>>} fill superpixel of the present grain and class id each
   * @param {number|null} region only there; null: in all that is asked
   */
  applyFill(fill, region = null) {
    if (this._desk.session && !this._readOnly) applyFill(this._desk, fill, region);
  }

  /** Makes labels of the prediction; one step. In a region or the image only what has none yet.
   * @param {'region'|'image'|{superpixel: number}} scope */
  acceptPrediction(scope) {
    if (this._desk.session && !this._readOnly) acceptPrediction(this._desk, scope);
  }

  /** Parts of the extended labels that are refused, ascending. */
  refusedParts() {
    const refused = this._desk.session?.painting.marks.refused ?? new Set();
    return [...refused].sort((a, b) => a - b);
  }

  /** Refuses a part of the extended labels, or takes it again; one step.
   * @param {number} part @param {boolean} on */
  setRefused(part, on) {
    const { session } = this._desk;
    if (session && !this._readOnly) refuse(this._desk, part, on, UNLABELLED, { x: -1, y: -1 });
  }
}
