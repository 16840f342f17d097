import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */

/** Moves the image. The pointer's own movement is handled with the view; the keyboard's cursor drags. */
export class Pan extends Tool {
  get cursor() {
    return 'grab';
  }

  /** @param {Point} at */
  press(at) {
    this.at = at;
  }

  /** @param {Point} at */
  drag(at) {
    const { view, screen } = this.desk;
    if (!this.at) return;
    view.pan((at.x - this.at.x) * view.scale, (at.y - this.at.y) * view.scale);
    screen.touchAll();
  }

  /** @param {Point} _at */
  release(_at) {
    this.at = null;
  }
}
