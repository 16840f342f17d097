import { inside, union } from './box.js';
import { flood } from './flood.js';
import { UNLABELLED } from './painting.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./painting.js').Painting} Painting */

/**
 * A line that cuts what is under it. `edges` are the pixel edges between two writable pixels of one
 * label that the line crosses: 2 * index for the edge to the right neighbour of a pixel, + 1 for that
 * to the one below. `labels` are the labels there when it was drawn.
 * @typedef {{points: ReadonlyArray<Point>, edges: Int32Array, labels: Uint8Array}} Cut
 */

const UNITS = 256; // of a pixel; vertices are at odd units, centres at even ones: never in one row

/**
 * Which edges between the centres of neighbouring pixels a polyline crosses.
 *
 * Two centres are apart if the line from one to the other crosses the polyline. A centre that lies
 * exactly on it counts as on its left. Arithmetic is in whole numbers, so that no gap remains: pixels
 * on the two sides of a line that crosses an area are connected over blocked edges only.
 * @param {ReadonlyArray<Point>} points @param {number} height @param {number} width
 * @param {(x: number, y: number, down: 0|1) => void} each
 */
export function crossedEdges(points, height, width, each) {
  const units = points.map((p) => ({
    x: 2 * Math.round((p.x * UNITS) / 2) + 1,
    y: 2 * Math.round((p.y * UNITS) / 2) + 1,
  }));
  const half = UNITS / 2;
  for (let i = 1; i < units.length; i++) {
    const [a, b] = [units[i - 1], units[i]];
    const [dx, dy] = [b.x - a.x, b.y - a.y];
    const rows = between(a.y, b.y, height);
    for (let y = rows[0]; y <= rows[1]; y++) {
      // In units of 1 / dy: the line is at x = a.x + dx * (cy - a.y) / dy.
      const at = (dx * (y * UNITS + half - a.y)) / dy + a.x - half;
      const x = dy > 0 ? Math.floor(at / UNITS) : Math.ceil(at / UNITS) - 1;
      if (x >= 0 && x + 1 < width) each(x, y, 0);
    }
    const columns = between(a.x, b.x, width);
    for (let x = columns[0]; x <= columns[1]; x++) {
      const at = (dy * (x * UNITS + half - a.x)) / dx + a.y - half;
      const y = dx > 0 ? Math.ceil(at / UNITS) - 1 : Math.floor(at / UNITS);
      if (y >= 0 && y + 1 < height) each(x, y, 1);
    }
  }
}

/** First and last pixel whose centre lies between two places in units; none: [0, -1].
 * @param {number} a @param {number} b @param {number} size @returns {[number, number]} */
function between(a, b, size) {
  const half = UNITS / 2;
  const first = Math.max(0, Math.ceil((Math.min(a, b) - half) / UNITS));
  const last = Math.min(size - 1, Math.floor((Math.max(a, b) - half) / UNITS));
  return first <= last ? [first, last] : [0, -1];
}

/** The cut that a polyline makes in what is painted. @param {ReadonlyArray<Point>} points
 * @param {Painting} painting @returns {Cut} */
export function makeCut(points, painting) {
  const { data, width, height } = painting;
  /** @type {number[]} */
  const edges = [];
  /** @type {number[]} */
  const labels = [];
  crossedEdges(points, height, width, (x, y, down) => {
    const p = y * width + x;
    if (data[p] !== data[p + (down ? width : 1)]) return;
    if (!painting.canWrite(x, y) || !painting.canWrite(x + 1 - down, y + down)) return;
    edges.push(2 * p + down);
    labels.push(data[p]);
  });
  return { points, edges: Int32Array.from(edges), labels: Uint8Array.from(labels) };
}

/** The two pixels of an edge. @param {number} edge @param {number} width @returns {[number, number]} */
function ends(edge, width) {
  const p = edge >> 1;
  return [p, p + (edge & 1 ? width : 1)];
}

/**
 * Whether a cut still has something to keep apart: two pixels that both have the label that they had,
 * or one of two that had none.
 * @param {Cut} cut @param {Uint8Array} data @param {number} width
 */
export function isOpen(cut, data, width) {
  return cut.edges.some((edge, i) => {
    const [p, q] = ends(edge, width);
    const was = cut.labels[i];
    if (data[p] === was && data[q] === was) return true;
    return was === UNLABELLED && (data[p] === was || data[q] === was);
  });
}

