import { union } from './box.js';
import { History, Packer, TILE, unpack } from './history.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./area.js').Area} Area */

export const UNLABELLED = 255;

/**
 * What an annotator has put beside the labels and can take back like a stroke. Values are never
 * changed, only replaced, so that a step of the history keeps the old and the new one.
 * @typedef {{
 *   cuts: ReadonlyArray<import('./cut.js').Cut>,
 *   scribbles: ReadonlyArray<import('./scribbles.js').Stroke>,
 *   filled: import('./scribbles.js').Filled|null,
 *   refused: ReadonlySet<number>,
 * }} Marks
 */

/** What a step did, for those who count. `region` is null outside of all.
 * @typedef {{tool: string, classId: number, region: number|null, clicks: number}} Deed */

/** @typedef {{box: Box|null, tiles: Box[], deed: Deed|null}} Turned a step taken back or done again */

/** @returns {Marks} */
export function noMarks() {
  return { cuts: [], scribbles: [], filled: null, refused: new Set() };
}

/**
 * The class-id raster of one image, changed in steps.
 *
 * Between `begin` and `commit` every tile that is written to is copied once; `commit` keeps the packed
 * difference of old and new. All writing is limited to what is asked unless `unlocked`, and to `limit`.
 */
export class Painting {
  /**
   * @param {number} height @param {number} width
   * @param {Uint8Array|null} raster height x width class ids, 255 unlabelled; copied
   * @param {Area} area
   */
  constructor(height, width, raster, area) {
    this.height = height;
    this.width = width;
    this.area = area;
    this.data = raster ? raster.slice() : new Uint8Array(height * width).fill(UNLABELLED);
    this.unlocked = false;
    /** @type {Box|null} nothing outside of it is written */
    this.limit = null;
    /** @type {Marks} */
    this.marks = noMarks();
    /** @type {History<{before: Marks, after: Marks, deed: Deed|null}>} */
    this.history = new History();
    /** @type {Map<number, Uint8Array>} tiles as they were when the step began */
    this._before = new Map();
    this._marksBefore = this.marks;
    this._columns = Math.ceil(width / TILE);
    /** @type {Box|null} */
    this._dirty = null;
  }

  begin() {
    this._before.clear();
    this._marksBefore = this.marks;
    this.limit = null;
  }

  /** The columns of a row that may be written: x0, x1, x0, x1, ... @param {number} y */
  writable(y) {
    if (y < 0 || y >= this.height) return [];
    return this.unlocked ? [0, this.width] : this.area.intervals(y);
  }

  /** @param {number} x @param {number} y */
  canWrite(x, y) {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return false;
    return this.unlocked || this.area.contains(x, y);
  }

  /**
   * Calls `each(x0, x1)` with the parts of a span that may be written, after keeping their tiles.
   * @param {number} y @param {number} x0 @param {number} x1
   * @param {(x0: number, x1: number) => void} each
   */
  _parts(y, x0, x1, each) {
    const { limit } = this;
    if (limit) {
      if (y < limit.y0 || y >= limit.y1) return;
      x0 = Math.max(x0, limit.x0);
      x1 = Math.min(x1, limit.x1);
    }
    const row = this.writable(y);
    for (let i = 0; i < row.length; i += 2) {
      const from = Math.max(x0, row[i]);
      const to = Math.min(x1, row[i + 1]);
      if (from >= to) continue;
      this._keep(y, from, to);
      each(from, to);
    }
  }

  /** @param {number} y @param {number} x0 @param {number} x1 */
  _keep(y, x0, x1) {
    const first = Math.floor(y / TILE) * this._columns;
    const last = first + Math.floor((x1 - 1) / TILE);
    for (let tile = first + Math.floor(x0 / TILE); tile <= last; tile++) {
      if (!this._before.has(tile)) this._before.set(tile, this._tile(tile));
    }
    const dirty = this._dirty;
    if (!dirty) this._dirty = { x0, y0: y, x1, y1: y + 1 };
    else {
      if (x0 < dirty.x0) dirty.x0 = x0;
      if (x1 > dirty.x1) dirty.x1 = x1;
      if (y < dirty.y0) dirty.y0 = y;
      if (y >= dirty.y1) dirty.y1 = y + 1;
    }
  }

  /** A copy of a tile, row by row; tiles at the border are smaller. @param {number} tile */
  _tile(tile) {
    const { x0, y0, x1, y1 } = this.boxOf(tile);
    const copy = new Uint8Array((y1 - y0) * (x1 - x0));
    for (let y = y0, at = 0; y < y1; y++, at += x1 - x0) {
      copy.set(this.data.subarray(y * this.width + x0, y * this.width + x1), at);
    }
    return copy;
  }

