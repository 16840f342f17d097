import { UNLABELLED } from '../painting.js';
import { capsule } from '../shapes.js';
import { css } from '../colours.js';
import { strokeTwice, WHITE } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */

/** A round brush; as eraser it takes labels away. */
export class Brush extends Tool {
  /** @param {import('../desk.js').Desk} desk @param {boolean} erases */
  constructor(desk, erases) {
    super(desk);
    this._erases = erases;
    this._classId = UNLABELLED;
  }

  get cursor() {
    return 'none';
  }

  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    const { desk } = this;
    const erases = this._erases || erase;
    this._classId = erases ? UNLABELLED : desk.classId;
    desk.begin(erases ? 'eraser' : 'brush', this._classId, at);
    this.at = at;
    this._paint(at, at);
  }

  /** @param {Point} at */
  drag(at) {
    if (!this.desk.isPainting) return;
    this._paint(this.at ?? at, at);
    this.at = at;
  }

  /** @param {Point} _at */
  release(_at) {
    this.desk.end();
  }

  /** @param {Point} a @param {Point} b */
  _paint(a, b) {
    const { desk } = this;
    const { painting } = desk;
    capsule(a, b, desk.brush / 2, painting.height, painting.width, (y, x0, x1) =>
      painting.span(y, x0, x1, this._classId),
    );
    desk.touched();
    desk.redraw();
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, at } = this;
    if (!at) return;
    const path = new Path2D();
    const radius = Math.max(1.5 * desk.ratio, (desk.brush / 2) * desk.view.scale);
    path.arc(desk.view.x(at.x), desk.view.y(at.y), radius, 0, 2 * Math.PI);
    if (!this._erases) {
      context.fillStyle = css(desk.colour(desk.classId), 0.25);
      context.fill(path);
    }
    const colour = this._erases ? WHITE : desk.colour(desk.classId);
    strokeTwice(context, path, desk.ratio, colour, this._erases ? [4, 4] : []);
  }
}
