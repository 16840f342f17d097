import { union } from './box.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Emit} Emit */
/** @typedef {import('./cut.js').Barrier} Barrier */

/** A set of pixels within a box. */
export class PixelSet {
  /** @param {Box} limit @param {Uint8Array} mask of the limit, 1 for members
   * @param {number[]} spans y, x0, x1, ... @param {Box} box @param {number} count */
  constructor(limit, mask, spans, box, count) {
    this._limit = limit;
    this._mask = mask;
    this._spans = spans;
    this.box = box;
    this.count = count;
  }

  /** @param {number} x @param {number} y */
  has(x, y) {
    const { x0, y0, x1, y1 } = this._limit;
    if (x < x0 || y < y0 || x >= x1 || y >= y1) return false;
    return this._mask[(y - y0) * (x1 - x0) + x - x0] === 1;
  }

  /** @param {Emit} emit */
  spans(emit) {
    const spans = this._spans;
    for (let i = 0; i < spans.length; i += 3) emit(spans[i], spans[i + 1], spans[i + 2]);
  }
}

/**
 * The pixels of one label that are connected (over edges, not corners) with (x, y).
 * @param {Uint8Array} data class ids, row by row @param {number} width
 * @param {number} x @param {number} y inside of the limit
 * @param {Box} limit nothing outside of it belongs to the set
 * @param {Barrier|null} barrier edges that do not connect
 * @returns {PixelSet}
 */
export function flood(data, width, x, y, limit, barrier) {
  const w = limit.x1 - limit.x0;
  const mask = new Uint8Array(w * (limit.y1 - limit.y0));
  const value = data[y * width + x];
  /** @type {number[]} */
  const spans = [];
  /** @type {Box|null} */
  let box = null;
  let count = 0;
  const free = (/** @type {number} */ px, /** @type {number} */ py) =>
    data[py * width + px] === value && mask[(py - limit.y0) * w + px - limit.x0] === 0;
  const seeds = [x, y];
  while (seeds.length > 0) {
    const row = /** @type {number} */ (seeds.pop());
    let left = /** @type {number} */ (seeds.pop());
    if (!free(left, row)) continue;
    let right = left + 1;
    while (left > limit.x0 && free(left - 1, row) && !barrier?.right(left - 1, row)) left--;
    while (right < limit.x1 && free(right, row) && !barrier?.right(right - 1, row)) right++;
    const start = (row - limit.y0) * w - limit.x0;
    mask.fill(1, start + left, start + right);
    spans.push(row, left, right);
    count += right - left;
    box = union(box, { x0: left, y0: row, x1: right, y1: row + 1 });
    for (const next of [row - 1, row + 1]) {
      if (next < limit.y0 || next >= limit.y1) continue;
      const upper = Math.min(row, next);
      let open = false; // whether the pixel before is a seed's that reaches this one
      for (let at = left; at < right; at++) {
        if (!free(at, next) || barrier?.down(at, upper)) open = false;
        else {
          if (!open) seeds.push(at, next);
          open = !barrier?.right(at, next);
        }
      }
    }
  }
  return new PixelSet(limit, mask, spans, /** @type {Box} */ (box), count);
}
