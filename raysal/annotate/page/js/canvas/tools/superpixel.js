import { outline } from '../outline.js';
import { UNLABELLED } from '../painting.js';
import { line } from '../shapes.js';
import { outlinePath, strokeTwice } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */
/** @typedef {import('../superpixels.js').Superpixels} Superpixels */

/** Paints whole superpixels; those that are dragged over follow. */
export class SuperpixelFill extends Tool {
  /** @param {import('../desk.js').Desk} desk */
  constructor(desk) {
    super(desk);
    this._classId = UNLABELLED;
    this._erase = false;
    /** @type {{of: Superpixels, id: number, unlocked: boolean, segments: number[]}|null} */
    this._shown = null;
  }

  /** What steps are called. */
  get name() {
    return 'superpixel';
  }

  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    const { desk } = this;
    if (!desk.superpixels(true)) return;
    this._erase = erase;
    this._classId = erase ? UNLABELLED : desk.classId;
    desk.begin(erase ? 'eraser' : this.name, this._classId, at);
    this.at = at;
    this._fill(at, at);
  }

  /** @param {Point} at */
  drag(at) {
    if (!this.desk.isPainting) return;
    this._fill(this.at ?? at, at);
    this.at = at;
  }

  /** @param {Point} _at */
  release(_at) {
    this.desk.end();
  }

  /** @param {Point} a @param {Point} b */
  _fill(a, b) {
    const { desk } = this;
    const superpixels = desk.superpixels(false);
    if (!superpixels) return;
    const { painting } = desk;
    let last = -1;
    line(a, b, (x, y) => {
      if (x < 0 || y < 0 || x >= painting.width || y >= painting.height) return;
      const id = superpixels.at(x, y);
      if (id === last || !painting.canWrite(x, y)) return;
      last = id;
      this.paint(superpixels, id);
    });
    desk.touched();
    desk.redraw();
  }

  /** @param {Superpixels} superpixels @param {number} id */
  paint(superpixels, id) {
    const { painting } = this.desk;
    superpixels.spans(id, (y, x0, x1) => painting.span(y, x0, x1, this._classId));
  }

  /** Of the outline. @returns {import('../colours.js').Colour} */
  get colour() {
    return this.desk.colour(this.desk.classId);
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, at } = this;
    const superpixels = desk.superpixels(false);
    if (!at || !superpixels || !desk.canPaint(at)) return;
    const id = superpixels.at(Math.floor(at.x), Math.floor(at.y));
    const path = outlinePath(desk.view, this._outline(superpixels, id));
    strokeTwice(context, path, desk.ratio, this.colour);
  }

  /** @param {Superpixels} superpixels @param {number} id */
  _outline(superpixels, id) {
    const { painting } = this.desk;
    const shown = this._shown;
    if (shown && shown.of === superpixels && shown.id === id && shown.unlocked === painting.unlocked) {
      return shown.segments;
    }
    const segments = outline(
      superpixels.box(id),
      (x, y) => superpixels.at(x, y) === id && painting.canWrite(x, y),
    );
    this._shown = { of: superpixels, id, unlocked: painting.unlocked, segments };
    return segments;
  }

  leave() {
    super.leave();
    this._shown = null;
  }
}
