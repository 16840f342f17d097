/**
 * Drawings on their way to the server: at most one per image, on the shelf until confirmed.
 *
 * What the server does not take stays on the shelf, also over reloads, and is tried again, or waits
 * for a decision of the annotator (see `Trouble`).
 *
 * Events: 'state' after each change of `state`; 'saved' {record, saved} and 'trouble' {record}.
 *
 * @typedef {import('../types.js').Unsent} Unsent
 * @typedef {import('../types.js').Head} Head
 * @typedef {import('../types.js').Saved} Saved
 * @typedef {import('./shelf.js').Shelf} Shelf
 *
 * @typedef {object} State
 * @property {'saved' | 'saving' | 'unsent' | 'trouble'} kind
 * @property {number} count drawings that are not confirmed
 * @property {string} why
 */
import { Unreachable } from '../api.js';
import { passes, troubleOf } from './trouble.js';

const RETRY_MS = [1000, 2000, 4000, 8000, 15_000];

export class Outbox extends EventTarget {
  /** @type {Map<string, Unsent>} by key of the image */
  #waiting = new Map();
  /** @type {Map<string, Promise<void>>} the last write to the shelf, by key */
  #writes = new Map();
  /** @type {Map<string, number>} the version that the server has last confirmed here, by key */
  #bases = new Map();
  /** @type {Unsent[]} */
  #aside = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  #failures = 0;
  #running = false;
  #seq = 0;
  /** The server was not reached at the last attempt. */
  offline = false;
  /** Why the browser cannot keep drawings; empty if it can. */
  shelfTrouble = '';

  /**
   * @param {object} parts
   * @param {{put: (key: string, body: Blob) => Promise<Saved>}} parts.api
   * @param {Shelf} parts.shelf
   * @param {(head: Head, rasters: (Uint8Array | null)[]) => Promise<Blob>} parts.pack
   * @param {{workplace: string, name: string}} parts.who
   */
  constructor({ api, shelf, pack, who }) {
    super();
    this.api = api;
    this.shelf = shelf;
    this.pack = pack;
    this.who = who;
  }

  /** Find what was left by an earlier page and send it. */
  async start() {
    const { workplace, name } = this.who;
    for (const record of await this.shelf.all()) {
      if (record.workplace !== workplace || record.name !== name) continue;
      this.#seq = Math.max(this.#seq, record.seq);
      const trouble = passes(record.trouble) ? null : record.trouble;
      if (record.aside) this.#aside.push(record);
      else if (!this.#waiting.has(record.key)) this.#waiting.set(record.key, { ...record, trouble });
    }
    this.#changed();
    void this.#pump();
  }

  /** @returns {Unsent[]} not confirmed, in the order of their drawing */
  get unsent() {
    return [...this.#waiting.values()].sort((a, b) => a.drawnAt - b.drawnAt);
  }

  /** @returns {Unsent[]} set aside, to be downloaded or thrown away */
  get aside() {
    return [...this.#aside];
  }

  /** @param {string} key */
  unsentOf(key) {
    return this.#waiting.get(key) ?? null;
  }

  /** @returns {State} */
  get state() {
    const count = this.#waiting.size;
    if (!count) return { kind: 'saved', count, why: '' };
    const troubles = this.unsent.flatMap((record) => record.trouble ?? []);
    const worst = troubles.find((trouble) => !passes(trouble)) ?? troubles[0];
    if (this.shelfTrouble) return { kind: 'trouble', count, why: this.shelfTrouble };
    if (worst) return { kind: 'trouble', count, why: worst.why };
    if (this.offline) return { kind: 'unsent', count, why: 'server not reached' };
    return { kind: 'saving', count, why: '' };
  }

  /**
   * An image was opened.
   * @param {string} key
   * @param {number} version that is gone on with, unless something unsent is
   */
  opened(key, version) {
    const known = this.#waiting.get(key)?.head.base ?? version;
    this.#bases.set(key, Math.max(known, this.#bases.get(key) ?? 0)); // Versions only grow.
  }

  /**
   * Send a drawing, instead of an earlier one of the same image that is not confirmed yet.
   * @param {Pick<Unsent, 'key' | 'imageId' | 'size' | 'raster' | 'refused'>} drawing
   * @param {Omit<Head, 'base'>} head
   */
  add(drawing, head) {
    const { workplace, name } = this.who;
    const { key } = drawing;
    const before = this.#waiting.get(key);
    const base = this.#bases.get(key) ?? 0;
    /** @type {Unsent} */
    const record = {
      ...drawing,
      id: `${workplace}/${name}/${key}`,
      workplace,
      name,
      seq: ++this.#seq,
      head: { ...head, base, ...(before?.head.force ? { force: true } : {}) },
      drawnAt: Date.now(),
      trouble: before && !passes(before.trouble) ? before.trouble : null,
    };
    this.#waiting.set(key, record);
    this.#keep(record);
    this.#changed();
    void this.#pump();
  }

  /**
   * Save although another's version is later; both are kept.
   * @param {string} key
   */
  force(key) {
    const record = this.#waiting.get(key);
    if (!record) return;
    record.head = { ...record.head, force: true };
    record.trouble = null;
    this.#keep(record);
    this.kick();
  }

  /**
   * Keep a drawing in this browser only: it is not sent any more, but may be downloaded.
   * @param {string} key
   */
  async setAside(key) {
    const record = this.#waiting.get(key);
    if (!record) return;
    this.#waiting.delete(key);
    this.#bases.delete(key);
    const aside = { ...record, id: `${record.id}/aside/${record.seq}`, aside: true };
    this.#aside.push(aside);
    this.#changed();
    await this.#write(key, async () => {
      await this.shelf.put(aside);
      await this.shelf.remove(record.id);
    });
  }

  /** @param {Unsent} record set aside; it is thrown away */
  async discard(record) {
    this.#aside = this.#aside.filter((other) => other.id !== record.id);
    await this.#write(record.key, () => this.shelf.remove(record.id));
    this.#changed();
  }

  /** Try again now: the server seems to be back. */
  kick() {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const record of this.#waiting.values()) {
      if (passes(record.trouble)) record.trouble = null;
    }
    void this.#pump();
  }

