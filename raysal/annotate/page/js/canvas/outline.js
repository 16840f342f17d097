/** @typedef {import('./box.js').Box} Box */

/**
 * The border between the pixels of a set and the rest: segments x0, y0, x1, y1 along pixel edges, in
 * pixels; straight pieces are one segment. First the horizontal ones row by row, then the vertical
 * ones column by column.
 * @param {Box} box holds the whole set
 * @param {(x: number, y: number) => boolean} has false outside of the box
 * @returns {number[]}
 */
export function outline(box, has) {
  /** @type {number[]} */
  const segments = [];
  const set = bitmap(box, has);
  const w = box.x1 - box.x0 + 2;
  const h = box.y1 - box.y0 + 2;
  for (let y = 1; y < h; y++) {
    for (let x = 1; x < w - 1; x++) {
      if (set[y * w + x] === set[(y - 1) * w + x]) continue;
      const start = x;
      while (x < w - 1 && set[y * w + x] !== set[(y - 1) * w + x]) x++;
      const at = box.y0 + y - 1;
      segments.push(box.x0 + start - 1, at, box.x0 + x - 1, at);
    }
  }
  for (let x = 1; x < w; x++) {
    for (let y = 1; y < h - 1; y++) {
      if (set[y * w + x] === set[y * w + x - 1]) continue;
      const start = y;
      while (y < h - 1 && set[y * w + x] !== set[y * w + x - 1]) y++;
      const at = box.x0 + x - 1;
      segments.push(at, box.y0 + start - 1, at, box.y0 + y - 1);
    }
  }
  return segments;
}

/** The set with an empty frame of one pixel. @param {Box} box
 * @param {(x: number, y: number) => boolean} has */
function bitmap(box, has) {
  const w = box.x1 - box.x0 + 2;
  const set = new Uint8Array(w * (box.y1 - box.y0 + 2));
  for (let y = box.y0; y < box.y1; y++) {
    for (let x = box.x0; x < box.x1; x++) {
      if (has(x, y)) set[(y - box.y0 + 1) * w + (x - box.x0 + 1)] = 1;
    }
  }
  return set;
}
