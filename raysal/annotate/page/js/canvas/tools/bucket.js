import { flood } from '../flood.js';
import { UNLABELLED } from '../painting.js';
import { css } from '../colours.js';
import { linePath, strokeTwice, YELLOW } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../desk.js').Desk} Desk */
/** @typedef {import('../shapes.js').Point} Point */

/** The connected area of one label at a place that may be painted, within its region, up to cuts.
 * @param {Desk} desk @param {Point} at */
export function areaAt(desk, at) {
  const { data, width } = desk.painting;
  if (!desk.canPaint(at)) return null;
  return flood(data, width, Math.floor(at.x), Math.floor(at.y), desk.limitAt(at), desk.barrier);
}

/** Dashed lines where cuts are. @param {Desk} desk @param {CanvasRenderingContext2D} context */
export function drawCuts(desk, context) {
  for (const { points } of desk.painting.marks.cuts) {
    strokeTwice(context, linePath(desk.view, points), desk.ratio, YELLOW, [6, 5]);
  }
}

/** Fills the connected area of one label. */
export class Bucket extends Tool {
  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    const { desk } = this;
    const area = areaAt(desk, at);
    if (!area) return;
    const classId = erase ? UNLABELLED : desk.classId;
    desk.begin(erase ? 'eraser' : 'bucket', classId, at);
    area.spans((y, x0, x1) => desk.painting.span(y, x0, x1, classId));
    desk.end();
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, at } = this;
    drawCuts(desk, context);
    if (!at || !desk.canPaint(at)) return;
    // A drop of the colour beside the pointer shows what a click gives.
    const path = new Path2D();
    const r = desk.ratio;
    path.arc(desk.view.x(at.x) + 12 * r, desk.view.y(at.y) + 12 * r, 5 * r, 0, 2 * Math.PI);
    context.fillStyle = css(desk.colour(desk.classId));
    context.fill(path);
    strokeTwice(context, path, r);
  }
}
