/**
 * Half-open boxes of pixels.
 * @typedef {{x0: number, y0: number, x1: number, y1: number}} Box
 */

/** The smallest box that holds both; either may be null.
 * @param {Box|null} a @param {Box|null} b @returns {Box|null} */
export function union(a, b) {
  if (!a || !b) return a || b;
  return {
    x0: Math.min(a.x0, b.x0),
    y0: Math.min(a.y0, b.y0),
    x1: Math.max(a.x1, b.x1),
    y1: Math.max(a.y1, b.y1),
  };
}

/** What two boxes share, or null.
 * @param {Box} a @param {Box} b @returns {Box|null} */
export function intersect(a, b) {
  const x0 = Math.max(a.x0, b.x0);
  const y0 = Math.max(a.y0, b.y0);
  const x1 = Math.min(a.x1, b.x1);
  const y1 = Math.min(a.y1, b.y1);
  return x0 < x1 && y0 < y1 ? { x0, y0, x1, y1 } : null;
}

/** A box that is larger by n on every side.
 * @param {Box} box @param {number} n @returns {Box} */
export function grow(box, n) {
  return { x0: box.x0 - n, y0: box.y0 - n, x1: box.x1 + n, y1: box.y1 + n };
}

/** @param {Box} box @param {number} x @param {number} y */
export function inside(box, x, y) {
  return x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1;
}
