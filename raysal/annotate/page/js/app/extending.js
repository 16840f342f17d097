/**
 * @typedef {object} Extended
 * @property {import('../types.js').ExtendedPart[]} parts
 * @property {Uint8Array} classes (H*W), 255 none
 * @property {Uint16Array} partOf (H*W), 0 none
 */
/**
 * After the regions of an image are labelled: what their labels would be extended to, to be accepted
 * or refused part by part.
 */
import { Unreachable } from '../api.js';
import { announce, toast } from '../parts/toasts.js';
import { count } from '../state/queue.js';

const POLL_MS = 250;
const SLOW_POLL_MS = 1000;
/** How long is waited for a server that does not say that it works. */
const PATIENCE_MS = 15_000;
const TITLE = 'Looking for what these labels tell of the rest';
const DOES = {
  working: 'The server works on it.',
  calibrating: 'The server first chooses the thresholds of this query. That may take minutes, once.',
  away: 'The server is not reached. It is tried again.',
};

/** Why the server could not extend the labels. */
class Failed extends Error {}
/** What was said of it: what fails for all images of a query interrupts once. @type {Set<string>} */
const said = new Set();

export class Extending {
  #stopped = false;
  /** Whether the labels could not be extended. */
  failed = false;
  /** @type {keyof typeof DOES | null} what is said of the server */
  #waiting = null;
  /** @type {Extended | null} */
  #data = null;
  #onRefusal = () => this.#changed();

  /**
   * @param {import('./app.js').App} app
   * @param {import('./opening.js').Opened} image
   * @param {() => void} goOn
   */
  constructor(app, image, goOn) {
    this.app = app;
    this.image = image;
    this.goOn = goOn;
  }

  /** Whether there is something to be accepted or refused. */
  get shown() {
    return this.#data !== null;
  }

