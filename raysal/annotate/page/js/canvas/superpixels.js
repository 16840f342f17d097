/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Emit} Emit */

/** The superpixels of one grain: an id per pixel, and where each of them lies. */
export class Superpixels {
  /** @param {number} height @param {number} width
   * @param {Uint16Array|Uint32Array} labels height x width ids below count @param {number} count */
  constructor(height, width, labels, count) {
    if (labels.length !== height * width) throw new RangeError('superpixels of another size');
    this.height = height;
    this.width = width;
    this.labels = labels;
    this.count = count;
    /** @type {Int32Array|null} x0, y0, x1, y1 of each, made when first needed */
    this._boxes = null;
  }

  /** @param {number} x @param {number} y */
  at(x, y) {
    return this.labels[y * this.width + x];
  }

  /** @param {number} id @returns {Box} empty (x0 > x1) if no pixel has this id */
  box(id) {
    const boxes = (this._boxes ??= this._bounds());
    return {
      x0: boxes[4 * id],
      y0: boxes[4 * id + 1],
      x1: boxes[4 * id + 2],
      y1: boxes[4 * id + 3],
    };
  }

  _bounds() {
    const { labels, width, height, count } = this;
    const boxes = new Int32Array(4 * count);
    for (let id = 0; id < count; id++) {
      boxes[4 * id] = width;
      boxes[4 * id + 1] = height;
    }
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; ) {
        const id = labels[i];
        const start = x;
        while (x < width && labels[i] === id) {
          x++;
          i++;
        }
        const at = 4 * id;
        if (start < boxes[at]) boxes[at] = start;
        if (y < boxes[at + 1]) boxes[at + 1] = y;
        if (x > boxes[at + 2]) boxes[at + 2] = x;
        if (y >= boxes[at + 3]) boxes[at + 3] = y + 1;
      }
    }
    return boxes;
  }

  /** The pixels of one superpixel as spans. @param {number} id @param {Emit} emit */
  spans(id, emit) {
    const { labels, width } = this;
    const { x0, y0, x1, y1 } = this.box(id);
    for (let y = y0; y < y1; y++) {
      const row = y * width;
      for (let x = x0; x < x1; x++) {
        if (labels[row + x] !== id) continue;
        const start = x;
        while (x < x1 && labels[row + x] === id) x++;
        emit(y, start, x);
      }
    }
  }
}
