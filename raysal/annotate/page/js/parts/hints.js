/** One line per tool that says how it works, until the tool was used, or some seconds have passed. */
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

const SHOWN_MS = 15_000;
/** It is read to its end also by those who begin at once. */
const AFTER_USE_MS = 4000;

export class Hints {
  #root = byId('hint');
  #text = el('span');
  /** @type {Record<string, boolean>} */
  #gone = recall('hints', {});
  #tool = '';
  #open = false;
  /** @type {Set<string>} tools whose hints were shown for long enough in this page */
  #passed = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} of the hint that is shown */
  #timer;
  #shown = '';

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
    this.#passed.add(this.#tool);
    this.#gone = { ...this.#gone, [this.#tool]: true };
    remember('hints', this.#gone);
    this.#render();
    byId('canvas').focus();
  }

  /**
   * A tool was used: its hint goes in a moment, for good.
   * @param {string} tool
   */
  used(tool) {
    if (tool !== this.#shown || this.#gone[tool]) return;
    this.#gone = { ...this.#gone, [tool]: true };
    remember('hints', this.#gone);
    this.#goIn(AFTER_USE_MS);
  }

  /** Show all hints again. */
  restore() {
    this.#gone = {};
    this.#passed.clear();
    this.#shown = '';
    remember('hints', this.#gone);
    this.#render();
  }

  /** @param {number} wait milliseconds */
  #goIn(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#passed.add(this.#shown);
      this.#shown = '';
      this.#render();
    }, wait);
  }

  #render() {
    const touch = matchMedia('(pointer: coarse)').matches;
    const hint = (touch && BY_TOUCH[this.#tool]) || HINTS[this.#tool];
    const going = this.#shown === this.#tool; // It is shown, and its time is running.
    const over = this.#passed.has(this.#tool) || (this.#gone[this.#tool] && !going);
    const shown = this.#open && Boolean(hint) && !over;
    this.#root.hidden = !shown;
    if (shown && !going) {
      this.#shown = this.#tool;
      this.#goIn(SHOWN_MS);
    } else if (!shown) {
      this.#shown = '';
      clearTimeout(this.#timer);
    }
    this.#text.textContent = (hint ?? '') + (this.#tool === 'superpixel' && !touch ? FIRST : '');
  }
}
