import { Picture } from './picture.js';
import { Session } from './session.js';
import { Works } from './works.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./desk.js').Grain} Grain */
/** @typedef {import('./tools/all.js').ToolName} ToolName */

/**
 * The canvas of the labelling tool: shows one image with its layers and changes its labels.
 *
 * Places that are given to it are CSS pixels of its host; boxes in events are half-open pixels of the
 * image. While no image is open, methods do nothing.
 */
export class Workbench extends Works {
  /** @param {HTMLElement} host a positioned element with a size
   * @param {{name: string, colour: number[]}[]} classes colours of 0..255; the index is the class id */
  constructor(host, classes) {
    super(host, classes);
    this._opening = 0;
    this._unlocked = false;
  }

  /**
   * Shows an image; the one before is closed.
   * @param {{size: number[], picture: Blob, raster: Uint8Array|null, rectangles: number[][],
   *   whole: boolean, readOnly?: boolean}} image size: height, width; raster: class ids, 255 unlabelled;
   *   rectangles: row, column, height, width each
   * @returns {Promise<boolean>} false if another image was opened or closed meanwhile
   * @throws {Error} with one plain line if the picture cannot be shown
   */
  async open({ size, picture, raster, rectangles, whole, readOnly = false }) {
    this.close();
    const turn = ++this._opening;
    const [height, width] = size;
    if (raster && raster.length !== height * width) throw new RangeError('labels of another size');
    const decoded = await Picture.decode(picture, height, width);
    if (turn !== this._opening) {
      decoded.close();
      return false;
    }
    const session = new Session(decoded, raster, rectangles, whole, this._desk.classes);
    session.painting.unlocked = this._unlocked;
    this._desk.session = session;
    this._desk.region = !whole && rectangles.length > 0 ? 0 : null;
    this._readOnly = readOnly;
    this._view.imageWidth = width;
    this._view.imageHeight = height;
    this._restyle();
    this.fit(false);
    return true;
  }

  /** Frees everything that belongs to the image. */
  close() {
    this._opening++;
    if (this._desk.session) for (const tool of Object.values(this._tools)) tool.leave();
    this._desk.session?.close();
    this._desk.session = null;
    this._desk.region = null;
    this._at = null;
    this._reframe = null;
    this._keyPressed = false;
    this._screen.touchAll();
  }

  /** Closes the image and takes the canvases out of the page. */
  destroy() {
    this.close();
    cancelAnimationFrame(this._frameId);
    this._pointers.close();
    this._screen.close();
  }

  get isOpen() {
    return this._desk.session !== null;
  }

  /** Height and width of the open image. */
  get size() {
    const picture = this._desk.session?.picture;
    return picture ? [picture.height, picture.width] : null;
  }

  /** Class ids of the open image, height x width; to be read only. */
  get raster() {
    return this._desk.session?.painting.data ?? new Uint8Array(0);
  }

  // What is chosen.

  get tool() {
    return this._tool;
  }

  /** @param {string} name of a tool; others are ignored */
  setTool(name) {
    if (name === this._tool || !(name in this._tools)) return;
    this._active?.leave();
    if (name === 'extended' || this._tool === 'extended') this._screen.touchAll();
    this._tool = /** @type {ToolName} */ (name);
    this._active?.hover(this._at);
    this._screen.top.style.cursor = this._active?.cursor ?? 'default';
    this._desk.redraw();
  }

  get classId() {
    return this._desk.classId;
  }

  /** With the tool 'modify', what is chosen is given this class too. @param {number} id */
  setClass(id) {
    this._desk.classId = id;
    if (this._tool === 'modify' && this._active) this._tools.modify.change(id);
    this._desk.redraw();
  }

  get grain() {
    return this._desk.grain;
  }

  /** @param {Grain} grain */
  setGrain(grain) {
    this._desk.grain = grain;
    this._restyle();
  }

  get brush() {
    return this._desk.brush;
  }

  /** Whether what is not asked may be painted too. */
  get unlocked() {
    return this._unlocked;
  }

  set unlocked(on) {
    this._unlocked = on;
    if (this._desk.session) this._desk.painting.unlocked = on;
    this._screen.touchAll();
  }

  get region() {
    return this._desk.region;
  }

  /** Whether labels cannot be changed. */
  get readOnly() {
    return this._readOnly;
  }

  set readOnly(on) {
    if (on) this._active?.leave();
    this._readOnly = on;
    this._desk.redraw();
  }

  // Steps.

  get canUndo() {
    return this._desk.session?.painting.history.canUndo ?? false;
  }

  get canRedo() {
    return this._desk.session?.painting.history.canRedo ?? false;
  }

  /** Steps that can be taken back, and bytes that the history takes. */
  get history() {
    const history = this._desk.session?.painting.history;
    return { steps: history?.steps ?? 0, bytes: history?.bytes ?? 0 };
  }

  /** @returns {boolean} whether there was a step to take back */
  undo() {
    return this._turn(false);
  }

  /** @returns {boolean} whether there was a step to do again */
  redo() {
    return this._turn(true);
  }

  /** @param {boolean} redo */
  _turn(redo) {
    const { session } = this._desk;
    if (!session || this._readOnly) return false;
    this._active?.cancel();
    const step = redo ? session.painting.redo() : session.painting.undo();
    if (!step) return false;
    for (const tile of step.tiles) session.touch(tile, this._screen);
    session.marked(this._screen);
    session.changed();
    for (const tool of Object.values(this._tools)) tool.refresh();
    this._desk.redraw();
    const { tool = '', classId = 255, region = null } = step.deed ?? {};
    this._emit('undone', { redo, tool, class_id: classId, region, box: step.box });
    return true;
  }

  // Figures.

  /** Share of each class. @param {'asked'|'image'} scope @returns {Float64Array} one per class */
  classShares(scope) {
    return this._desk.session?.shares(scope) ?? new Float64Array(this._desk.classes.length);
  }

  /** Share without a label of a region, or of all that is asked. @param {number|null} region */
  unlabelledShare(region = null) {
    return this._desk.session?.unlabelled(region) ?? 0;
  }
}
