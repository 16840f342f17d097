/** One line per tool that says how it works, until it is dismissed. */
import { byId, el, icon } from './dom.js';
import { recall, remember } from './memory.js';

/** @type {Record<string, string>} */
const HINTS = {
  superpixel: 'Click an area, or drag over several, to make it the chosen class. Right button erases.',
  brush: 'Paint with the chosen class. [ and ] or Alt and the wheel change the size.',
  eraser: 'Drag over labels to remove them.',
  line: 'Click point by point. Enter cuts the area under the line, C or the first point closes it.',
  bucket: 'Click an area: all that is connected to it gets the chosen class.',
  scribble: 'Draw a short stroke in each class, then press F: the rest follows by itself.',
  pick: 'Click a labelled place to go on with its class.',
  accept: 'Click where the prediction is right. A accepts it in the region, Shift+A everywhere.',
  modify: 'Click an area you have drawn, then choose its new class, or Delete to remove it.',
  pan: 'Drag to move the picture, wheel to zoom. With every tool: hold the space bar and drag.',
};

/** What every new user needs, shown with the first hint. */
const FIRST = ' Number keys change the class, Enter finishes.';

/** @type {Record<string, string>} without a mouse and keys */
const BY_TOUCH = {
  superpixel: 'Tap an area, or drag over several, to make it the chosen class.',
  brush: 'Paint with the chosen class. Two fingers move and zoom.',
  line: 'Tap point by point. “Cut” cuts the area under the line, “Close” fills what it encloses.',
  scribble: 'Draw a short stroke in each class, then “Fill”: the rest follows by itself.',
  pick: 'Tap a labelled place to go on with its class.',
  accept: 'Tap where the prediction is right, or accept the whole region.',
  modify: 'Tap an area you have drawn, then choose its new class, or “Remove”.',
  pan: 'Drag to move the picture, two fingers zoom.',
};

export class Hints {
  #root = byId('hint');
  #text = el('span');
  /** @type {Record<string, boolean>} */
  #gone = recall('hints', {});
  #tool = '';
  #open = false;

  constructor() {
    const close = el(
      'button',
      { type: 'button', class: 'ghost', 'aria-label': 'Do not show this hint again', on: { click: () => this.dismiss() } },
      icon('close', 'small'),
    );
    this.#root.append(this.#text, close);
  }

  /**
   * @param {string} tool in hand
   * @param {boolean} open whether a picture can be drawn on
   */
  show(tool, open) {
    this.#tool = tool;
    this.#open = open;
    this.#render();
  }

  dismiss() {
    this.#gone = { ...this.#gone, [this.#tool]: true };
    remember('hints', this.#gone);
    this.#render();
    byId('canvas').focus();
  }

  /** Show all hints again. */
  restore() {
    this.#gone = {};
    remember('hints', this.#gone);
    this.#render();
  }

  #render() {
    const touch = matchMedia('(pointer: coarse)').matches;
    const hint = (touch && BY_TOUCH[this.#tool]) || HINTS[this.#tool];
    this.#root.hidden = !this.#open || !hint || this.#gone[this.#tool] === true;
    this.#text.textContent = (hint ?? '') + (this.#tool === 'superpixel' && !touch ? FIRST : '');
  }
}
