import { Barrier, isOpen } from './cut.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./painting.js').Painting} Painting */
/** @typedef {import('./painting.js').Marks} Marks */
/** @typedef {import('./superpixels.js').Superpixels} Superpixels */
/** @typedef {import('./session.js').Session} Session */
/** @typedef {'coarse'|'medium'|'fine'} Grain */

/**
 * What tools work with: the open image, the chosen class and sizes, and steps that can be undone.
 *
 * A tool calls `begin`, writes to `painting`, calls `touched` as often as it likes, and `end`.
 */
export class Desk {
  /**
   * @param {import('./view.js').View} view @param {import('./screen.js').Screen} screen
   * @param {{name: string, colour: number[]}[]} classes
   * @param {(name: string, detail: unknown) => void} emit
   */
  constructor(view, screen, classes, emit) {
    this.view = view;
    this.screen = screen;
    this.classes = classes;
    this.emit = emit;
    this.classId = 0;
    /** @type {Grain} */
    this.grain = 'medium';
    /** Diameter in pixels of the image. */
    this.brush = 24;
    /** @type {number|null} index of the present region */
    this.region = null;
    /** @type {Session|null} */
    this.session = null;
    /** @type {import('./painting.js').Deed|null} */
    this._step = null;
    /** @type {{cuts: Marks['cuts'], barrier: Barrier|null}} */
    this._barrier = { cuts: [], barrier: null };
  }

  /** The open image; tools are only called while there is one. @returns {Session} */
  get open() {
    if (!this.session) throw new Error('no image is open');
    return this.session;
  }

  /** @returns {Painting} */
  get painting() {
    return this.open.painting;
  }

  get isPainting() {
    return this._step !== null;
  }

  /** Device pixels per CSS pixel. */
  get ratio() {
    return this.screen.ratio;
  }

  /** CSS pixels in pixels of the image. @param {number} css */
  pixels(css) {
    return (css * this.ratio) / this.view.scale;
  }

  /** @param {string} text one plain line */
  notice(text) {
    this.emit('notice', { text });
  }

  redraw() {
    this.screen.overlayDirty = true;
  }

  /** Begins a step. @param {string} tool @param {number} classId @param {Point} at
   * @param {number} clicks */
  begin(tool, classId, at, clicks = 1) {
    const region = this.regionAt(at);
    this._step = { tool, classId, region, clicks };
    this.painting.begin();
  }

  /** Shows what was written so far. */
  touched() {
    const box = this.painting.takeDirty();
    if (box) this.open.touch(box, this.screen);
  }

  /** Ends the step; nothing is kept if nothing changed. @returns {boolean} whether something did */
  end() {
    const step = this._step;
    this._step = null;
    if (!step) return false;
    this.touched();
    const { painting } = this;
    const { cuts } = painting.marks;
    const open = cuts.filter((cut) => isOpen(cut, painting.data, painting.width));
    if (open.length < cuts.length) this.mark({ cuts: open });
    const done = painting.commit(step);
    this.redraw();
    if (!done) return false;
    const { tool, classId, region, clicks } = step;
    this.open.changed();
    this.emit('edit', { tool, class_id: classId, region, clicks, box: done.box });
    return true;
  }

  /** Takes the step in hand back. */
  abandon() {
    if (!this._step) return;
    this._step = null;
    const box = this.painting.rollback();
    this.painting.takeDirty();
    if (box) this.open.touch(box, this.screen);
    this.redraw();
  }

  /** Changes some marks as part of the step in hand. @param {Partial<Marks>} marks */
  mark(marks) {
    this.painting.marks = { ...this.painting.marks, ...marks };
    this.open.marked(this.screen);
    this.redraw();
  }

  /** Edges kept apart by the cuts that are open. @returns {Barrier|null} */
  get barrier() {
    const { cuts } = this.painting.marks;
    if (this._barrier.cuts !== cuts) {
      const barrier = cuts.length > 0 ? new Barrier(cuts, this.painting.width) : null;
      this._barrier = { cuts, barrier };
    }
    return this._barrier.barrier;
  }

  /** Index of the region at a place, null outside of all. @param {Point} at */
  regionAt(at) {
    return this.open.area.regionAt(Math.floor(at.x), Math.floor(at.y), this.region);
  }

  /** Whether the pixel at a place may be painted. @param {Point} at */
  canPaint(at) {
    return this.painting.canWrite(Math.floor(at.x), Math.floor(at.y));
  }

  /** What a fill at a place is limited to: its region, or all of the image. @param {Point} at
   * @returns {Box} */
  limitAt(at) {
    const { painting, area } = this.open;
    const region = painting.unlocked || area.whole ? null : this.regionAt(at);
    if (region !== null) return area.boxes[region];
    return { x0: 0, y0: 0, x1: painting.width, y1: painting.height };
  }

  /** Superpixels of the chosen grain; says so if there are none. @param {boolean} tell
   * @returns {Superpixels|null} */
  superpixels(tell) {
    const found = this.open.superpixels.get(this.grain) ?? null;
    if (!found && tell) this.notice('Superpixels of this image are not ready yet.');
    return found;
  }

  /** @param {number} classId @returns {import('./colours.js').Colour} */
  colour(classId) {
    return /** @type {import('./colours.js').Colour} */ (
      this.classes[classId]?.colour ?? [255, 255, 255]
    );
  }
}
