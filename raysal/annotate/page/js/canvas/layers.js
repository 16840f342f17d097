import { mapColour } from './colours.js';
import { Hands } from './hands.js';

/** What of an image is shown, and how. */
export class Layers extends Hands {
  /** @param {HTMLElement} host @param {{name: string, colour: number[]}[]} classes */
  constructor(host, classes) {
    super(host, classes);
    /** Layers that are shown once they are there. */
    this._layers = { labels: true, prediction: true, extended: true, superpixels: false };
    /** @type {'fill'|'outline'} */
    this._style = 'fill';
  }

  /**
   * Gives or, with null, removes a layer: 'prediction' (class ids, height x width), 'map' ({size,
   * data}), 'extended', 'superpixels' ({grain: {labels, count}}).
   * @param {string} name @param {any} data
   */
  setLayer(name, data) {
    const { session } = this._desk;
    if (!session) return;
    if (name === 'map') session.setMap(data);
    else if (name === 'prediction') session.setPrediction(data);
    else if (name === 'extended') session.setExtended(data);
    else if (name === 'superpixels') session.setSuperpixels(data);
    this._restyle();
  }

  /** @param {'picture'|'map'|'labels'|'prediction'|'extended'|'superpixels'} name
   * @param {boolean} on */
  show(name, on) {
    if (name === 'picture' || name === 'map') this._shown[name] = on;
    else this._layers[name] = on;
    this._restyle();
  }

  /** @param {number} opacity of labels and map, 0..1 */
  setOpacity(opacity) {
    this._opacity = Math.min(1, Math.max(0, opacity));
    this._restyle();
  }

  get opacity() {
    return this._opacity;
  }

  /** @param {'fill'|'outline'} style of labels: areas, or their borders only */
  setStyle(style) {
    this._style = style;
    this._restyle();
  }

  get style() {
    return this._style;
  }

  /** Aids for who does not tell colours apart: a pattern per class; names beside the pointer.
   * @param {{hatch?: boolean, names?: boolean}} aids */
  setAids(aids) {
    this._aids = { ...this._aids, ...aids };
    this._restyle();
  }

  _restyle() {
    const { session, grain } = this._desk;
    if (!session) return;
    const { composer } = session;
    composer.showLabels = this._layers.labels;
    composer.prediction = this._layers.prediction ? session.prediction : null;
    composer.extended = this._layers.extended ? session.extended : null;
    composer.borders = this._layers.superpixels
      ? (session.superpixels.get(grain)?.labels ?? null)
      : null;
    composer.outlineOnly = this._style === 'outline';
    composer.hatched = this._aids.hatch;
    composer.setOpacity(this._opacity);
    session.restyle(this._screen);
  }

  /** Colours of the map from low to high. @param {number} steps */
  mapLegend(steps) {
    return Array.from({ length: steps }, (_, i) => mapColour(i / Math.max(1, steps - 1)));
  }
}
