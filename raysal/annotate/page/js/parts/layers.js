/** What is shown above the picture, with the legend of the map. */
import { keysOf } from '../state/keys.js';
import { byId, cssColour, el, icon, setIcon, setText } from './dom.js';
import { button } from './options.js';

/**
 * @typedef {'prediction' | 'map' | 'superpixels' | 'extended'} LayerName
 *
 * @typedef {object} LayerState
 * @property {boolean} there
 * @property {boolean} shown
 * @property {string} text what it is, or why it is not there
 */

/** @type {[LayerName, string][]} */
const LAYERS = [
  ['prediction', 'Prediction'],
  ['map', 'Difficulty'],
  ['superpixels', 'Superpixels'],
  ['extended', 'Extended labels'],
];

export class LayersPanel {
  /** @type {Map<LayerName, HTMLElement>} */
  #rows = new Map();
  #opacity = /** @type {HTMLInputElement} */ (
    el('input', { type: 'range', min: 0, max: 100, value: 55, id: 'opacity' })
  );
  #style = el(
    'span',
    { class: 'segments', role: 'group', 'aria-label': 'Labels as' },
    styleButton('fill', 'filled', 'Filled'),
    styleButton('outline', 'outline', 'Outlined'),
  );
  #legend = el('div', { class: 'legend', hidden: true });
  #accept = el(
    'div',
    { class: 'accept-row', hidden: true },
    button('accept-region', '', 'Accept region'),
    button('accept-image', '', 'Accept all'),
  );

  /**
   * @param {object} actions
   * @param {(name: LayerName) => void} actions.toggle
   * @param {(opacity: number) => void} actions.setOpacity
   * @param {(style: 'fill' | 'outline') => void} actions.setStyle
   */
  constructor({ toggle, setOpacity, setStyle }) {
    const root = byId('layers');
    this.#opacity.addEventListener('input', () => setOpacity(Number(this.#opacity.value) / 100));
    this.#style.addEventListener('click', (event) => {
      const chosen = /** @type {Element} */ (event.target).closest('button')?.dataset.style;
      if (chosen === 'fill' || chosen === 'outline') setStyle(chosen);
    });
    root.append(
      el(
        'div',
        { class: 'label-options' },
        this.#style,
        el('label', { class: 'opacity' }, el('span', { class: 'quiet' }, 'Opacity'), this.#opacity),
      ),
    );
    for (const [name, text] of LAYERS) {
      const row = el(
        'button',
        {
          type: 'button',
          class: 'ghost layer',
          'aria-pressed': 'false',
          data: { layer: name, tip: `Show or hide: ${text.toLowerCase()}`, keys: keysOf(`layer-${name}`) },
          on: { click: () => toggle(name) },
        },
        icon('eye-off'),
        el('span', { class: 'layer-name' }, text),
        el('span', { class: 'layer-text' }),
      );
      this.#rows.set(name, row);
      root.append(row);
      if (name === 'prediction') root.append(this.#accept);
      if (name === 'map') root.append(this.#legend);
    }
  }

  /**
   * @param {Record<LayerName, LayerState>} layers
   * @param {{opacity: number, style: string, mayAccept: boolean, whole: boolean}} options
   */
  render(layers, options) {
    for (const [name, row] of this.#rows) {
      const { there, shown, text } = layers[name];
      /** @type {HTMLButtonElement} */ (row).disabled = !there;
      row.setAttribute('aria-pressed', String(there && shown));
      setIcon(row, there && shown ? 'eye' : 'eye-off');
      const words = /** @type {HTMLElement} */ (row.querySelector('.layer-text'));
      setText(words, text);
      words.title = text;
      row.hidden = name === 'extended' && !there && !text;
    }
    this.#legend.hidden = !(layers.map.there && layers.map.shown);
    this.#accept.hidden = !(options.mayAccept && layers.prediction.there);
    const region = this.#accept.querySelector('button');
    if (region) region.hidden = options.whole;
    this.#opacity.value = String(Math.round(options.opacity * 100));
    for (const each of this.#style.querySelectorAll('button')) {
      each.setAttribute('aria-pressed', String(each.dataset.style === options.style));
    }
  }

  /**
   * @param {string} name of the map
   * @param {number} low
   * @param {number} high
   * @param {number[][]} colours from low to high
   */
  legend(name, low, high, colours) {
    const map = /** @type {HTMLElement} */ (this.#rows.get('map'));
    setText(/** @type {Element} */ (map.querySelector('.layer-name')), capital(name));
    const ramp = el('span', { class: 'ramp', role: 'img', 'aria-label': `${name}, low to high` });
    ramp.style.background = `linear-gradient(to right, ${colours.map(cssColour).join(', ')})`;
    this.#legend.replaceChildren(
      el('span', {}, low.toPrecision(2)),
      ramp,
      el('span', {}, high.toPrecision(2)),
    );
  }
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * @param {string} style
 * @param {string} name
 * @param {string} text
 */
function styleButton(style, name, text) {
  const data = { style, tip: `Labels ${text.toLowerCase()}`, keys: keysOf('outline') };
  return el('button', { type: 'button', 'aria-pressed': 'false', data }, icon(name, 'small'), text);
}
