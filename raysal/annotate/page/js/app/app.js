/**
 * The page as a whole: what is open, in hand and shown; its parts are told by `render`.
 * @typedef {import('../types.js').Session} Session
 * @typedef {import('../types.js').Queue} Queue
 * @typedef {import('../types.js').Unsent} Unsent
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
import { Workbench } from '../canvas/workbench.js';
import { byId } from '../parts/dom.js';
import { askConflict, askRefused } from '../parts/kept.js';
import { Over } from '../parts/over.js';
import { announce, toast } from '../parts/toasts.js';
import { Cost } from '../state/cost.js';
import { Loader } from '../state/loader.js';
import { count, news, nextImage } from '../state/queue.js';
import { Saver } from '../state/saver.js';
import { LayerFeed } from './layer_feed.js';
import { Lease } from './lease.js';
import { showEmpty } from './empty.js';
import { Panels } from './panels.js';

const SLOW_MS = 200;

export class App {
  /** @type {Queue | null} */
  queue = null;
  reached = true;
  /** @type {'label' | 'review'} */
  mode = 'label';
  /** @type {Opened | null} */
  image = null;
  /** @type {Set<string>} finished here, of which the queue may not know yet */
  finished = new Set();
  /** What was finished in this tab. */
  done = { seconds: 0, regions: 0, images: 0 };
  over = new Over();
  cost = new Cost();
  /** @type {import('./finishing.js').Finishing | null} */
  finishing = null;
  #turn = 0;
  /** @type {string | null} key of the image that is being opened */
  #opening = null;
  /** @type {string | null} key of an image that could not be opened without the server */
  #retry = null;
  /** @type {Set<string>} images that were left, whose leases are given back once they are saved */
  #leased = new Set();

  /**
   * @param {Session} session
   * @param {import('../api.js').Api} api
   * @param {import('../state/outbox.js').Outbox} outbox
   * @param {string} tab id of this tab
   */
  constructor(session, api, outbox, tab) {
    this.session = session;
    this.api = api;
    this.outbox = outbox;
    this.saver = new Saver(outbox, tab);
    this.loader = new Loader(api, session.readOnly);
    this.lease = new Lease(api, tab, session.leaseSeconds, (key, by) => this.#leaseLost(key, by));
    this.bench = new Workbench(byId('canvas'), session.classes);
    this.panels = new Panels(this);
    this.#listen();
  }

  /** @param {Queue | null} queue null if it has not changed */
  setQueue(queue) {
    if (!this.reached) {
      this.reached = true;
      this.outbox.kick();
    }
    if (this.#retry !== null) void this.open(this.#retry);
    if (queue !== null) {
      const before = this.queue;
      const text = news(before, queue);
      this.queue = queue;
      if (before && before.generation !== queue.generation) {
        this.finished.clear();
        this.image?.feed.refresh();
      }
      if (text) toast(text, { kind: 'good' });
      this.#forgetChanged(before, queue);
      if (this.image !== null) this.#fetchAhead();
      else if (this.#opening === null) this.openNext();
    }
    this.panels.render();
  }

  /** @param {'lost' | 'signin'} why */
  setLost(why) {
    const before = this.reached;
    this.reached = false;
    if (before) announce('The server is not reached. What you draw is kept in this browser.');
    if (why === 'signin' && this.image === null) {
      const text = 'Open the link that `raysal annotate` printed, or ask for one.';
      this.over.show('full', { name: 'lock', title: 'You are not signed in', text });
    }
    this.panels.render();
  }

  /** Open what comes next, or say that there is nothing. */
  openNext() {
    const next = this.next();
    if (next !== null) void this.open(next);
    else {
      this.leave();
      showEmpty(this);
      this.panels.sharesChanged();
      this.panels.render();
    }
  }

  /** @returns {string | null} key of the image after the open one */
  next() {
    if (this.queue === null) return null;
    const at = this.image?.key ?? null;
    if (this.mode === 'review') {
      const items = this.queue.review.filter((item) => !this.finished.has(item.key));
      return items.find((item) => item.key !== at)?.key ?? null;
    }
    if (this.session.readOnly) {
      const { images } = this.queue;
      const place = images.findIndex((image) => image.key === at);
      return images.slice(place + 1).find((image) => image.state !== 'unreadable')?.key ?? null;
    }
    return nextImage(this.queue.images, at, this.finished)?.key ?? null;
  }

  /** @param {string} key */
  async open(key) {
    const turn = ++this.#turn;
    this.leave();
    this.#opening = key;
    this.#retry = null;
    this.#leased.delete(key);
    const slow = setTimeout(() => this.over.show('quiet', { title: 'Opening', wait: true }), SLOW_MS);
    const unsent = this.outbox.unsentOf(key);
    const mode = this.#modeOf(key);
    try {
      // Almost always the image is free: it is shown while the server is being asked.
      const taken = mode === 'view' ? null : this.lease.take(key);
      const loaded = await this.loader.get(key);
      if (turn !== this.#turn) return;
      await this.#show(key, loaded, mode, unsent, turn);
      if (turn !== this.#turn) return;
      clearTimeout(slow);
      this.over.clear();
      this.finishing?.opened();
      this.panels.render();
      const by = await taken;
      if (by === null || turn !== this.#turn) return;
      this.saver.track(null);
      this.image?.feed.stop();
      await this.#show(key, loaded, 'view', this.outbox.unsentOf(key) ?? unsent, turn);
      this.#leaseLost(key, by);
    } catch (error) {
      if (turn === this.#turn) this.#failed(key, error);
    } finally {
      clearTimeout(slow);
      if (turn === this.#turn) this.#opening = null;
    }
    this.panels.render();
  }

  /** Leave the open image: what was drawn is saved. */
  leave() {
    this.saver.track(null);
    if (this.image === null) {
      this.lease.give();
      return;
    }
    // Each save takes the lease again: so it is given back after the last one.
    if (this.outbox.unsentOf(this.image.key)) {
      this.lease.drop();
      this.#leased.add(this.image.key);
    } else {
      this.lease.give();
    }
    this.image.feed.stop();
    if (this.image.edited) this.loader.forget(this.image.key);
    this.image = null;
    this.finishing?.left();
    this.bench.close();
    delete byId('canvas').dataset.key;
  }

  /**
   * Something was changed that is saved with the image.
   * @param {boolean} drawn whether it was the labels
   */
  changed(drawn = true) {
    if (this.image === null || this.image.mode === 'view') return;
    this.image.edited = true;
    this.saver.touch();
    this.panels.renderSaved();
    if (drawn) this.panels.sharesChanged();
    this.panels.render();
  }

  /**
   * Let the annotator decide on a drawing that the server did not take.
   * @param {Unsent} record
   */
  decide(record) {
    const again = () => {
      this.loader.forget(record.key);
      if (this.image?.key === record.key) {
        this.saver.drop();
        void this.open(record.key);
      }
    };
    const next = () => {
      this.loader.forget(record.key);
      if (this.image?.key === record.key) {
        this.saver.drop();
        this.finished.add(record.key);
        this.openNext();
      }
    };
    if (record.trouble?.kind === 'conflict') askConflict(this.outbox, record, again);
    else askRefused(this.outbox, record, next);
  }

  /**
   * @param {string} key
   * @returns {Opened['mode']}
   */
  #modeOf(key) {
    if (this.session.readOnly) return 'view';
    if (this.mode === 'review') return 'review';
    const image = this.queue?.images.find((candidate) => candidate.key === key);
    if (image === undefined || image.forYou || image.yours) return 'label';
    return image.state === 'open' || image.state === 'draft' ? 'label' : 'view';
  }

  /**
   * @param {string} key
   * @param {import('../state/loader.js').Loaded} loaded
   * @param {Opened['mode']} mode
   * @param {Unsent | null} unsent drawn here, but not confirmed by the server
   * @param {number} turn
   */
  async #show(key, loaded, mode, unsent, turn) {
    const { info, picture } = loaded;
    const raster = unsent?.raster ?? loaded.raster;
    await this.bench.open({
      size: info.size,
      picture,
      raster: raster?.slice() ?? null,
      rectangles: info.rectangles,
      whole: info.whole,
      readOnly: mode === 'view',
    });
    if (turn !== this.#turn) return;
    this.cost.load(unsent?.head.work ?? info.answer?.work ?? []);
    const feed = new LayerFeed(loaded, this.bench, this.api, (name) => this.panels.layer(name));
    const refused = unsent ? unsent.refused : loaded.refused;
    const note = unsent?.head.note ?? (mode === 'label' ? (info.answer?.note ?? '') : '');
    this.image = { key, info, mode, edited: false, note, refused, feed };
    if (mode !== 'view') this.saver.track(this.#tracked(this.image));
    this.panels.opened();
    void feed.start().then(() => this.image?.key === key && this.#fetchAhead());
    if (unsent?.trouble && ['conflict', 'over', 'refused'].includes(unsent.trouble.kind)) {
      this.decide(unsent);
    }
  }

  /**
   * @param {Opened} image
   * @returns {import('../state/saver.js').OpenImage}
   */
  #tracked(image) {
    const { key, info } = image;
    return {
      key,
      imageId: info.id,
      size: info.size,
      version: info.answer?.version ?? 0,
      head: () => {
        this.cost.active();
        return { ...this.cost.totals, work: this.cost.work, note: image.note };
      },
      raster: () => this.bench.raster,
      refused: () => image.refused,
    };
  }

  /**
   * @param {string} key
   * @param {unknown} error
   */
  #failed(key, error) {
    const lost = error instanceof Unreachable;
    if (lost) this.#retry = key;
    const why = error instanceof Error ? error.message : String(error);
    this.over.show('full', {
      name: lost ? 'offline' : 'warn',
      title: lost ? 'The server is not reached' : 'This image cannot be opened',
      text: lost ? 'It is tried again by itself. Is `raysal annotate` running?' : why,
      actions: [
        { text: 'Try again', run: () => void this.open(key) },
        ...(lost ? [] : [{ text: 'Next image', run: () => this.#skip(key), primary: true }]),
      ],
    });
  }

  /** @param {string} key of an image that cannot be opened */
  #skip(key) {
    this.finished.add(key);
    this.openNext();
  }

  /**
   * @param {string} key
   * @param {string} by
   */
  #leaseLost(key, by) {
    if (this.image && this.image.key !== key) return;
    this.saver.capture();
    this.over.show('bar', {
      name: 'person',
      title: `${by} is on this image`,
      text: this.image?.edited ? 'What you have drawn is kept.' : 'You may look at it.',
      actions: [
        { text: 'Try again', run: () => void this.open(key) },
        { text: 'Next image', run: () => this.openNext(), primary: true },
      ],
    });
  }

  /**
   * Drop what was fetched ahead of images that somebody else has changed since.
   * @param {Queue | null} before
   * @param {Queue} now
   */
  #forgetChanged(before, now) {
    const old = new Map(before?.images.map((image) => [image.key, image]));
    for (const image of now.images) {
      const known = old.get(image.key);
      const same = known && known.state === image.state && known.by === image.by;
      if (!same && !this.#isUsed(image.key)) this.loader.forget(image.key);
    }
  }

  /**
   * Whether an image is open, or is being opened.
   * @param {string} key
   */
  #isUsed(key) {
    return key === this.image?.key || key === this.#opening;
  }

  #fetchAhead() {
    const next = this.next();
    this.loader.keep(this.image?.key, this.#opening, next);
    if (next !== null) void this.loader.ahead(next);
  }

  #listen() {
    this.outbox.addEventListener('state', () => this.panels.renderSaved());
    this.outbox.addEventListener('saved', (event) => {
      const { record } = /** @type {CustomEvent} */ (event).detail;
      if (this.#isUsed(record.key)) return;
      this.loader.forget(record.key);
      const left = this.#leased.delete(record.key) && !this.outbox.unsentOf(record.key);
      if (left) void this.lease.release(record.key);
    });
    this.outbox.addEventListener('trouble', (event) => {
      const { record } = /** @type {CustomEvent<{record: Unsent}>} */ (event).detail;
      const { kind, why } = record.trouble ?? { kind: 'failed', why: '' };
      announce(`${record.imageId} is not saved: ${why}`);
      if (kind === 'conflict' || kind === 'over' || kind === 'refused') {
        if (record.key === this.image?.key) this.decide(record);
        else {
          const action = { text: 'Decide', run: () => this.decide(record) };
          toast(`${record.imageId} is not saved: ${why}`, { kind: 'warn', action });
        }
      }
    });
    addEventListener('pagehide', () => {
      this.saver.capture();
      this.lease.give();
    });
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) return;
      this.saver.capture();
      this.cost.rest();
    });
    addEventListener('beforeunload', (event) => {
      this.saver.capture();
      const { shelfTrouble, unsent } = this.outbox;
      if (shelfTrouble && unsent.length) event.preventDefault();
    });
  }

  /** @returns {string} how much there is to do */
  get left() {
    return count(this.queue?.images.filter((image) => image.forYou).length ?? 0, 'image');
  }
}
