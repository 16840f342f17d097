import { capsule } from '../shapes.js';
import { UNLABELLED } from '../painting.js';
import { WHITE } from './drawing.js';
import { SuperpixelFill } from './superpixel.js';

/** @typedef {import('../shapes.js').Point} Point */
/** @typedef {import('../superpixels.js').Superpixels} Superpixels */

/** Makes labels of the prediction, superpixel by superpixel; without superpixels under a brush. */
export class Accept extends SuperpixelFill {
  get name() {
    return 'accept';
  }

  /** @returns {import('../colours.js').Colour} */
  get colour() {
    return WHITE;
  }

  /** @param {Point} at @param {boolean} erase */
  press(at, erase) {
    const { desk } = this;
    const { prediction } = desk.open;
    if (!prediction) {
      desk.notice('There is no prediction of this image yet.');
      return;
    }
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    const inside = desk.canPaint(at);
    this._erase = erase;
    this._classId = inside && !erase ? prediction[y * desk.painting.width + x] : UNLABELLED;
    desk.begin(erase ? 'eraser' : this.name, this._classId, at);
    this.at = at;
    this._fill(at, at);
  }

  /** @param {Point} a @param {Point} b */
  _fill(a, b) {
    const { desk } = this;
    if (desk.superpixels(false)) {
      super._fill(a, b);
      return;
    }
    const { height, width } = desk.painting;
    capsule(a, b, desk.brush / 2, height, width, (y, x0, x1) => this._copy(y, x0, x1));
    desk.touched();
  }

  /** @param {Superpixels} superpixels @param {number} id */
  paint(superpixels, id) {
    superpixels.spans(id, (y, x0, x1) => this._copy(y, x0, x1));
  }

  /** @param {number} y @param {number} x0 @param {number} x1 */
  _copy(y, x0, x1) {
    const { painting, open } = this.desk;
    if (this._erase) painting.span(y, x0, x1, UNLABELLED);
    else if (open.prediction) painting.copy(y, x0, x1, open.prediction, false);
  }
}