  /** @param {number} tile @returns {Box} */
  boxOf(tile) {
    const x0 = (tile % this._columns) * TILE;
    const y0 = Math.floor(tile / this._columns) * TILE;
    return { x0, y0, x1: Math.min(x0 + TILE, this.width), y1: Math.min(y0 + TILE, this.height) };
  }

  /** Gives a span of a row one class. @param {number} y @param {number} x0 @param {number} x1
   * @param {number} classId */
  span(y, x0, x1, classId) {
    const row = y * this.width;
    this._parts(y, x0, x1, (from, to) => this.data.fill(classId, row + from, row + to));
  }

  /** Gives those pixels of a span one class for which `when(index)` holds.
   * @param {number} y @param {number} x0 @param {number} x1 @param {number} classId
   * @param {(index: number) => boolean} when */
  spanWhere(y, x0, x1, classId, when) {
    const row = y * this.width;
    this._parts(y, x0, x1, (from, to) => {
      for (let i = row + from; i < row + to; i++) if (when(i)) this.data[i] = classId;
    });
  }

  /** Copies a span from another raster of the same size, where that is labelled.
   * @param {number} y @param {number} x0 @param {number} x1 @param {Uint8Array} source
   * @param {boolean} unlabelledOnly leave what is labelled already */
  copy(y, x0, x1, source, unlabelledOnly) {
    const { data } = this;
    const row = y * this.width;
    this._parts(y, x0, x1, (from, to) => {
      for (let i = row + from; i < row + to; i++) {
        if (unlabelledOnly && data[i] !== UNLABELLED) continue;
        if (source[i] !== UNLABELLED) data[i] = source[i];
      }
    });
  }

  /** What was written since the last call, or null. @returns {Box|null} */
  takeDirty() {
    const dirty = this._dirty;
    this._dirty = null;
    return dirty;
  }

  /** Whether the step in hand differs from what was before it: pixels or marks. */
  get changed() {
    if (this.marks !== this._marksBefore) return true;
    for (const [tile, before] of this._before) {
      const after = this._tile(tile);
      for (let i = 0; i < after.length; i++) if (after[i] !== before[i]) return true;
    }
    return false;
  }

  /** Ends the step. @param {Deed|null} deed
   * @returns {{box: Box|null}|null} null: nothing changed, no step was made */
  commit(deed = null) {
    const packer = new Packer();
    /** @type {Box|null} */
    let box = null;
    for (const tile of [...this._before.keys()].sort((a, b) => a - b)) {
      const before = /** @type {Uint8Array} */ (this._before.get(tile));
      if (packer.tile(tile, before, this._tile(tile))) box = union(box, this.boxOf(tile));
    }
    this._before.clear();
    this.limit = null;
    const note = { before: this._marksBefore, after: this.marks, deed };
    this._marksBefore = this.marks;
    if (!box && note.before === note.after) return null;
    this.history.push(packer.bytes(), box, note);
    return { box };
  }

  /** Takes the step in hand back. @returns {Box|null} what changed on the way */
  rollback() {
    /** @type {Box|null} */
    let box = null;
    for (const [tile, before] of this._before) {
      const at = this.boxOf(tile);
      box = union(box, at);
      const w = at.x1 - at.x0;
      for (let y = at.y0, i = 0; y < at.y1; y++, i += w) {
        this.data.set(before.subarray(i, i + w), y * this.width + at.x0);
      }
    }
    this._before.clear();
    this.limit = null;
    this.marks = this._marksBefore;
    return box;
  }

  /** @returns {Turned|null} null: there is no step to take back */
  undo() {
    const step = this.history.back();
    if (!step) return null;
    this.marks = step.note.before;
    return { box: step.box, tiles: this._apply(step.bytes), deed: step.note.deed };
  }

  /** @returns {Turned|null} null: there is no step to do again */
  redo() {
    const step = this.history.forth();
    if (!step) return null;
    this.marks = step.note.after;
    return { box: step.box, tiles: this._apply(step.bytes), deed: step.note.deed };
  }

  /** @param {Uint8Array} bytes @returns {Box[]} the tiles that changed */
  _apply(bytes) {
    /** @type {Box[]} */
    const tiles = [];
    let last = -1;
    let box = this.boxOf(0);
    unpack(bytes, (tile, start, length, change) => {
      if (tile !== last) tiles.push((box = this.boxOf((last = tile))));
      const w = box.x1 - box.x0;
      let y = Math.floor(start / w);
      let x = start - y * w;
      let at = (box.y0 + y) * this.width + box.x0 + x;
      for (let i = 0; i < length; i++) {
        this.data[at++] ^= change;
        if (++x === w) {
          x = 0;
          y++;
          at += this.width - w;
        }
      }
    });
    return tiles;
  }
}
