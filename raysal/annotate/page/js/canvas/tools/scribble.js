import { css } from '../colours.js';
import { linePath } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */
/** @typedef {import('../scribbles.js').Stroke} Stroke */

const WIDTH = 5; // CSS pixels
const NEAR = 8; // CSS pixels: how near the other button takes a scribble away

/** Draws scribbles: seeds of classes, from which the rest of a region is filled. */
export class Scribble extends Tool {
  /** @param {import('../desk.js').Desk} desk */
  constructor(desk) {
    super(desk);
    /** @type {Point[]|null} the scribble in hand */
    this._points = null;
  }

  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    const { desk } = this;
    this.at = at;
    if (erase) this._remove(at);
    else if (desk.superpixels(true)) this._points = [at];
    desk.redraw();
  }

  /** @param {Point} at */
  drag(at) {
    this.at = at;
    this._points?.push(at);
    this.desk.redraw();
  }

  /** @param {Point} at */
  release(at) {
    const { desk } = this;
    const points = this._points;
    this._points = null;
    if (!points) return;
    if (!points.some((point) => desk.canPaint(point))) {
      desk.notice('Scribbles count inside of what is asked.');
      desk.redraw();
      return;
    }
    desk.begin('scribble', desk.classId, at);
    const stroke = { classId: desk.classId, points };
    this._keep([...desk.painting.marks.scribbles, stroke]);
  }

  cancel() {
    this._points = null;
    super.cancel();
  }

  /** @param {Point} at */
  _remove(at) {
    const { desk } = this;
    const { scribbles } = desk.painting.marks;
    const reach = desk.pixels(NEAR);
    const left = scribbles.filter(
      ({ points }) => !points.some((point) => Math.hypot(point.x - at.x, point.y - at.y) < reach),
    );
    if (left.length === scribbles.length) return;
    desk.begin('scribble', desk.classId, at);
    this._keep(left);
  }

  /** @param {ReadonlyArray<Stroke>} scribbles */
  _keep(scribbles) {
    const { desk } = this;
    desk.mark({ scribbles });
    desk.end();
    desk.emit('scribble', { seeds: scribbles.length });
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk } = this;
    const { ratio } = desk;
    const strokes = [...desk.painting.marks.scribbles];
    if (this._points) strokes.push({ classId: desk.classId, points: this._points });
    context.lineCap = context.lineJoin = 'round';
    for (const { classId, points } of strokes) {
      const path = linePath(desk.view, points.length > 1 ? points : [points[0], points[0]]);
      context.lineWidth = (WIDTH + 3) * ratio;
      context.strokeStyle = 'rgba(255,255,255,0.9)';
      context.stroke(path);
      context.lineWidth = WIDTH * ratio;
      context.strokeStyle = css(desk.colour(classId));
      context.stroke(path);
    }
  }
}
