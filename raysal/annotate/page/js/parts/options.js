/** The bar above the picture: options of the tool in hand, regions, undo, zoom. */
import { COMMANDS, keysOf } from '../state/keys.js';
import { byId, el, icon, setIcon, setText } from './dom.js';
import { TOOL_NAMES } from './tools.js';

export const BRUSH_MAX = 200;

/**
 * @typedef {object} OptionsState
 * @property {string} tool
 * @property {string} grain
 * @property {number} brush diameter in pixels of the picture
 * @property {boolean} open whether a picture is open
 * @property {boolean} editable
 * @property {boolean} unlocked
 * @property {boolean} whole
 * @property {boolean} hasPrediction
 * @property {number} region
 * @property {number} regions
 * @property {boolean} canUndo
 * @property {boolean} canRedo
 * @property {number} scale screen pixels per pixel of the picture
 * @property {number} line points of the unfinished line
 * @property {boolean} selection whether an area is chosen in `modify`
 */

export class Options {
  #root = byId('options');
  #name = el('span', { class: 'tool-name' });
  #grains = el('span', { class: 'segments', role: 'group', 'aria-label': 'Size of superpixels' });
  #size = /** @type {HTMLInputElement} */ (
    el('input', { type: 'range', min: 0, max: 100, 'aria-label': 'Brush size', class: 'size' })
  );
  #sizeText = el('span', { class: 'size-text quiet' });
  #brush = el('span', { class: 'option-group' }, this.#size, this.#sizeText);
  #scribble = el('span', { class: 'option-group' }, button('fill', 'fill', 'Fill'), button('clear', 'clear'));
  #accept = el(
    'span',
    { class: 'option-group' },
    button('accept-region', '', 'Accept region'),
    button('accept-image', '', 'Accept all'),
  );
  #line = el(
    'span',
    { class: 'option-group' },
    button('line-cut', 'check', 'Cut', 'Cut the area under the line', 'Enter'),
    button('line-close', 'modify', 'Close', 'Close the line and fill it', 'C'),
    button('line-cancel', 'close', '', 'Drop the line', 'Escape'),
  );
  #modify = el(
    'span',
    { class: 'option-group' },
    button('delete-selection', 'clear', 'Remove', 'Remove the labels of the chosen area', 'Delete'),
  );
  #regionText = el('span', { class: 'region-text', 'aria-live': 'polite' });
  #regions = el(
    'span',
    { class: 'option-group', role: 'group', 'aria-label': 'Regions' },
    button('previous-region', 'left'),
    this.#regionText,
    button('next-region', 'right'),
  );
  #lock = button('unlock', 'lock');
  #undo = button('undo', 'undo');
  #redo = button('redo', 'redo');
  #zoomText = el('span', { class: 'zoom-text quiet' });

  /**
   * @param {object} actions
   * @param {(grain: string) => void} actions.setGrain
   * @param {(pixels: number) => void} actions.setBrush
   */
  constructor({ setGrain, setBrush }) {
    for (const grain of ['coarse', 'medium', 'fine']) {
      const chosen = () => setGrain(grain);
      const options = { type: 'button', 'aria-pressed': 'false', data: { grain }, on: { click: chosen } };
      this.#grains.append(
        el('button', options, el('span', { class: `grain ${grain}`, 'aria-hidden': 'true' }), grain),
      );
    }
    this.#size.addEventListener('input', () => setBrush(brushOf(Number(this.#size.value))));
    this.#root.append(
      this.#name,
      this.#grains,
      this.#brush,
      this.#scribble,
      this.#accept,
      this.#line,
      this.#modify,
      el('span', { class: 'grow' }),
      this.#regions,
      this.#lock,
      el('span', { class: 'divider' }),
      this.#undo,
      this.#redo,
      el('span', { class: 'divider' }),
      button('zoom-out', 'minus'),
      this.#zoomText,
      button('zoom-in', 'plus'),
      button('fit', 'fit'),
    );
  }

  /** @param {OptionsState} state */
  render(state) {
    const { tool, editable } = state;
    setText(this.#name, TOOL_NAMES[tool] ?? '');
    this.#grains.hidden = !editable || !['superpixel', 'scribble', 'accept'].includes(tool);
    for (const choice of this.#grains.querySelectorAll('button')) {
      choice.setAttribute('aria-pressed', String(choice.dataset.grain === state.grain));
    }
    this.#brush.hidden = !editable || !['brush', 'eraser'].includes(tool);
    this.#size.value = String(sliderOf(state.brush));
    setText(this.#sizeText, `${Math.round(state.brush)} px`);
    this.#size.setAttribute('aria-valuetext', `${Math.round(state.brush)} pixels`);
    this.#scribble.hidden = !editable || tool !== 'scribble';
    this.#accept.hidden = !editable || tool !== 'accept';
    for (const each of this.#accept.querySelectorAll('button')) each.disabled = !state.hasPrediction;
    this.#line.hidden = !editable || tool !== 'line' || state.line === 0;
    this.#modify.hidden = !editable || tool !== 'modify' || !state.selection;
    this.#regions.hidden = !state.open || state.whole || state.regions === 0;
    setText(this.#regionText, `Region ${state.region + 1} of ${state.regions}`);
    this.#lock.hidden = !editable || state.whole;
    this.#lock.setAttribute('aria-pressed', String(state.unlocked));
    setIcon(this.#lock, state.unlocked ? 'unlock' : 'lock');
    this.#undo.disabled = !state.canUndo;
    this.#redo.disabled = !state.canRedo;
    setText(this.#zoomText, state.open ? `${Math.round(state.scale * 100)} %` : '');
    for (const each of this.#root.querySelectorAll('[data-command^="zoom"], [data-command="fit"]')) {
      /** @type {HTMLButtonElement} */ (each).disabled = !state.open;
    }
  }
}

/** The slider is logarithmic: small brushes matter most. */
const SCALE = Math.log(BRUSH_MAX) / 100;

/** @param {number} value 0..100 */
function brushOf(value) {
  return Math.max(1, Math.round(Math.exp(value * SCALE)));
}

/** @param {number} brush */
function sliderOf(brush) {
  return Math.round(Math.log(Math.max(1, brush)) / SCALE);
}

/**
 * @param {string} command
 * @param {string} name of the icon
 * @param {string} [text]
 * @param {string} [tip] if it is no command with a key of its own
 * @param {string} [keys]
 */
export function button(command, name, text = '', tip = '', keys = '') {
  const known = COMMANDS.find((candidate) => candidate.id === command);
  const says = tip || known?.text || text;
  const data = { command, tip: says, keys: keys || keysOf(command) };
  const options = { type: 'button', class: text ? '' : 'ghost', data, 'aria-label': text ? null : says };
  return el('button', options, name ? icon(name) : null, text);
}
