/**
 * Gives the canvas the layers of the open image as soon as they are ready.
 * @typedef {import('../types.js').ImageInfo} ImageInfo
 * @typedef {import('../state/loader.js').Loaded} Loaded
 * @typedef {import('../canvas/workbench.js').Workbench} Workbench
 */
import { GRAINS } from '../state/loader.js';

const POLL_MS = 700;

export class LayerFeed {
  /** @type {Set<string>} layers that the canvas has */
  there = new Set();
  #stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Loaded} loaded
   * @param {Workbench} bench
   * @param {import('../state/loader.js').Loader} loader
   * @param {(name: string | null) => void} changed called with the layer that the canvas now has
   */
  constructor(loaded, bench, loader, changed) {
    this.loaded = loaded;
    this.bench = bench;
    this.loader = loader;
    this.changed = changed;
  }

  async start() {
    try {
      await this.#give();
    } catch (error) {
      console.error('a layer cannot be shown', error); // The picture can be labelled all the same.
    }
    if (!this.#stopped && this.loaded.info.pending.length) {
      this.#timer = setTimeout(() => void this.#ask(), POLL_MS);
    }
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Ask now: the server may have more, such as the predictions of another model. */
  refresh() {
    clearTimeout(this.#timer);
    void this.#ask();
  }

  /**
   * What the panel says of a layer.
   * @param {string} name
   */
  text(name) {
    const { pending, failed, layers } = this.loaded.info;
    if (failed[name]) return failed[name];
    if (pending.includes(name)) return 'being prepared';
    if (name === 'prediction' && layers.prediction) {
      const { model, confidence } = layers.prediction;
      return confidence === null ? model : `${model} · ${Math.round(confidence * 100)} %`;
    }
    return this.there.has(name) ? '' : 'none';
  }

  /**
   * Why a tool that needs a layer cannot be used.
   * @param {string} name
   */
  missing(name) {
    const { pending, failed } = this.loaded.info;
    if (failed[name]) return `There is no ${name}: ${failed[name]}`;
    const coming = pending.includes(name);
    return coming ? `The ${name} is still being prepared` : `There is no ${name} for this image`;
  }

  async #ask() {
    try {
      await this.loader.renew(this.loaded);
    } catch {
      // The server is away: asked again.
    }
    if (!this.#stopped) await this.start();
    this.changed(null);
  }

  async #give() {
    await Promise.all([this.#superpixels(), this.#prediction(), this.#map()]);
  }

  async #superpixels() {
    const about = this.loaded.info.layers.superpixels;
    if (!about || this.there.has('superpixels')) return;
    const data = await Promise.all(
      GRAINS.map((grain) => this.loaded.layers.get(`superpixels/${grain}`)),
    );
    /** @type {Record<string, {labels: Uint32Array, count: number}>} */
    const grains = {};
    for (const [number, grain] of GRAINS.entries()) {
      const bytes = data[number];
      if (bytes) grains[grain] = { labels: new Uint32Array(bytes), count: about[grain].count };
    }
    if (Object.keys(grains).length === GRAINS.length) this.#set('superpixels', grains);
  }

  async #prediction() {
    if (!this.loaded.info.layers.prediction || this.there.has('prediction')) return;
    const bytes = await this.loaded.layers.get('prediction');
    if (bytes) this.#set('prediction', new Uint8Array(bytes));
  }

  async #map() {
    const about = this.loaded.info.layers.map;
    if (!about || this.there.has('map')) return;
    const bytes = await this.loaded.layers.get('map');
    if (bytes) this.#set('map', { size: about.size, data: new Uint8Array(bytes) });
  }

  /**
   * @param {'superpixels' | 'prediction' | 'map'} name
   * @param {any} data
   */
  #set(name, data) {
    if (this.#stopped) return;
    this.bench.setLayer(name, data);
    this.there.add(name);
    this.changed(name);
  }
}