/** Edges that do not connect: a bit field over the box that all cuts lie in. */
export class Barrier {
  /** @param {ReadonlyArray<Cut>} cuts @param {number} width of the image */
  constructor(cuts, width) {
    /** @type {Box|null} */
    let box = null;
    for (const { edges } of cuts) {
      for (const edge of edges) {
        const y = Math.floor((edge >> 1) / width);
        const x = (edge >> 1) - y * width;
        box = union(box, { x0: x, y0: y, x1: x + 1, y1: y + 1 });
      }
    }
    this._box = box ?? { x0: 0, y0: 0, x1: 0, y1: 0 };
    this._w = this._box.x1 - this._box.x0;
    this._bits = new Uint8Array(this._w * (this._box.y1 - this._box.y0));
    for (const { edges } of cuts) {
      for (const edge of edges) {
        const y = Math.floor((edge >> 1) / width);
        this._bits[this._at((edge >> 1) - y * width, y)] |= edge & 1 ? 2 : 1;
      }
    }
  }

  /** @param {number} x @param {number} y @returns {number} -1 outside */
  _at(x, y) {
    const { x0, y0, x1, y1 } = this._box;
    return x < x0 || y < y0 || x >= x1 || y >= y1 ? -1 : (y - y0) * this._w + x - x0;
  }

  /** Whether a pixel is kept apart from its right neighbour. @param {number} x @param {number} y */
  right(x, y) {
    const at = this._at(x, y);
    return at >= 0 && (this._bits[at] & 1) !== 0;
  }

  /** Whether a pixel is kept apart from the one below. @param {number} x @param {number} y */
  down(x, y) {
    const at = this._at(x, y);
    return at >= 0 && (this._bits[at] & 2) !== 0;
  }
}

/**
 * Whether a cut parts an area: some edge has its two pixels in different parts.
 * @param {Cut} cut @param {Painting} painting
 * @param {(at: Point) => Box} limitAt what the area at a place is limited to
 */
export function separates(cut, painting, limitAt) {
  const { data, width } = painting;
  const barrier = new Barrier([cut], width);
  /** @type {import('./flood.js').PixelSet[]} */
  const parts = [];
  for (const edge of cut.edges) {
    const pixels = ends(edge, width).map((p) => ({ x: p % width, y: Math.floor(p / width) }));
    const [p, q] = pixels;
    if (parts.some((part) => part.has(p.x, p.y) !== part.has(q.x, q.y))) return true;
    if (parts.some((part) => part.has(p.x, p.y))) continue;
    const limit = limitAt(p);
    if (!inside(limit, q.x, q.y)) continue;
    const part = flood(data, width, p.x, p.y, limit, barrier);
    if (!part.has(q.x, q.y)) return true;
    parts.push(part);
  }
  return false;
}

/** Whether a pixel set lies at a cut. @param {import('./flood.js').PixelSet} set
 * @param {ReadonlyArray<Cut>} cuts @param {number} width */
export function touches(set, cuts, width) {
  return cuts.some((cut) =>
    cut.edges.some((edge) =>
      ends(edge, width).some((p) => set.has(p % width, Math.floor(p / width))),
    ),
  );
}

/**
 * A polyline whose ends that stop just short of the border of an area are drawn on until they cross it.
 * @param {ReadonlyArray<Point>} points @param {Painting} painting
 * @param {number} reach how far an end may be drawn on, in pixels
 * @returns {Point[]}
 */
export function extended(points, painting, reach) {
  const line = [...points];
  if (line.length < 2) return line;
  line[0] = drawnOn(line[1], line[0], painting, reach);
  const last = line.length - 1;
  line[last] = drawnOn(line[last - 1], line[last], painting, reach);
  return line;
}

/** @param {Point} from @param {Point} end @param {Painting} painting @param {number} reach */
function drawnOn(from, end, painting, reach) {
  const { data, width } = painting;
  const label = (/** @type {number} */ x, /** @type {number} */ y) =>
    painting.canWrite(x, y) ? data[y * width + x] : -1;
  const length = Math.hypot(end.x - from.x, end.y - from.y);
  const here = label(Math.floor(end.x), Math.floor(end.y));
  if (length === 0 || here < 0) return end;
  for (let step = 0.5; step <= reach; step += 0.5) {
    const x = end.x + (step * (end.x - from.x)) / length;
    const y = end.y + (step * (end.y - from.y)) / length;
    if (label(Math.floor(x), Math.floor(y)) !== here) return { x, y };
  }
  return end;
}
