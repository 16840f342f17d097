import { Area } from './area.js';
import { Composer } from './compose.js';
import { mapColour } from './colours.js';
import { Painting, UNLABELLED } from './painting.js';
import { Superpixels } from './superpixels.js';
import { Tiles } from './tiles.js';
import { drawAsked } from './screen.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./compose.js').Extended} Extended */
/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./screen.js').Screen} Screen */
/** @typedef {import('./view.js').View} View */
/** @typedef {import('./desk.js').Grain} Grain */

/** One image while it is open: its labels, its layers, and how they are drawn. */
export class Session {
  /**
   * @param {Picture} picture @param {Uint8Array|null} raster
   * @param {number[][]} rectangles @param {boolean} whole
   * @param {{name: string, colour: number[]}[]} classes
   */
  constructor(picture, raster, rectangles, whole, classes) {
    const { height, width } = picture;
    this.picture = picture;
    this.area = new Area(height, width, rectangles, whole);
    this.painting = new Painting(height, width, raster, this.area);
    this.composer = new Composer(height, width, this.painting.data, classes);
    this.composer.refused = this.painting.marks.refused;
    this.tiles = new Tiles(this.composer);
    this._classes = classes.length;
    this._outside = this.area.outside();
    /** @type {Map<Grain, Superpixels>} */
    this.superpixels = new Map();
    /** @type {Uint8Array|null} */
    this.prediction = null;
    /** @type {Extended|null} */
    this.extended = null;
    /** @type {Superpixels|null} */
    this._parts = null;
    /** @type {OffscreenCanvas|null} */
    this.map = null;
    /** @type {Float64Array|null} */
    this._shares = null;
  }

  /** Pixels changed. @param {Box} box @param {Screen} screen */
  touch(box, screen) {
    this.tiles.touch(box);
    screen.touch(box);
  }

  /** Marks changed. @param {Screen} screen */
  marked(screen) {
    if (this.composer.refused === this.painting.marks.refused) return;
    this.composer.refused = this.painting.marks.refused;
    this.restyle(screen);
  }

  /** A step ended or was taken back. */
  changed() {
    this._shares = null;
  }

  /** All colours changed. @param {Screen} screen */
  restyle(screen) {
    this.tiles.touchAll();
    screen.touchAll();
  }

  /** @param {Uint8Array|null} prediction class ids, height x width */
  setPrediction(prediction) {
    if (prediction && prediction.length !== this.painting.data.length) {
      throw new RangeError('a prediction of another size');
    }
    this.prediction = prediction;
  }

  /** @param {Record<string, {labels: Uint32Array, count: number}>|null} grains */
  setSuperpixels(grains) {
    this.superpixels.clear();
    const { height, width } = this.picture;
    for (const [grain, { labels, count }] of Object.entries(grains ?? {})) {
      const name = /** @type {Grain} */ (grain);
      this.superpixels.set(name, new Superpixels(height, width, labels, count));
    }
  }

  /** @param {Extended|null} extended */
  setExtended(extended) {
    const n = this.painting.data.length;
    if (extended && (extended.classes.length !== n || extended.parts.length !== n)) {
      throw new RangeError('extended labels of another size');
    }
    this.extended = extended;
    this._parts = null;
    const refused = new Set(extended?.refused ?? []);
    this.painting.marks = { ...this.painting.marks, refused };
    this.composer.refused = refused;
  }

  /** Where the parts of the extended labels lie. @returns {Superpixels|null} */
  get parts() {
    if (!this.extended || this._parts) return this._parts;
    const { parts } = this.extended;
    const { height, width } = this.picture;
    let count = 1;
    for (const part of parts) if (part >= count) count = part + 1;
    this._parts = new Superpixels(height, width, parts, count);
    return this._parts;
  }

  /** The part of the extended labels at an unlabelled pixel, or null.
   * @param {number} x @param {number} y
   * @returns {{part: number, keys: number[][], refused: boolean}|null} */
  extendedAt(x, y) {
    const { extended } = this;
    const i = y * this.painting.width + x;
    if (!extended || extended.parts[i] === 0 || this.painting.data[i] !== UNLABELLED) return null;
    const part = extended.parts[i];
    const keys = extended.keys.filter((key) => key.part === part).map((key) => key.rectangle);
    return { part, keys, refused: this.painting.marks.refused.has(part) };
  }

  /** @param {{size: number[], data: Uint8Array}|null} map */
  setMap(map) {
    this.map = null;
    if (!map) return;
    const [height, width] = map.size;
    if (map.data.length !== height * width) throw new RangeError('a map of another size');
    const image = new ImageData(width, height);
    const colours = Array.from({ length: 256 }, (_, value) => mapColour(value / 255));
    for (let i = 0; i < map.data.length; i++) {
      image.data.set(colours[map.data[i]], 4 * i);
      image.data[4 * i + 3] = 255;
    }
    this.map = new OffscreenCanvas(width, height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (this.map.getContext('2d'));
    context.putImageData(image, 0, 0);
  }

  /**
   * @param {CanvasRenderingContext2D} context @param {View} view @param {Box} clip
   * @param {{picture: boolean, map: boolean, opacity: number, present: number|null, ratio: number, dim: number}} how
   */
  draw(context, view, clip, how) {
    const { height, width } = this.picture;
    if (how.picture) this.picture.draw(context, view, clip);
    if (how.map && this.map) {
      context.globalAlpha = how.opacity;
      context.imageSmoothingEnabled = true;
      const [x, y] = [Math.round(view.x(0)), Math.round(view.y(0))];
      const [right, bottom] = [Math.round(view.x(width)), Math.round(view.y(height))];
      context.drawImage(this.map, x, y, right - x, bottom - y);
      context.globalAlpha = 1;
    }
    this.tiles.draw(context, view, clip);
    drawAsked(context, view, clip, {
      outside: this._outside,
      boxes: this.area.whole ? [] : this.area.boxes,
      present: how.present,
      ratio: how.ratio,
      dim: this.painting.unlocked ? Math.min(how.dim, 0.25) : how.dim,
    });
  }

  /** Share of each class of what is asked or of the image; what is missing to 1 is unlabelled.
   * @param {'asked'|'image'} scope @returns {Float64Array} one per class */
  shares(scope) {
    if (scope === 'asked' && this._shares) return this._shares;
    const { data, width, height } = this.painting;
    const counts = new Float64Array(256);
    let all = 0;
    for (let y = 0; y < height; y++) {
      const row = scope === 'asked' ? this.area.intervals(y) : [0, width];
      for (let i = 0; i < row.length; i += 2) {
        all += row[i + 1] - row[i];
        for (let x = row[i]; x < row[i + 1]; x++) counts[data[y * width + x]]++;
      }
    }
    const shares = counts.slice(0, this._classes).map((n) => (all > 0 ? n / all : 0));
    if (scope === 'asked') this._shares = shares;
    return shares;
  }

  /** Share of a region that has no label; of all that is asked without one.
   * @param {number|null} region */
  unlabelled(region) {
    if (region === null || this.area.whole) {
      return Math.max(0, 1 - this.shares('asked').reduce((sum, share) => sum + share, 0));
    }
    const { data, width } = this.painting;
    const { x0, y0, x1, y1 } = this.area.boxes[region];
    let n = 0;
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) if (data[y * width + x] === UNLABELLED) n++;
    }
    return n / Math.max(1, (y1 - y0) * (x1 - x0));
  }

  close() {
    this.picture.close();
    this.tiles.close();
    if (this.map) this.map.width = this.map.height = 0;
    this.superpixels.clear();
    this.prediction = this.extended = this.map = this._parts = null;
  }
}
