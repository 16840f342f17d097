import { flood } from '../flood.js';
import { outline } from '../outline.js';
import { UNLABELLED } from '../painting.js';
import { capsule } from '../shapes.js';
import { outlinePath, strokeTwice, WHITE, YELLOW } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../box.js').Box} Box */
/** @typedef {import('../shapes.js').Point} Point */
/** @typedef {import('../flood.js').PixelSet} PixelSet */

/** @typedef {{part: PixelSet, classId: number, limit: Box, segments: number[]}} Chosen */

const STILL = 4; // CSS pixels: a press that moves less is a click

/**
 * Chooses what was labelled, by a click, to change it: another class, no label, or another border. A
 * drag that begins inside pushes the border out, one that begins outside pushes it in.
 */
export class Modify extends Tool {
  /** @param {import('../desk.js').Desk} desk */
  constructor(desk) {
    super(desk);
    /** @type {Chosen|null} */
    this.chosen = null;
    /** @type {Point|null} */
    this._start = null;
    /** @type {{classId: number, inner: PixelSet|null}|null} what a drag paints: only within inner */
    this._push = null;
  }

  get cursor() {
    return this.chosen ? 'crosshair' : 'pointer';
  }

  /** @param {Point} at */
  press(at) {
    this._start = this.at = at;
  }

  /** @param {Point} at */
  drag(at) {
    const { desk, chosen, _start: start } = this;
    const from = this.at ?? at;
    if (!start) return;
    if (!this._push) {
      if (!chosen || Math.hypot(at.x - start.x, at.y - start.y) < desk.pixels(STILL)) return;
      const [x, y] = [Math.floor(start.x), Math.floor(start.y)];
      const { data, width, height } = desk.painting;
      const grows = chosen.part.has(x, y);
      const inside = x >= 0 && y >= 0 && x < width && y < height;
      const beside = inside ? data[y * width + x] : UNLABELLED;
      this._push = grows
        ? { classId: chosen.classId, inner: null }
        : { classId: beside, inner: chosen.part };
      desk.begin('modify', this._push.classId, start);
      this._paint(start, from);
    }
    this._paint(from, at);
    this.at = at;
  }

  /** @param {Point} a @param {Point} b */
  _paint(a, b) {
    const { desk, _push: push } = this;
    if (!push) return;
    const { painting } = desk;
    const { width } = painting;
    const { classId, inner } = push;
    capsule(a, b, desk.brush / 2, painting.height, width, (y, x0, x1) => {
      if (!inner) painting.span(y, x0, x1, classId);
      else painting.spanWhere(y, x0, x1, classId, (i) => inner.has(i - y * width, y));
    });
    desk.touched();
    desk.redraw();
  }

  /** @param {Point} at */
  release(at) {
    const pushed = this._push !== null;
    this._push = this._start = null;
    if (pushed) {
      this.desk.end();
      this.refresh();
    } else this._choose(at);
  }

  cancel() {
    this._push = this._start = null;
    super.cancel();
  }

  leave() {
    super.leave();
    this._set(null);
  }

  /** Chooses the area at a place; a second click there lets it go. @param {Point} at */
  _choose(at) {
    const { desk } = this;
    const { data, width } = desk.painting;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const free = !desk.canPaint(at) || data[y * width + x] === UNLABELLED;
    if (free || this.chosen?.part.has(x, y)) this._set(null);
    else this._flood(x, y, desk.limitAt(at));
  }

  /** @param {number} x @param {number} y @param {Box} limit */
  _flood(x, y, limit) {
    const { data, width } = this.desk.painting;
    const part = flood(data, width, x, y, limit, null);
    const segments = outline(part.box, (px, py) => part.has(px, py));
    this._set({ part, classId: data[y * width + x], limit, segments });
  }

  /** @param {Chosen|null} chosen */
  _set(chosen) {
    if (chosen === this.chosen) return;
    this.chosen = chosen;
    const detail = chosen && { classId: chosen.classId, pixels: chosen.part.count };
    this.desk.emit('selection', detail);
    this.desk.redraw();
  }

  /** Finds what is left of the chosen area; if nothing of its class is, what lies there now. */
  refresh() {
    const { chosen } = this;
    if (!chosen) return;
    const { data, width } = this.desk.painting;
    /** @type {number[]|null} */
    let found = null;
    /** @type {number[]|null} */
    let other = null;
    chosen.part.spans((y, x0, x1) => {
      for (let x = x0; x < x1 && !found; x++) {
        const label = data[y * width + x];
        if (label === chosen.classId) found = [x, y];
        else if (label !== UNLABELLED) other ??= [x, y];
      }
    });
    const at = found ?? other;
    if (at) this._flood(at[0], at[1], chosen.limit);
    else this._set(null);
  }

  /** Gives the chosen area another class. @param {number} classId @returns {boolean} */
  change(classId) {
    const { desk, chosen } = this;
    if (!chosen) return false;
    let [x, y] = [0, 0];
    chosen.part.spans((row, x0) => ([x, y] = [x0, row]));
    desk.begin('modify', classId, { x, y });
    chosen.part.spans((row, x0, x1) => desk.painting.span(row, x0, x1, classId));
    const changed = desk.end();
    if (classId === UNLABELLED) this._set(null);
    else this._flood(x, y, chosen.limit);
    return changed;
  }

  /** @param {string} key */
  key(key) {
    if (!this.chosen) return false;
    if (key === 'Delete' || key === 'Backspace') return this.change(UNLABELLED) || true;
    if (key !== 'Escape') return false;
    this._set(null);
    return true;
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, at, chosen } = this;
    if (!chosen) return;
    strokeTwice(context, outlinePath(desk.view, chosen.segments), desk.ratio, YELLOW);
    if (!at) return;
    const path = new Path2D();
    const radius = (desk.brush / 2) * desk.view.scale;
    path.arc(desk.view.x(at.x), desk.view.y(at.y), radius, 0, 2 * Math.PI);
    strokeTwice(context, path, desk.ratio, WHITE, [2, 4]);
  }
}
