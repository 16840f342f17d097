import { UNLABELLED } from './painting.js';
import { line } from './shapes.js';

/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./superpixels.js').Superpixels} Superpixels */

/** A scribble: seeds of one class. @typedef {{classId: number, points: ReadonlyArray<Point>}} Stroke */

/** What the last fill painted: superpixels of a grain, and the class that each was given.
 * @typedef {{grain: string, ids: Uint32Array, classes: Uint8Array}} Filled */

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

/**
 * Paints a fill into what has no label yet, and over what the fill before it painted; what was painted
 * by hand stays.
 * @param {import('./painting.js').Painting} painting in a step
 * @param {Superpixels} superpixels @param {string} grain
 * @param {ReadonlyArray<ReadonlyArray<number>>} fill superpixel and class id each
 */
export function paintFill(painting, superpixels, grain, fill) {
  const { data, marks } = painting;
  /** @type {Map<number, number>} */
  const last = new Map();
  if (marks.filled?.grain === grain) {
    marks.filled.ids.forEach((id, i) => last.set(id, marks.filled?.classes[i] ?? UNLABELLED));
  }
  for (const [id, classId] of fill) {
    const before = last.get(id) ?? UNLABELLED;
    superpixels.spans(id, (y, x0, x1) =>
      painting.spanWhere(y, x0, x1, classId, (i) => data[i] === UNLABELLED || data[i] === before),
    );
  }
  const ids = Uint32Array.from(fill, (pair) => pair[0]);
  const classes = Uint8Array.from(fill, (pair) => pair[1]);
  painting.marks = { ...marks, filled: { grain, ids, classes } };
}
