/**
 * Opens images and leaves them: what belongs to one comes together here.
 * @typedef {import('../types.js').Unsent} Unsent
 * @typedef {import('../state/loader.js').Loaded} Loaded
 *
 * @typedef {object} Opened the open image
 * @property {string} key
 * @property {import('../types.js').ImageInfo} info
 * @property {'label' | 'review' | 'view'} mode
 * @property {boolean} edited since it was opened
 * @property {string} note
 * @property {Uint8Array | null} refused 1 where extended labels are refused
 * @property {LayerFeed} feed
 */
import { Unreachable } from '../api.js';
import { byId } from '../parts/dom.js';
import { announce } from '../parts/toasts.js';
import { passes } from '../state/trouble.js';
import { LayerFeed } from './layer_feed.js';
import { Lease } from './lease.js';

const SLOW_MS = 200;

export class Opening {
  #turn = 0;
  /** @type {string | null} key of the image that is being opened */
  #opening = null;
  /** @type {string | null} key of an image that could not be opened without the server */
  #retry = null;
  /** @type {Set<string>} images that were left, whose leases are given back once they are saved */
  #leased = new Set();

  /**
   * @param {import('./app.js').App} app
   * @param {string} tab id of this tab
   */
  constructor(app, tab) {
    this.app = app;
    const { api, outbox, session } = app;
    this.lease = new Lease(api, tab, session.leaseSeconds, (key, by) => this.#leaseLost(key, by));
    outbox.addEventListener('saved', (event) => {
      const { record } = /** @type {CustomEvent<{record: Unsent}>} */ (event).detail;
      if (this.isUsed(record.key)) return;
      app.loader.forget(record.key);
      const left = this.#leased.delete(record.key) && !outbox.unsentOf(record.key);
      if (left) void this.lease.release(record.key);
    });
  }

  /** Whether an image is being opened. */
  get busy() {
    return this.#opening !== null;
  }

  /**
   * Whether an image is open, or is being opened.
   * @param {string} key
   */
  isUsed(key) {
    return key === this.app.image?.key || key === this.#opening;
  }

  /** The server is there: what could not be opened without it is tried again. */
  retry() {
    if (this.#retry !== null) void this.open(this.#retry);
  }

  /**
   * @param {string} key
   * @param {boolean} next whether any other image would do as well, if somebody has this one
   */
  async open(key, next = false) {
    const { app } = this;
    const turn = ++this.#turn;
    this.leave();
    this.#opening = key;
    this.#retry = null;
    this.#leased.delete(key);
    const wait = () => app.over.show('quiet', { title: 'Opening', wait: true });
    const slow = setTimeout(wait, SLOW_MS);
    const unsent = app.outbox.unsentOf(key);
    const mode = this.#modeOf(key);
    const generation = app.queue?.generation;
    try {
      // Almost always the image is free: it is shown while the server is being asked.
      const taken = mode === 'view' ? null : this.lease.take(key);
      const loaded = await app.loader.get(key);
      if (turn !== this.#turn) return;
      await this.#show(loaded, mode, unsent, turn);
      if (turn !== this.#turn) return;
      clearTimeout(slow);
      app.over.clear();
      if (app.queue?.generation !== generation) app.image?.feed.refresh();
      app.finishing?.opened();
      app.panels.render();
      const by = await taken;
      if (by === null || turn !== this.#turn) return;
      if (next && mode === 'label' && !app.image?.edited) {
        this.#passOver(key, by);
        return;
      }
      app.saver.track(null);
      app.image?.feed.stop();
      await this.#show(loaded, 'view', app.outbox.unsentOf(key) ?? unsent, turn);
      this.#leaseLost(key, by);
    } catch (error) {
      if (turn === this.#turn) this.#failed(key, error);
    } finally {
      clearTimeout(slow);
      if (turn === this.#turn) this.#opening = null;
    }
    app.panels.render();
  }

  /**
   * Somebody has taken an image since the queue was asked for.
   * @param {string} key
   * @param {string} by
   */
  #passOver(key, by) {
    const { app } = this;
    const item = app.queue?.images.find((image) => image.key === key);
    if (item) Object.assign(item, { leasedBy: by, forYou: false });
    app.openNext();
  }

  /** Leave the open image: what was drawn is saved. */
  leave() {
    const { app } = this;
    app.saver.track(null);
    if (app.image === null) {
      this.lease.give();
      return;
    }
    // Each save takes the lease again: so it is given back after the last one.
    if (app.outbox.unsentOf(app.image.key)) {
      this.lease.drop();
      this.#leased.add(app.image.key);
    } else {
      this.lease.give();
    }
    app.image.feed.stop();
    if (app.image.edited) app.loader.forget(app.image.key);
    app.image = null;
    app.finishing?.left();
    app.bench.close();
    delete byId('canvas').dataset.key;
  }

  /**
   * An image is not asked for any more: if it is open, it can only be looked at from now on. What was
   * drawn in it stays until the annotator decides.
   * @param {string} key
   */
  end(key) {
    const { app } = this;
    const { image } = app;
    if (image?.key !== key || image.mode === 'view') return;
    app.saver.track(null);
    this.lease.drop();
    image.mode = 'view';
    image.feed.stop();
    app.finishing?.left();
    app.bench.readOnly = true;
    app.hands.opened();
    const drawn = app.outbox.unsentOf(key) !== null;
    app.over.show('bar', {
      name: 'lock',
      title: 'This image is not asked for any more',
      text: drawn
        ? 'The run has gone on. What you have drawn is kept in this browser; it may only be looked at.'
        : 'The run has gone on. It may only be looked at.',
      actions: [
        ...(drawn ? [{ text: 'Decide on the drawing', run: () => this.#decide(key) }] : []),
        { text: 'Next image', run: () => app.openNext(), primary: true },
      ],
    });
    announce('This image is not asked for any more.');
    app.panels.render();
  }

  /** @param {string} key */
  #decide(key) {
    const record = this.app.outbox.unsentOf(key);
    if (record !== null) this.app.decide(record);
  }

  /**
   * @param {string} key
   * @returns {Opened['mode']}
   */
  #modeOf(key) {
    const { mode, queue, session } = this.app;
    if (session.readOnly) return 'view';
    if (mode === 'review') return 'review';
    const image = queue?.images.find((candidate) => candidate.key === key);
    if (image === undefined || image.forYou || image.yours) return 'label';
    return image.state === 'open' || image.state === 'draft' ? 'label' : 'view';
  }

  /**
   * @param {Loaded} loaded
   * @param {Opened['mode']} mode
   * @param {Unsent | null} unsent drawn here, but not confirmed by the server
   * @param {number} turn
   */
  async #show(loaded, mode, unsent, turn) {
    const { app } = this;
    const { info, picture } = loaded;
    const { key } = info;
    const raster = unsent?.raster ?? loaded.raster;
    await app.bench.open({
      size: info.size,
      picture,
      raster: raster?.slice() ?? null,
      rectangles: info.rectangles,
      whole: info.whole,
      readOnly: mode === 'view',
    });
    if (turn !== this.#turn) return;
    app.cost.load(unsent?.head.work ?? info.answer?.work ?? []);
    const feed = new LayerFeed(loaded, app.bench, app.loader, (name) => app.panels.layer(name));
    const refused = unsent ? unsent.refused : loaded.refused;
    // The note of one that was sent back is the reviewer's.
    const own = mode === 'label' && !info.answer?.reviewer ? info.answer?.note : '';
    const note = unsent?.head.note ?? own ?? '';
    app.image = { key, info, mode, edited: false, note, refused, feed };
    if (mode !== 'view') app.saver.track(this.#tracked(app.image));
    app.panels.opened();
    void feed.start().then(() => app.image?.key === key && app.fetchAhead(null));
    if (unsent && !passes(unsent.trouble)) app.decide(unsent);
  }

  /**
   * @param {Opened} image
   * @returns {import('../state/saver.js').OpenImage}
   */
  #tracked(image) {
    const { bench, cost } = this.app;
    const { key, info } = image;
    return {
      key,
      imageId: info.id,
      size: info.size,
      version: info.answer?.version ?? 0,
      head: () => {
        cost.active();
        return { ...cost.totals, work: cost.work, note: image.note };
      },
      raster: () => bench.raster,
      refused: () => image.refused,
    };
  }

  /**
   * @param {string} key
   * @param {unknown} error
   */
  #failed(key, error) {
    const { app } = this;
    const lost = error instanceof Unreachable;
    if (lost) this.#retry = key;
    const why = error instanceof Error ? error.message : String(error);
    const skip = () => {
      app.finished.add(key);
      app.openNext();
    };
    app.over.show('full', {
      name: lost ? 'offline' : 'warn',
      title: lost ? 'The server is not reached' : 'This image cannot be opened',
      text: lost ? 'It is tried again by itself. Is `raysal annotate` running?' : why,
      actions: [
        { text: 'Try again', run: () => void this.open(key) },
        ...(lost ? [] : [{ text: 'Next image', run: skip, primary: true }]),
      ],
    });
  }

  /**
   * @param {string} key
   * @param {string} by
   */
  #leaseLost(key, by) {
    const { app } = this;
    if (app.image && app.image.key !== key) return;
    app.saver.capture();
    app.over.show('bar', {
      name: 'person',
      title: `${by} is on this image`,
      text: app.image?.edited ? 'What you have drawn is kept.' : 'You may look at it.',
      actions: [
        { text: 'Try again', run: () => void this.open(key) },
        { text: 'Next image', run: () => app.openNext(), primary: true },
      ],
    });
  }
}
