/**
 * The page as a whole: what is asked, what is open; its parts are told by `panels.render`.
 * @typedef {import('../types.js').Session} Session
 * @typedef {import('../types.js').Queue} Queue
 * @typedef {import('../types.js').Unsent} Unsent
 */
import { Workbench } from '../canvas/workbench.js';
import { byId } from '../parts/dom.js';
import { askConflict, askRefused } from '../parts/kept.js';
import { Over } from '../parts/over.js';
import { announce, toast } from '../parts/toasts.js';
import { Cost } from '../state/cost.js';
import { Loader } from '../state/loader.js';
import { isReturned, news, nextImage } from '../state/queue.js';
import { Saver } from '../state/saver.js';
import { passes } from '../state/trouble.js';
import { showEmpty } from './empty.js';
import { Hands } from './hands.js';
import { Opening } from './opening.js';
import { Panels } from './panels.js';

export class App {
  /** @type {Queue | null} */
  queue = null;
  reached = true;
  /** Whether the server answered that the link is not valid, when it was last not `reached`. */
  refused = false;
  /** @type {'label' | 'review'} */
  mode = 'label';
  /** @type {import('./opening.js').Opened | null} */
  image = null;
  /** @type {Set<string>} finished here, of which the queue may not know yet */
  finished = new Set();
  /** What was finished in this tab. */
  done = { seconds: 0, regions: 0, images: 0 };
  over = new Over();
  cost = new Cost();
  /** @type {import('./finishing.js').Finishing | null} */
  finishing = null;
  /** @type {import('./poll.js').Poll | null} */
  poll = null;

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
    this.bench = new Workbench(byId('canvas'), session.classes);
    this.opening = new Opening(this, tab);
    this.hands = new Hands(this);
    this.panels = new Panels(this);
    this.hands.start();
    this.#listen();
  }

  /** @param {Queue | null} queue null if it has not changed */
  setQueue(queue) {
    if (!this.reached) {
      this.reached = true;
      this.outbox.kick();
    }
    this.opening.retry();
    if (queue !== null) {
      const before = this.queue;
      const text = news(before, queue);
      this.queue = queue;
      for (const image of queue.images) if (isReturned(image)) this.finished.delete(image.key);
      if (before && before.generation !== queue.generation) {
        // What was fetched ahead knows nothing of a model that is new.
        this.loader.keep((key) => this.opening.isUsed(key));
        const open = this.image?.key;
        if (open && !queue.images.some((image) => image.key === open)) this.opening.end(open);
        else this.image?.feed.refresh();
      }
      if (text) toast(text, { kind: 'good' });
      if (this.image !== null) this.fetchAhead(before);
      else if (!this.opening.busy) this.openNext();
    }
    this.panels.render();
  }

  /** @param {'lost' | 'signin'} why */
  setLost(why) {
    const before = this.reached;
    this.reached = false;
    this.refused = why === 'signin';
    const said = this.refused ? 'Your link is not valid any more' : 'The server is not reached';
    if (before) announce(`${said}. What you draw is kept in this browser.`);
    if (why === 'signin' && this.image === null) {
      const text = 'Open the link that `raysal annotate` printed, or ask for one.';
      this.over.show('full', { name: 'lock', title: 'You are not signed in', text });
    }
    this.panels.render();
  }

  /** @param {'label' | 'review'} mode */
  setMode(mode) {
    if (this.mode === mode) return;
    this.opening.leave();
    this.mode = mode;
    this.openNext();
    this.panels.render();
  }

  /** @param {string} key */
  open(key) {
    void this.opening.open(key);
  }

  /** Open what comes next, or say that there is nothing. */
  openNext() {
    const next = this.next();
    if (next !== null) {
      void this.opening.open(next, true);
      return;
    }
    this.opening.leave();
    showEmpty(this);
    this.panels.sharesChanged();
    this.panels.render();
  }

  /** @returns {string | null} key of the image after the open one */
  next() {
    if (this.queue === null) return null;
    const { images, review } = this.queue;
    const at = this.image?.key ?? null;
    if (this.mode === 'review') {
      const left = review.filter(({ key }) => key !== at && !this.finished.has(key));
      return left[0]?.key ?? null;
    }
    if (this.session.readOnly) {
      const place = images.findIndex((image) => image.key === at);
      return images.slice(place + 1).find((image) => image.state !== 'unreadable')?.key ?? null;
    }
    return nextImage(images, at, this.finished)?.key ?? null;
  }

  /**
   * Something was changed that is saved with the image.
   * @param {boolean} drawn whether it was the labels
   */
  changed(drawn = true) {
    if (this.image === null || this.image.mode === 'view') return;
    this.image.edited = true;
    this.finished.delete(this.image.key);
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
    const { key } = record;
    /** @param {() => void} act done if the image is open */
    const then = (act) => () => {
      this.loader.forget(key);
      if (this.image?.key !== key) return;
      this.saver.drop();
      act();
    };
    const again = then(() => this.open(key));
    const next = then(() => {
      this.finished.add(key);
      this.openNext();
    });
    if (record.trouble?.kind === 'over') this.opening.end(key);
    if (record.trouble?.kind === 'conflict') askConflict(this.outbox, record, again);
    else askRefused(this.outbox, record, next);
  }

  /**
   * Fetch what comes next, and drop what is not needed or was changed by somebody else.
   * @param {Queue | null} before the queue that was known when it was fetched; null for this one
   */
  fetchAhead(before) {
    const old = new Map(before?.images.map((image) => [image.key, image]));
    for (const image of before ? (this.queue?.images ?? []) : []) {
      const known = old.get(image.key);
      const same = known?.state === image.state && known?.by === image.by;
      if (!same && !this.opening.isUsed(image.key)) this.loader.forget(image.key);
    }
    const next = this.next();
    this.loader.keep((key) => key === next || this.opening.isUsed(key));
    if (next !== null) void this.loader.ahead(next);
  }

  #listen() {
    this.outbox.addEventListener('state', () => this.panels.renderSaved());
    this.outbox.addEventListener('trouble', (event) => {
      const { record } = /** @type {CustomEvent<{record: Unsent}>} */ (event).detail;
      const text = `${record.imageId} is not saved: ${record.trouble?.why ?? ''}`;
      announce(text);
      if (passes(record.trouble)) return;
      const action = { text: 'Decide', run: () => this.decide(record) };
      if (record.key === this.image?.key) this.decide(record);
      else toast(text, { kind: 'warn', action });
    });
    addEventListener('pagehide', () => {
      this.saver.capture();
      this.opening.lease.give();
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
}
