import { isHatched, mixed, word } from './colours.js';
import { UNLABELLED } from './painting.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./colours.js').Colour} Colour */

/**
 * Extended labels: a class per pixel (255: none), and the part that it belongs to (0: none). A part is
 * refused as a whole; `keys` are the asked rectangles (row, column, height, width) that it came from.
 * @typedef {{classes: Uint8Array, parts: Uint16Array|Uint32Array,
 *   keys: {part: number, rectangle: number[]}[], refused?: Iterable<number>}} Extended
 */

/** Width of outlines in texels. */
export const EDGE = 2;

/** @type {Colour} */
const WHITE = [255, 255, 255];
/** @type {Colour} */
const BLACK = [0, 0, 0];
/** @type {Colour} */
const GREY = [225, 225, 225];

/**
 * Everything that is coloured per pixel over the picture, in one pass: labels; where there are none,
 * extended labels (stripes) or the prediction (stripes the other way); and borders of superpixels.
 */
export class Composer {
  /** @param {number} height @param {number} width @param {Uint8Array} labels height x width
   * @param {{colour: number[]}[]} classes */
  constructor(height, width, labels, classes) {
    this.height = height;
    this.width = width;
    this.labels = labels;
    this._classes = classes;
    /** @type {Uint8Array|null} */
    this.prediction = null;
    /** @type {Extended|null} */
    this.extended = null;
    /** @type {ReadonlySet<number>} parts of the extended labels that are refused */
    this.refused = new Set();
    /** @type {Uint16Array|Uint32Array|null} ids of superpixels whose borders are shown */
    this.borders = null;
    this.showLabels = true;
    this.outlineOnly = false;
    this.hatched = false;
    /** Words of image data per class. */
    this._fill = new Uint32Array(256);
    this._dark = new Uint32Array(256);
    this._solid = new Uint32Array(256);
    this._faint = new Uint32Array(256);
    this._stripe = new Uint32Array(256);
    this.setOpacity(0.55);
  }

  /** @param {number} opacity 0..1 of labels */
  setOpacity(opacity) {
    for (let id = 0; id < 256; id++) {
      const given = this._classes[id]?.colour;
      const colour = /** @type {Colour} */ (given ?? WHITE);
      this._fill[id] = word(colour, opacity);
      this._dark[id] = word(mixed(colour, BLACK, 0.55), Math.min(1, opacity + 0.2));
      this._solid[id] = word(colour, 1);
      this._faint[id] = word(colour, 0.5 * opacity);
      this._stripe[id] = word(colour, Math.min(1, opacity + 0.3));
    }
    this._fill[UNLABELLED] = 0;
  }

  /**
   * Colours a box of a level. At level n a texel stands for 2^n pixels (below 0: a part of one).
   * @param {Uint32Array} out row by row @param {Box} texels @param {number} level
   */
  compose(out, texels, level) {
    const step = 2 ** level;
    const { width, height, labels, prediction, extended, refused, borders } = this;
    const { showLabels, outlineOnly, hatched } = this;
    const columns = new Int32Array(texels.x1 - texels.x0 + 2 * EDGE);
    for (let i = 0; i < columns.length; i++) {
      columns[i] = Math.min(width - 1, Math.max(0, Math.floor((texels.x0 - EDGE + i) * step)));
    }
    const rowOf = (/** @type {number} */ ty) =>
      Math.min(height - 1, Math.max(0, Math.floor(ty * step))) * width;
    if (showLabels && !outlineOnly && !hatched && !extended && !prediction && !borders) {
      this._plain(out, texels, columns, rowOf);
      return;
    }
    const border = word(WHITE, 0.55);
    const crossed = word(GREY, 0.75);
    let at = 0;
    for (let ty = texels.y0; ty < texels.y1; ty++) {
      const row = rowOf(ty);
      const above = rowOf(ty - EDGE);
      const below = rowOf(ty + EDGE);
      const next = rowOf(ty + 1);
      for (let tx = texels.x0, c = EDGE; tx < texels.x1; tx++, c++) {
        const x = columns[c];
        const i = row + x;
        const label = showLabels ? labels[i] : UNLABELLED;
        let value = 0;
        if (label !== UNLABELLED) {
          if (outlineOnly) {
            const edge =
              labels[row + columns[c - EDGE]] !== label ||
              labels[row + columns[c + EDGE]] !== label ||
              labels[above + x] !== label ||
              labels[below + x] !== label;
            if (edge) value = this._solid[label];
          } else if (hatched && isHatched(label, tx & 7, ty & 7)) value = this._dark[label];
          else value = this._fill[label];
        } else if (extended && extended.parts[i] !== 0 && extended.classes[i] !== UNLABELLED) {
          if (refused.has(extended.parts[i])) {
            value = ((tx + ty) & 7) === 0 || ((tx - ty) & 7) === 0 ? crossed : 0;
          } else {
            const shades = ((tx + ty) & 7) < 3 ? this._stripe : this._faint;
            value = shades[extended.classes[i]];
          }
        } else if (prediction && prediction[i] !== UNLABELLED) {
          value = ((tx - ty) & 7) < 2 ? this._fill[prediction[i]] : this._faint[prediction[i]];
        }
        if (borders) {
          const id = borders[i];
          if (borders[row + columns[c + 1]] !== id || borders[next + x] !== id) value = border;
        }
        out[at++] = value;
      }
    }
  }

  /** Labels alone, for which nothing has to be asked.
   * @param {Uint32Array} out @param {Box} texels @param {Int32Array} columns
   * @param {(ty: number) => number} rowOf */
  _plain(out, texels, columns, rowOf) {
    const { labels, _fill: fill } = this;
    const w = texels.x1 - texels.x0;
    for (let ty = texels.y0, at = 0; ty < texels.y1; ty++) {
      const row = rowOf(ty);
      for (let c = EDGE; c < w + EDGE; c++) out[at++] = fill[labels[row + columns[c]]];
    }
  }
}