  /** Wait for the server's answer, for as long as it says that it works on it. */
  async start() {
    const began = performance.now();
    let until = began + PATIENCE_MS;
    this.#wait('working');
    /** @type {Extended | null} */
    let data = null;
    while (!this.#stopped && performance.now() < until) {
      try {
        const found = await this.#fetch();
        if (typeof found !== 'string') {
          data = found;
          break;
        }
        if (found !== 'sent') {
          until = performance.now() + PATIENCE_MS;
          this.#wait(found);
        }
      } catch (error) {
        if (error instanceof Failed) {
          this.#fail(error.message);
          return;
        }
        if (!(error instanceof Unreachable)) break; // It does not extend this image.
        this.#wait('away');
      }
      const wait = performance.now() - began < PATIENCE_MS ? POLL_MS : SLOW_POLL_MS;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    if (this.#stopped) return;
    if (data === null || data.parts.length === 0) this.goOn();
    else this.#show(data);
  }

  /** @param {keyof typeof DOES} what the server does */
  #wait(what) {
    if (this.#stopped || this.#waiting === what) return;
    this.#waiting = what;
    const action = { text: 'Go on without', run: () => this.accept(), key: 'Enter' };
    this.app.over.show('bar', { title: TITLE, text: DOES[what], wait: true, actions: [action] });
  }

  /** @param {string} why */
  #fail(why) {
    if (this.#stopped) return;
    this.failed = true;
    const title = 'These labels could not be extended';
    if (said.has(why)) {
      toast(`${title}: ${why}`, { kind: 'warn' });
      this.goOn();
      return;
    }
    said.add(why);
    const text = `${why}. The run tries it again with all labels.`;
    const action = { text: 'Go on without', run: () => this.goOn(), primary: true, key: 'Enter' };
    this.app.over.show('bar', { name: 'warn', title, text, actions: [action] });
    announce(`${title}: ${why}`);
    this.app.panels.render();
  }

  stop() {
    this.#stopped = true;
    this.app.bench.removeEventListener('part', this.#onRefusal);
  }

  /** All that is not refused is accepted. */
  accept() {
    const { app, image } = this;
    const refused = app.bench.refusedParts();
    if (this.#data !== null) {
      const mask = refused.length ? maskOf(this.#data.partOf, refused) : null;
      image.refused = mask;
      const kept = this.#data.parts.length - refused.length;
      toast(`${count(kept, 'area')} taken over${refused.length ? `, ${refused.length} refused` : ''}`);
    }
    this.goOn();
  }

  /**
   * @returns {Promise<Extended | 'sent' | 'calibrating' | 'working'>} the labels are on their way to the
   *   server; the thresholds, or the labels, are being computed
   * @throws {Failed} they could not be computed
   * @throws {Error} there are none
   */
  async #fetch() {
    const { api, outbox } = this.app;
    const { key, info } = this.image;
    if (outbox.unsentOf(key) !== null) return 'sent';
    const now = await api.extended(key);
    const { extended } = now.layers;
    if (now.failed.extended) throw new Failed(now.failed.extended);
    if (now.pending.includes('extended')) return now.calibrating ? 'calibrating' : 'working';
    if (!extended) throw new Error('this image has no extended labels');
    const { version } = extended;
    if (version !== undefined && version !== now.answer?.version) return 'sent';
    const [classes, partOf] = await Promise.all([
      api.layer(key, 'extended'),
      api.layer(key, 'groups'),
    ]);
    const pixels = info.size[0] * info.size[1];
    if (classes?.byteLength !== pixels || partOf?.byteLength !== 2 * pixels) return 'sent';
    const rasters = { classes: new Uint8Array(classes), partOf: new Uint16Array(partOf) };
    return { parts: extended.groups, ...rasters };
  }

  /** @param {Extended} data */
  #show(data) {
    const { app, image } = this;
    this.#data = data;
    app.panels.render();
    const before = image.refused ? mostlyRefused(data.partOf, image.refused) : noParts();
    app.bench.setLayer('extended', {
      classes: data.classes,
      parts: data.partOf,
      keys: data.parts.flatMap(({ part, keys }) => keys.map((rectangle) => ({ part, rectangle }))),
      refused: before,
    });
    image.feed.there.add('extended');
    app.hands.setTool('extended');
    app.bench.fit();
    app.bench.addEventListener('part', this.#onRefusal);
    this.#changed();
  }

  #changed() {
    const { app } = this;
    const parts = this.#data?.parts.length ?? 0;
    const refused = app.bench.refusedParts();
    const kept = parts - refused.length;
    app.over.show('bar', {
      name: 'accept',
      title: `${count(kept, 'area')} of ${parts} would take over your labels`,
      text: 'Click an area to refuse it, or to take it again. Frames show what it resembles.',
      actions: [
        { text: 'Refuse all', run: () => this.#refuseAll() },
        { text: 'Accept and go on', run: () => this.accept(), primary: true, key: 'Enter' },
      ],
    });
  }

  #refuseAll() {
    for (const { part } of this.#data?.parts ?? []) this.app.bench.setRefused(part, true);
    this.#changed();
  }
}

/**
 * @param {Uint16Array} partOf
 * @param {number[]} refused
 * @returns {Uint8Array} 1 where refused
 */
function maskOf(partOf, refused) {
  const wanted = new Uint8Array(65_536);
  for (const part of refused) wanted[part] = 1;
  wanted[0] = 0;
  return Uint8Array.from(partOf, (part) => wanted[part] ?? 0);
}

/**
 * @param {Uint16Array} partOf
 * @param {Uint8Array} mask
 * @returns {Set<number>} parts of which most pixels were refused before
 */
function mostlyRefused(partOf, mask) {
  const pixels = new Uint32Array(65_536);
  const marked = new Uint32Array(65_536);
  for (const [at, part] of partOf.entries()) {
    pixels[part] = (pixels[part] ?? 0) + 1;
    if (mask[at]) marked[part] = (marked[part] ?? 0) + 1;
  }
  const found = noParts();
  for (const [part, number] of marked.entries()) {
    if (part && 2 * number > (pixels[part] ?? 0)) found.add(part);
  }
  return found;
}

/** @returns {Set<number>} */
function noParts() {
  return new Set();
}
