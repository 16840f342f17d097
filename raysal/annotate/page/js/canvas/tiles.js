import { grow, intersect, union } from './box.js';
import { EDGE } from './compose.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./compose.js').Composer} Composer */
/** @typedef {import('./view.js').View} View */

const SIDE = 256; // texels
const FINEST = -3; // Eight texels per pixel side: patterns and outlines stay fine when zoomed in.

/**
 * A tile: SIDE x SIDE texels of a level, and the texels that are out of date.
 * @typedef {{canvas: OffscreenCanvas, context: OffscreenCanvasRenderingContext2D, level: number,
 *   x: number, y: number, dirty: Box|null, used: number}} Tile
 */

/** Tiles of the coloured labels, made when they are first seen, kept while they are near the view. */
export class Tiles {
  /** @param {Composer} composer */
  constructor(composer) {
    this._composer = composer;
    /** @type {Map<string, Tile>} */
    this._tiles = new Map();
    this._tick = 0;
    this._data = new ImageData(SIDE, SIDE);
    this._words = new Uint32Array(this._data.data.buffer);
  }

  /** The level whose texels are one to two device pixels, or when zoomed out a half to one.
   * @param {number} scale device pixels per pixel */
  static level(scale) {
    const octaves = Math.log2(scale);
    return octaves >= 0 ? Math.max(FINEST, -Math.floor(octaves)) : Math.floor(-octaves);
  }

  /** Pixels of this box have changed. @param {Box} box */
  touch(box) {
    for (const tile of this._tiles.values()) {
      const step = 2 ** tile.level;
      const texels = {
        x0: Math.floor(box.x0 / step) - tile.x * SIDE,
        y0: Math.floor(box.y0 / step) - tile.y * SIDE,
        x1: Math.ceil(box.x1 / step) - tile.x * SIDE,
        y1: Math.ceil(box.y1 / step) - tile.y * SIDE,
      };
      const part = intersect(grow(texels, EDGE), { x0: 0, y0: 0, x1: SIDE, y1: SIDE });
      if (part) tile.dirty = union(tile.dirty, part);
    }
  }

  /** All pixels have changed, or how they are shown. */
  touchAll() {
    this.close();
  }

  /**
   * Draws what of the labels lies in a box of the screen.
   * @param {CanvasRenderingContext2D} context clipped to the box
   * @param {View} view @param {Box} clip device pixels
   */
  draw(context, view, clip) {
    const level = Tiles.level(view.scale);
    const side = SIDE * 2 ** level; // in pixels
    const { width, height } = this._composer;
    const first = view.toImage(clip.x0, clip.y0);
    const last = view.toImage(clip.x1, clip.y1);
    const tx0 = Math.max(0, Math.floor(first.x / side));
    const ty0 = Math.max(0, Math.floor(first.y / side));
    const tx1 = Math.min(Math.ceil(width / side), Math.ceil(last.x / side));
    const ty1 = Math.min(Math.ceil(height / side), Math.ceil(last.y / side));
    this._tick++;
    context.imageSmoothingEnabled = level > 0;
    context.imageSmoothingQuality = 'low';
    for (let ty = ty0; ty < ty1; ty++) {
      for (let tx = tx0; tx < tx1; tx++) {
        const tile = this._tile(level, tx, ty);
        if (tile.dirty) this._refresh(tile);
        const x0 = Math.round(view.x(tx * side));
        const y0 = Math.round(view.y(ty * side));
        const x1 = Math.round(view.x((tx + 1) * side));
        const y1 = Math.round(view.y((ty + 1) * side));
        context.drawImage(tile.canvas, x0, y0, x1 - x0, y1 - y0);
      }
    }
    this._forget(2 * (tx1 - tx0) * (ty1 - ty0) + 64);
  }

  /** @param {number} level @param {number} x @param {number} y @returns {Tile} */
  _tile(level, x, y) {
    const key = `${level}/${x}/${y}`;
    let tile = this._tiles.get(key);
    if (!tile) {
      const canvas = new OffscreenCanvas(SIDE, SIDE);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
      const dirty = { x0: 0, y0: 0, x1: SIDE, y1: SIDE };
      tile = { canvas, context, level, x, y, dirty, used: 0 };
      this._tiles.set(key, tile);
    }
    tile.used = this._tick;
    return tile;
  }

  /** @param {Tile} tile */
  _refresh(tile) {
    const dirty = /** @type {Box} */ (tile.dirty);
    tile.dirty = null;
    const { width, height } = this._composer;
    const step = 2 ** tile.level;
    // Beyond the image a tile stays transparent.
    const image = {
      x0: 0,
      y0: 0,
      x1: Math.ceil(width / step) - tile.x * SIDE,
      y1: Math.ceil(height / step) - tile.y * SIDE,
    };
    const part = intersect(dirty, image);
    if (!part) return;
    const w = part.x1 - part.x0;
    const h = part.y1 - part.y0;
    const whole = w === SIDE && h === SIDE;
    const data = whole ? this._data : new ImageData(w, h);
    const words = whole ? this._words : new Uint32Array(data.data.buffer);
    const [left, top] = [tile.x * SIDE, tile.y * SIDE];
    const texels = { x0: left + part.x0, y0: top + part.y0, x1: left + part.x1, y1: top + part.y1 };
    this._composer.compose(words, texels, tile.level);
    tile.context.putImageData(data, part.x0, part.y0);
  }

  /** Drops the tiles that were not seen for longest. @param {number} keep */
  _forget(keep) {
    if (this._tiles.size <= keep) return;
    const oldest = [...this._tiles].sort((a, b) => a[1].used - b[1].used);
    for (const [key, tile] of oldest.slice(0, this._tiles.size - keep)) {
      if (tile.used === this._tick) break;
      tile.canvas.width = tile.canvas.height = 0;
      this._tiles.delete(key);
    }
  }

  /** Frees all tiles. */
  close() {
    for (const tile of this._tiles.values()) tile.canvas.width = tile.canvas.height = 0;
    this._tiles.clear();
  }
}
