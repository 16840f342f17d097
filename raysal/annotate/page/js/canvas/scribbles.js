import { line } from './shapes.js';

/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./superpixels.js').Superpixels} Superpixels */

/** A scribble: seeds of one class. @typedef {{classId: number, points: ReadonlyArray<Point>}} Stroke */

/** What the last fill painted: the class of each superpixel of a grain.
 * @typedef {{grain: string, classes: ReadonlyMap<number, number>}} Filled */

/**
 * Superpixels that strokes pass, with the class that passes most of their pixels; of equals the later.
 * @param {ReadonlyArray<Stroke>} strokes @param {Superpixels} superpixels
 * @param {(x: number, y: number) => boolean} counts which pixels count
 * @returns {[number, number][]} superpixel, class; ascending superpixels
 */
export function seedsOf(strokes, superpixels, counts) {
  /** @type {Map<number, Map<number, number>>} */
  const votes = new Map();
  for (const { classId, points } of strokes) {
    for (let i = 0; i < points.length; i++) {
      line(points[Math.max(0, i - 1)], points[i], (x, y) => {
        if (!counts(x, y)) return;
        const id = superpixels.at(x, y);
        const of = votes.get(id) ?? new Map();
        votes.set(id, of);
        const n = (of.get(classId) ?? 0) + 1;
        of.delete(classId); // A later stroke comes last in the order of the map.
        of.set(classId, n);
      });
    }
  }
  /** @type {[number, number][]} */
  const seeds = [];
  for (const [id, of] of [...votes].sort((a, b) => a[0] - b[0])) {
    let best = -1;
    for (const [classId, n] of of) if (best < 0 || n >= (of.get(best) ?? 0)) best = classId;
    seeds.push([id, best]);
  }
  return seeds;
}
