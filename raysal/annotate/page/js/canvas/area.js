/** @typedef {import('./box.js').Box} Box */

/**
 * What is asked of an image: rectangles that may overlap, or all of it.
 *
 * Between two neighbouring borders of rectangles all rows are alike. Such a band keeps the disjoint
 * intervals of columns that are asked, so that a stroke is limited row by row.
 */
export class Area {
  /**
   * @param {number} height @param {number} width
   * @param {number[][]} rectangles [row, column, height, width] each; cut to the image
   * @param {boolean} whole all of the image is asked
   */
  constructor(height, width, rectangles, whole) {
    this.height = height;
    this.width = width;
    this.whole = whole;
    /** @type {Box[]} in the order in which they are asked */
    this.boxes = rectangles.map(([row, column, h, w]) => ({
      x0: Math.max(0, column),
      y0: Math.max(0, row),
      x1: Math.min(width, column + w),
      y1: Math.min(height, row + h),
    }));
    const asked = whole ? [{ x0: 0, y0: 0, x1: width, y1: height }] : this.boxes;
    const borders = new Set([0, height]);
    for (const box of asked) borders.add(box.y0).add(box.y1);
    this._tops = [...borders].sort((a, b) => a - b);
    /** @type {number[][]} per band: x0, x1, x0, x1, ... */
    this._intervals = [];
    this._bandOfRow = new Int32Array(height);
    for (let band = 0; band + 1 < this._tops.length; band++) {
      const top = this._tops[band];
      this._bandOfRow.fill(band, top, this._tops[band + 1]);
      this._intervals.push(merged(asked.filter((box) => box.y0 <= top && top < box.y1)));
    }
  }

  /** The asked columns of a row: x0, x1, x0, x1, ... half-open, ascending, disjoint.
   * @param {number} y */
  intervals(y) {
    return this._intervals[this._bandOfRow[y]];
  }

  /** @param {number} x @param {number} y */
  contains(x, y) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return false;
    const row = this.intervals(y);
    for (let i = 0; i < row.length; i += 2) if (x >= row[i] && x < row[i + 1]) return true;
    return false;
  }

  /** Index of the rectangle at a pixel, `preferred` before all others; null outside of all.
   * @param {number} x @param {number} y @param {number|null} preferred */
  regionAt(x, y, preferred) {
    const at = (/** @type {number} */ i) => {
      const box = this.boxes[i];
      return x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1;
    };
    if (preferred !== null && preferred < this.boxes.length && at(preferred)) return preferred;
    for (let i = 0; i < this.boxes.length; i++) if (at(i)) return i;
    return null;
  }

  /** Disjoint boxes that together are all that is not asked. @returns {Box[]} */
  outside() {
    /** @type {Box[]} */
    const boxes = [];
    for (let band = 0; band < this._intervals.length; band++) {
      const [y0, y1] = [this._tops[band], this._tops[band + 1]];
      const row = this._intervals[band];
      let x = 0;
      for (let i = 0; i < row.length; i += 2) {
        if (row[i] > x) boxes.push({ x0: x, y0, x1: row[i], y1 });
        x = row[i + 1];
      }
      if (x < this.width) boxes.push({ x0: x, y0, x1: this.width, y1 });
    }
    return boxes;
  }
}

/** @param {Box[]} boxes @returns {number[]} */
function merged(boxes) {
  /** @type {number[]} */
  const row = [];
  for (const box of [...boxes].sort((a, b) => a.x0 - b.x0)) {
    if (box.x1 <= box.x0) continue;
    const last = row.length - 1;
    if (last > 0 && box.x0 <= row[last]) row[last] = Math.max(row[last], box.x1);
    else row.push(box.x0, box.x1);
  }
  return row;
}
