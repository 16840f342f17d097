/** @typedef {import('../desk.js').Desk} Desk */
/** @typedef {import('../shapes.js').Point} Point */

/**
 * What every tool answers to. Places are in pixels of the image; a pointer and the keyboard's cursor
 * call the same methods.
 */
export class Tool {
  /** @param {Desk} desk */
  constructor(desk) {
    this.desk = desk;
    /** @type {Point|null} where the pointer is */
    this.at = null;
  }

  /** Style of the pointer. */
  get cursor() {
    return 'crosshair';
  }

  /** The pointer moves without being pressed; null: it left. @param {Point|null} at */
  hover(at) {
    this.at = at;
    this.desk.redraw();
  }

  /** @param {Point} _at @param {boolean} _erase the other button is pressed */
  press(_at, _erase) {}

  /** @param {Point} _at */
  drag(_at) {}

  /** @param {Point} _at */
  release(_at) {}

  /** Pressed twice in one place; the two presses came before. @param {Point} _at */
  double(_at) {}

  /** Takes back what is pressed, for instance when a second finger begins to pinch. */
  cancel() {
    this.desk.abandon();
  }

  /** Another tool is chosen, or the image is closed. */
  leave() {
    this.cancel();
    this.at = null;
  }

  /** Labels changed under the tool, by undo or by another hand. */
  refresh() {}

  /** @param {string} _key @returns {boolean} whether the tool used it */
  key(_key) {
    return false;
  }

  /** Draws over the image. @param {CanvasRenderingContext2D} _context in device pixels */
  draw(_context) {}
}