  /** @returns {Promise<void>} when all that can be written to the shelf is */
  async settled() {
    await Promise.all(this.#writes.values());
  }

  async #pump() {
    if (this.#running) return;
    this.#running = true;
    let reached = true;
    while (reached) {
      const record = this.unsent.find((candidate) => candidate.trouble === null);
      if (!record) break;
      reached = await this.#send(record);
    }
    this.#running = false;
    this.#changed();
    if (this.unsent.some((record) => passes(record.trouble)) && this.#retry === undefined) {
      const step = Math.min(Math.max(this.#failures, 1), RETRY_MS.length) - 1;
      this.#retry = setTimeout(() => this.kick(), RETRY_MS[step]);
    }
  }

  /**
   * @param {Unsent} record
   * @returns {Promise<boolean>} whether the server was reached
   */
  async #send(record) {
    const { key, raster } = record;
    // The session of an earlier page stays: if only its reply was lost, there is no conflict.
    const head = { ...record.head, base: this.#bases.get(key) ?? record.head.base };
    try {
      const body = await this.pack(head, raster ? [raster, record.refused] : []);
      const saved = await this.api.put(key, body);
      this.offline = false;
      this.#failures = 0;
      this.#bases.set(key, saved.version);
      this.#confirmed(record, saved.version);
      this.#tell('saved', { record, saved });
      return true;
    } catch (error) {
      this.#failures += 1;
      this.offline = error instanceof Unreachable;
      if (this.offline) return false;
      const newest = this.#waiting.get(key);
      if (!newest) return true;
      newest.trouble = troubleOf(error);
      this.#keep(newest);
      this.#changed();
      this.#tell('trouble', { record: newest });
      return true;
    }
  }

  /**
   * @param {Unsent} record
   * @param {number} version
   */
  #confirmed(record, version) {
    const newest = this.#waiting.get(record.key);
    if (newest && newest.seq !== record.seq) {
      const { force: _, ...head } = newest.head;
      newest.head = { ...head, base: version };
      newest.trouble = null;
      return;
    }
    this.#waiting.delete(record.key);
    void this.#write(record.key, async () => {
      // Drawn again meanwhile: the newer record lies under the same id.
      if (!this.#waiting.has(record.key)) await this.shelf.remove(record.id);
    });
  }

  /** @param {Unsent} record */
  #keep(record) {
    void this.#write(record.key, () => this.shelf.put(record));
  }

  /**
   * Writes of one image happen one after the other.
   * @param {string} key
   * @param {() => Promise<void>} act
   */
  #write(key, act) {
    const before = this.#writes.get(key);
    const write = before ? before.then(() => this.#try(act)) : this.#try(act);
    this.#writes.set(key, write);
    void write.then(() => {
      if (this.#writes.get(key) === write) this.#writes.delete(key);
    });
    return write;
  }

  /** @param {() => Promise<void>} act */
  async #try(act) {
    let trouble = '';
    try {
      await act();
    } catch (error) {
      const full = error instanceof Error && error.name === 'QuotaExceededError';
      const reason = full ? 'has no space left to keep drawings' : 'cannot keep drawings';
      trouble = `this browser ${reason}: until saved, they are only in this tab`;
    }
    if (trouble === this.shelfTrouble) return;
    this.shelfTrouble = trouble;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('state'));
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
