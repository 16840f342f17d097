import { extended, makeCut, separates, touches } from '../cut.js';
import { css } from '../colours.js';
import { outline } from '../outline.js';
import { UNLABELLED } from '../painting.js';
import { polygon } from '../shapes.js';
import { areaAt, drawCuts } from './bucket.js';
import { linePath, outlinePath, strokeTwice } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */
/** @typedef {import('../flood.js').PixelSet} PixelSet */

const NEAR = 10; // CSS pixels: how near to a vertex a press takes hold of it
const REACH = 14; // CSS pixels: an end that stops so near to a border is drawn on to it

/**
 * A line of straight pieces. Closed, it fills its inside. Open, it cuts the areas under it into parts;
 * a click into a part then fills it, until no part is left to fill.
 */
export class Line extends Tool {
  /** @param {import('../desk.js').Desk} desk */
  constructor(desk) {
    super(desk);
    /** @type {Point[]} */
    this.points = [];
    /** @type {number|null} the vertex that is dragged */
    this._held = null;
    this._closes = false;
    /** @type {{part: PixelSet|null, segments: number[], cuts: unknown, steps: number, at: Point}|null} */
    this._hovered = null;
  }

  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    this.at = at;
    if (this.points.length === 0 && this._fillPart(at, erase)) return;
    const near = this._vertexAt(at);
    this._closes = near === 0 && this.points.length >= 3;
    if (near === null) this.points.push(at);
    this._held = near ?? this.points.length - 1;
    this._tell();
  }

  /** @param {Point} at */
  drag(at) {
    this.at = at;
    if (this._held === null) return;
    if (this._closes && this._distance(at, this.points[0]) < NEAR / 2) return;
    this._closes = false; // The first vertex is moved, not clicked.
    this.points[this._held] = at;
    this.desk.redraw();
  }

  /** @param {Point} _at */
  release(_at) {
    const closes = this._closes && this._held !== null;
    this._held = null;
    this._closes = false;
    if (closes) this.close();
    this.desk.redraw();
  }

  /** @param {Point} _at */
  double(_at) {
    if (this.points.length < 2) this._reset();
    else this.finish();
  }

  /** Fills the inside. @returns {boolean} whether there was a line */
  close() {
    const { desk, points } = this;
    if (points.length === 0) return false;
    if (points.length < 3) {
      desk.notice('A line that encloses something needs three points.');
      return true;
    }
    const { painting } = desk;
    desk.begin('line', desk.classId, centre(points), points.length + 1);
    polygon(points, painting.height, painting.width, (y, x0, x1) =>
      painting.span(y, x0, x1, desk.classId),
    );
    if (!desk.end()) desk.notice('Nothing inside this line can be changed.');
    this._reset();
    return true;
  }

  /** Cuts what is under the line. @returns {boolean} whether there was a line */
  finish() {
    const { desk, points } = this;
    if (points.length === 0) return false;
    if (points.length < 2) {
      desk.notice('A line that cuts needs two points.');
      return true;
    }
    const { painting } = desk;
    const cut = makeCut(extended(points, painting, desk.pixels(REACH)), painting);
    if (!separates(cut, painting, (at) => desk.limitAt(at))) {
      desk.notice('This line cuts nothing apart: it has to cross an area from border to border.');
      return true;
    }
    desk.begin('line', desk.classId, centre(points), points.length);
    desk.mark({ cuts: [...painting.marks.cuts, cut] });
    desk.end();
    this._reset();
    return true;
  }

  /** Removes the last vertex. @returns {boolean} whether there was one */
  back() {
    if (!this.points.pop()) return false;
    this._held = null;
    this._tell();
    return true;
  }

  /** Drops the line, or if there is none the cuts. @returns {boolean} whether there was something */
  drop() {
    const { desk } = this;
    if (this.points.length > 0) this._reset();
    else if (desk.painting.marks.cuts.length > 0) {
      desk.begin('line', desk.classId, desk.painting.marks.cuts[0].points[0]);
      desk.mark({ cuts: [] });
      desk.end();
      this._tell();
    } else return false;
    return true;
  }

  /** @param {string} key */
  key(key) {
    if (key === 'Enter') return this.finish();
    if (key === 'c' || key === 'C') return this.close();
    if (key === 'Backspace') return this.back();
    return key === 'Escape' ? this.drop() : false;
  }

  cancel() {
    if (this._held !== null && this._held === this.points.length - 1) this.points.pop();
    this._held = null;
    this._closes = false;
    super.cancel();
    this._tell();
  }

  leave() {
    super.leave();
    this._reset();
    this._hovered = null;
  }

  refresh() {
    this._tell();
  }

  _reset() {
    this.points = [];
    this._held = null;
    this._tell();
  }

  _tell() {
    const cut = this.desk.painting.marks.cuts.length > 0;
    this.desk.emit('line', { points: this.points.length, cut });
    this.desk.redraw();
  }

  /** Fills the part of a cut area at a place. @param {Point} at @param {boolean} erase */
  _fillPart(at, erase) {
    const { desk } = this;
    const part = this._partAt(at)?.part;
    if (!part) return false;
    const classId = erase ? UNLABELLED : desk.classId;
    desk.begin(erase ? 'eraser' : 'line', classId, at);
    part.spans((y, x0, x1) => desk.painting.span(y, x0, x1, classId));
    desk.end();
    this._tell();
    return true;
  }

  /** The part of a cut area at a place. @param {Point} at */
  _partAt(at) {
    const { painting } = this.desk;
    const { cuts } = painting.marks;
    if (cuts.length === 0) return null;
    const { steps } = painting.history;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const last = this._hovered;
    if (last && last.cuts === cuts && last.steps === steps) {
      if (last.part ? last.part.has(x, y) : last.at.x === x && last.at.y === y) return last;
    }
    const area = areaAt(this.desk, at);
    const part = area && touches(area, cuts, painting.width) ? area : null;
    const segments = part ? outline(part.box, (px, py) => part.has(px, py)) : [];
    this._hovered = { part, segments, cuts, steps, at: { x, y } };
    return this._hovered;
  }

  /** @param {Point} at @returns {number|null} */
  _vertexAt(at) {
    let best = null;
    let least = NEAR;
    this.points.forEach((point, i) => {
      const distance = this._distance(at, point);
      if (distance < least) [least, best] = [distance, i];
    });
    return best;
  }

  /** In CSS pixels. @param {Point} a @param {Point} b */
  _distance(a, b) {
    return Math.hypot(a.x - b.x, a.y - b.y) / this.desk.pixels(1);
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, points, at } = this;
    const { view, ratio } = desk;
    const colour = desk.colour(desk.classId);
    drawCuts(desk, context);
    if (points.length === 0) {
      const hovered = at && this._partAt(at);
      if (hovered?.part) strokeTwice(context, outlinePath(view, hovered.segments), ratio, colour);
      return;
    }
    const near = at && this._held === null ? this._vertexAt(at) : null;
    const ahead = at && this._held === null && near === null ? [at] : [];
    strokeTwice(context, linePath(view, [...points, ...ahead]), ratio, colour);
    if (points.length >= 2 && at) {
      context.setLineDash([3 * ratio, 5 * ratio]);
      context.strokeStyle = 'rgba(255,255,255,0.5)';
      context.stroke(linePath(view, [ahead[0] ?? points[points.length - 1], points[0]]));
      context.setLineDash([]);
    }
    points.forEach((point, i) => {
      const path = new Path2D();
      const first = i === 0 && points.length >= 3;
      const radius = (i === near ? 6 : first ? 5 : 3.5) * ratio;
      path.arc(view.x(point.x), view.y(point.y), radius, 0, 2 * Math.PI);
      context.fillStyle = i === near ? '#ffd23f' : first ? css(colour) : '#fff';
      context.fill(path);
      strokeTwice(context, path, ratio);
    });
  }
}

/** @param {Point[]} points @returns {Point} */
function centre(points) {
  const sum = points.reduce((a, b) => ({ x: a.x + b.x, y: a.y + b.y }));
  return { x: sum.x / points.length, y: sum.y / points.length };
}
