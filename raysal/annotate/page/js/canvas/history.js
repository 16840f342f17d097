/** @typedef {import('./box.js').Box} Box */

/** Side of a tile of the history, in pixels. */
export const TILE = 64;

/**
 * The difference of a step: for each changed tile its index, a number of runs, and per run how many
 * pixels to skip, how many to change, and the exclusive-or of old and new label. The same bytes undo
 * and redo, and their number depends on what changed only.
 */
export class Packer {
  constructor() {
    this._bytes = new Uint8Array(256);
    this._used = 0;
  }

  /** @param {number} value */
  _number(value) {
    while (value > 127) {
      this._byte((value & 127) | 128);
      value >>>= 7;
    }
    this._byte(value);
  }

  /** @param {number} value */
  _byte(value) {
    if (this._used === this._bytes.length) {
      const larger = new Uint8Array(2 * this._bytes.length);
      larger.set(this._bytes);
      this._bytes = larger;
    }
    this._bytes[this._used++] = value;
  }

  /**
   * Adds one tile.
   * @param {number} index of the tile @param {Uint8Array} before @param {Uint8Array} after
   * @returns {boolean} whether anything differed
   */
  tile(index, before, after) {
    const n = before.length;
    let runs = 0;
    for (let i = 0, last = 0; i < n; i++) {
      const change = before[i] ^ after[i];
      if (change !== 0 && (i === 0 || change !== last)) runs++;
      last = change;
    }
    if (runs === 0) return false;
    this._number(index);
    this._number(runs);
    let end = 0;
    for (let i = 0; i < n; ) {
      const change = before[i] ^ after[i];
      if (change === 0) {
        i++;
        continue;
      }
      const start = i;
      while (i < n && (before[i] ^ after[i]) === change) i++;
      this._number(start - end);
      this._number(i - start);
      this._byte(change);
      end = i;
    }
    return true;
  }

  /** @returns {Uint8Array} as many bytes as were written */
  bytes() {
    return this._bytes.slice(0, this._used);
  }
}

/**
 * Reads a difference: calls `each(tile, start, length, change)` per run; start counts pixels of the
 * tile, row by row.
 * @param {Uint8Array} bytes
 * @param {(tile: number, start: number, length: number, change: number) => void} each
 */
export function unpack(bytes, each) {
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tile = number();
    let end = 0;
    for (let runs = number(); runs > 0; runs--) {
      const start = end + number();
      const length = number();
      end = start + length;
      each(tile, start, length, bytes[at++]);
    }
  }
}

/**
 * Steps that can be undone, without limit, and those undone that can be done again.
 * @template T what is kept with a step
 */
export class History {
  constructor() {
    /** @type {{bytes: Uint8Array, box: Box|null, note: T}[]} */
    this._steps = [];
    this._done = 0;
  }

  get canUndo() {
    return this._done > 0;
  }

  get canRedo() {
    return this._done < this._steps.length;
  }

  get steps() {
    return this._done;
  }

  /** Bytes of all differences that are kept. */
  get bytes() {
    return this._steps.reduce((sum, step) => sum + step.bytes.length, 0);
  }

  /** Adds a step; those undone before are forgotten.
   * @param {Uint8Array} bytes @param {Box|null} box @param {T} note */
  push(bytes, box, note) {
    this._steps.length = this._done;
    this._steps.push({ bytes, box, note });
    this._done++;
  }

  /** The step to take back, or null. */
  back() {
    return this._done > 0 ? this._steps[--this._done] : null;
  }

  /** The step to do again, or null. */
  forth() {
    return this._done < this._steps.length ? this._steps[this._done++] : null;
  }
}
