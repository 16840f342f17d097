import { outline } from '../outline.js';
import { outlinePath, strokeTwice, YELLOW } from './drawing.js';
import { Tool } from './tool.js';

/** @typedef {import('../desk.js').Desk} Desk */
/** @typedef {import('../shapes.js').Point} Point */

/** Refuses a part of the extended labels, or takes it again; one step. @param {Desk} desk
 * @param {number} part @param {boolean} refused @param {number} classId @param {Point} at */
export function refuse(desk, part, refused, classId, at) {
  const parts = new Set(desk.painting.marks.refused);
  if (parts.has(part) === refused) return;
  if (refused) parts.add(part);
  else parts.delete(part);
  desk.begin('extended', classId, at);
  desk.mark({ refused: parts });
  desk.end();
  desk.emit('part', { part, refused });
}

/** Accepts or refuses extended labels by a click; shows the rectangles that they came from. */
export class ExtendedTool extends Tool {
  /** @param {Desk} desk */
  constructor(desk) {
    super(desk);
    /** @type {{of: unknown, part: number, segments: number[]}|null} */
    this._shown = null;
  }

  get cursor() {
    return 'pointer';
  }

  /** @param {Point} at */
  _found(at) {
    const { painting } = this.desk;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const inside = x >= 0 && y >= 0 && x < painting.width && y < painting.height;
    return inside ? this.desk.open.extendedAt(x, y) : null;
  }

  /** @param {Point} at */
  press(at) {
    const { desk } = this;
    const found = this._found(at);
    const { extended } = desk.open;
    if (!found || !extended) return;
    const classId = extended.classes[Math.floor(at.y) * desk.painting.width + Math.floor(at.x)];
    refuse(desk, found.part, !found.refused, classId, at);
  }

  leave() {
    super.leave();
    this._shown = null;
  }

  /** @param {CanvasRenderingContext2D} context */
  draw(context) {
    const { desk, at } = this;
    const found = at && this._found(at);
    const { parts } = desk.open;
    if (!found || !parts) return;
    if (this._shown?.of !== parts || this._shown.part !== found.part) {
      const segments = outline(parts.box(found.part), (x, y) => parts.at(x, y) === found.part);
      this._shown = { of: parts, part: found.part, segments };
    }
    strokeTwice(context, outlinePath(desk.view, this._shown.segments), desk.ratio);
    for (const [row, column, height, width] of found.keys) {
      const path = new Path2D();
      const { scale } = desk.view;
      path.rect(desk.view.x(column), desk.view.y(row), width * scale, height * scale);
      strokeTwice(context, path, desk.ratio, YELLOW, [8, 4]);
    }
  }
}
