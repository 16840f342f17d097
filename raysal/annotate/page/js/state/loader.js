/**
 * Fetches images with all that belongs to them, the next one ahead; what is left behind is dropped.
 *
 * @typedef {import('../types.js').ImageInfo} ImageInfo
 * @typedef {import('../types.js').Grain} Grain
 * @typedef {import('../api.js').Api} Api
 *
 * @typedef {object} Loaded
 * @property {ImageInfo} info
 * @property {Blob} picture
 * @property {Uint8Array | null} raster of the answer to go on with
 * @property {Uint8Array | null} refused
 * @property {Layers} layers
 */
import { ApiError } from '../api.js';

/** @type {readonly Grain[]} */
export const GRAINS = ['coarse', 'medium', 'fine'];

const POLL_MS = 700;

/** The layers of one image, fetched once each. */
export class Layers {
  /** @type {Map<string, Promise<ArrayBuffer | null>>} */
  #fetched = new Map();

  /**
   * @param {Api} api
   * @param {string} key
   * @param {AbortSignal} signal
   */
  constructor(api, key, signal) {
    this.api = api;
    this.key = key;
    this.signal = signal;
  }

  /**
   * @param {string} name such as `prediction` or `superpixels/fine`
   * @returns {Promise<ArrayBuffer | null>} null if it is not there (yet)
   */
  get(name) {
    let data = this.#fetched.get(name);
    if (!data) {
      data = this.api.layer(this.key, name, this.signal).catch(() => null);
      this.#fetched.set(name, data);
      void data.then((bytes) => {
        if (bytes === null) this.#fetched.delete(name); // Asked again when it is ready.
      });
    }
    return data;
  }

  /**
   * Fetch all that an image has.
   * @param {ImageInfo} info
   */
  async fetchAll(info) {
    const { prediction, map, superpixels } = info.layers;
    /** @type {string[]} */
    const names = [];
    if (superpixels) names.push(...GRAINS.map((grain) => `superpixels/${grain}`));
    if (prediction) names.push('prediction');
    if (map) names.push('map');
    await Promise.all(names.map((name) => this.get(name)));
  }
}

export class Loader {
  /** @type {Map<string, {loaded: Promise<Loaded>, stop: AbortController}>} */
  #images = new Map();
  /** @type {{key: string} | null} what is being fetched ahead */
  #ahead = null;

  /**
   * @param {Api} api
   * @param {boolean} looking whether labels are only looked at: those of a run are no answers
   */
  constructor(api, looking = false) {
    this.api = api;
    this.looking = looking;
  }

  /**
   * @param {string} key
   * @returns {Promise<Loaded>}
   */
  get(key) {
    const known = this.#images.get(key);
    if (known) return known.loaded;
    const stop = new AbortController();
    const loaded = this.#load(key, stop.signal);
    this.#images.set(key, { loaded, stop });
    loaded.catch(() => {
      if (this.#images.get(key)?.loaded === loaded) this.#images.delete(key);
    });
    return loaded;
  }

  /**
   * Fetch an image with its layers, those too that are still being prepared.
   * Failures are met again when the image is opened.
   * @param {string} key
   */
  async ahead(key) {
    if (this.#ahead?.key === key) return;
    const own = { key };
    this.#ahead = own;
    try {
      const loaded = await this.get(key);
      for (;;) {
        await loaded.layers.fetchAll(loaded.info);
        if (!loaded.info.pending.length) break;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        if (this.#ahead !== own) return;
        await this.renew(loaded);
      }
    } catch {
      // See above.
    }
    if (this.#ahead === own) this.#ahead = null;
  }

  /**
   * Ask the server again which layers an image has.
   * @param {Loaded} loaded
   */
  async renew({ info }) {
    const { layers, pending, failed } = await this.api.image(info.key);
    Object.assign(info, { layers, pending, failed });
  }

  /**
   * Drop all images but these.
   * @param {(key: string) => boolean} wanted
   */
  keep(wanted) {
    for (const key of this.#images.keys()) if (!wanted(key)) this.forget(key);
  }

  /**
   * Fetch an image anew when it is opened next: what the server has of it has changed.
   * @param {string} key
   */
  forget(key) {
    this.#images.get(key)?.stop.abort();
    this.#images.delete(key);
    if (this.#ahead?.key === key) this.#ahead = null;
  }

  /**
   * @param {string} key
   * @param {AbortSignal} signal
   * @returns {Promise<Loaded>}
   */
  async #load(key, signal) {
    const [info, picture] = await Promise.all([
      this.api.image(key, signal),
      this.api.picture(key, signal),
    ]);
    const [answer, refused] = await Promise.all([
      this.#answer(info, signal),
      info.answer?.refused ? this.api.refused(key, signal) : null,
    ]);
    if (answer && info.answer) info.answer.version = answer.version || info.answer.version;
    const layers = new Layers(this.api, key, signal);
    return { info, picture, raster: answer?.raster ?? null, refused, layers };
  }

  /**
   * @param {ImageInfo} info
   * @param {AbortSignal} signal
   */
  async #answer(info, signal) {
    const there = info.answer ? info.answer.state !== 'unusable' : this.looking;
    if (!there) return null;
    try {
      const answer = await this.api.answer(info.key, signal);
      return answer.raster.length === info.size[0] * info.size[1] ? answer : null;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }
}
