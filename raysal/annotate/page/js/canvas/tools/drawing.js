import { css, inkOn, isLight } from '../colours.js';

/** @typedef {import('../colours.js').Colour} Colour */
/** @typedef {import('../view.js').View} View */
/** @typedef {import('../shapes.js').Point} Point */

/** @type {Colour} */
export const WHITE = [255, 255, 255];
/** What is in hand or chosen. @type {Colour} */
export const YELLOW = [255, 210, 63];

/**
 * Draws a path twice, wide in black or white and thin in its colour, so that it is seen on any picture.
 * @param {CanvasRenderingContext2D} context @param {Path2D} path @param {number} ratio
 * @param {Colour} colour @param {number[]} dash
 */
export function strokeTwice(context, path, ratio, colour = WHITE, dash = []) {
  context.setLineDash([]);
  context.lineJoin = context.lineCap = 'round';
  context.lineWidth = 4 * ratio;
  context.strokeStyle = isLight(colour) ? 'rgba(0,0,0,0.65)' : 'rgba(255,255,255,0.9)';
  context.stroke(path);
  context.setLineDash(dash.map((length) => length * ratio));
  context.lineWidth = 1.75 * ratio;
  context.strokeStyle = css(colour);
  context.stroke(path);
  context.setLineDash([]);
}

/** Segments of an outline as a path on the screen. @param {View} view @param {number[]} segments */
export function outlinePath(view, segments) {
  const path = new Path2D();
  for (let i = 0; i < segments.length; i += 4) {
    path.moveTo(view.x(segments[i]), view.y(segments[i + 1]));
    path.lineTo(view.x(segments[i + 2]), view.y(segments[i + 3]));
  }
  return path;
}

/** @param {View} view @param {ReadonlyArray<Point>} points */
export function linePath(view, points) {
  const path = new Path2D();
  points.forEach((point, i) => {
    const [x, y] = [view.x(point.x), view.y(point.y)];
    if (i === 0) path.moveTo(x, y);
    else path.lineTo(x, y);
  });
  return path;
}

/** The keyboard's cursor. @param {CanvasRenderingContext2D} context @param {View} view
 * @param {Point} at @param {number} ratio */
export function drawCursor(context, view, at, ratio) {
  const [x, y] = [view.x(at.x), view.y(at.y)];
  const path = new Path2D();
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    path.moveTo(x + 5 * ratio * dx, y + 5 * ratio * dy);
    path.lineTo(x + 16 * ratio * dx, y + 16 * ratio * dy);
  }
  strokeTwice(context, path, ratio, YELLOW);
}

/** The name of a class beside the pointer. @param {CanvasRenderingContext2D} context
 * @param {View} view @param {Point} at @param {number} ratio @param {string} name
 * @param {Colour} colour */
export function drawName(context, view, at, ratio, name, colour) {
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const w = context.measureText(name).width + 12 * ratio;
  const x = view.x(at.x) + 14 * ratio;
  const y = view.y(at.y) + 14 * ratio;
  context.fillStyle = css(colour);
  context.fillRect(x, y, w, 20 * ratio);
  context.fillStyle = inkOn(colour);
  context.fillText(name, x + 6 * ratio, y + 10.5 * ratio);
}
