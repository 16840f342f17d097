import { UNLABELLED } from '../painting.js';
import { Tool } from './tool.js';

/** @typedef {import('../shapes.js').Point} Point */

/** Takes the class from the picture: that of the label, else the predicted one. */
export class Pick extends Tool {
  /** @param {Point} at */
  press(at) {
    const { desk } = this;
    const { painting, prediction } = desk.open;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    if (x < 0 || y < 0 || x >= painting.width || y >= painting.height) return;
    const i = y * painting.width + x;
    const label = painting.data[i];
    const classId = label === UNLABELLED && prediction ? prediction[i] : label;
    if (classId === UNLABELLED) {
      desk.notice('There is no label here to take the class from.');
      return;
    }
    desk.classId = classId;
    desk.redraw();
    desk.emit('pick', { classId });
  }
}
