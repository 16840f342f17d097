/** The lease of the open image: taken when it is opened, renewed, given back. */
import { ApiError } from '../api.js';

export class Lease {
  /** @type {string | null} */
  #key = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {import('../api.js').Api} api
   * @param {string} session
   * @param {number} seconds
   * @param {(key: string, by: string) => void} lost somebody else has it
   */
  constructor(api, session, seconds, lost) {
    this.api = api;
    this.session = session;
    this.seconds = seconds;
    this.lost = lost;
  }

  /**
   * @param {string} key
   * @returns {Promise<string | null>} who else has it; null if it is free, or nobody could be asked
   */
  async take(key) {
    this.give();
    this.#key = key;
    this.#timer = setInterval(() => void this.#renew(key), (this.seconds * 1000) / 3);
    return this.#ask(key);
  }

  /** Give it back. */
  give() {
    const key = this.drop();
    if (key !== null) void this.release(key);
  }

  /**
   * Stop renewing it, but do not give it back yet.
   * @returns {string | null} the image that it is of
   */
  drop() {
    clearInterval(this.#timer);
    const key = this.#key;
    this.#key = null;
    return key;
  }

  /** @param {string} key */
  async release(key) {
    try {
      await this.api.release(key, this.session);
    } catch {
      // It ends by itself.
    }
  }

  /** @param {string} key */
  async #renew(key) {
    const by = await this.#ask(key);
    if (by !== null && this.#key === key) this.lost(key, by);
  }

  /**
   * @param {string} key
   * @returns {Promise<string | null>}
   */
  async #ask(key) {
    try {
      await this.api.lease(key, this.session);
    } catch (error) {
      if (error instanceof ApiError && error.status === 423) {
        return [error.body.by ?? 'somebody else'].flat().join(' and ');
      }
    }
    return null;
  }
}
