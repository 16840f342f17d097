/** Asks the server again and again what is asked. */
import { ApiError, Unreachable } from '../api.js';

const EVERY_MS = 2000;
const HIDDEN_MS = 10_000;

export class Poll {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #asking = false;
  #again = false;

  /**
   * @param {import('../api.js').Api} api
   * @param {object} tell
   * @param {(queue: import('../types.js').Queue | null) => void} tell.queue null if nothing changed
   * @param {(why: 'lost' | 'signin') => void} tell.lost
   */
  constructor(api, tell) {
    this.api = api;
    this.tell = tell;
    document.addEventListener('visibilitychange', () => document.hidden || void this.now());
    addEventListener('online', () => void this.now());
  }

  /** Ask now, and then every two seconds. */
  async now() {
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    clearTimeout(this.#timer);
    try {
      this.tell.queue(await this.api.queue());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.tell.lost('signin');
      else if (error instanceof Unreachable || error instanceof ApiError) this.tell.lost('lost');
      else throw error;
    } finally {
      this.#asking = false;
      const wait = this.#again ? 0 : document.hidden ? HIDDEN_MS : EVERY_MS;
      this.#again = false;
      this.#timer = setTimeout(() => void this.now(), wait);
    }
  }
}
