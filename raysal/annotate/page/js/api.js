/**
 * Requests to the server.
 * @typedef {import('./types.js').Session} Session
 * @typedef {import('./types.js').Queue} Queue
 * @typedef {import('./types.js').ImageInfo} ImageInfo
 * @typedef {import('./types.js').Saved} Saved
 * @typedef {import('./types.js').Head} Head
 */

/** The server answered, but not with what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} body
   */
  constructor(status, body) {
    super(typeof body.why === 'string' ? body.why : `the server answered ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** No answer: the server is not running or the network is down. */
export class Unreachable extends Error {}

const TIMEOUT_MS = 30_000;

export class Api {
  /** @type {string | null} */
  #etag = null;

  /**
   * @param {typeof fetch} fetcher
   * @param {string} base
   */
  constructor(fetcher = (url, options) => fetch(url, options), base = '/api') {
    this.fetcher = fetcher;
    this.base = base;
  }

  /** @returns {Promise<Session>} */
  async session() {
    return (await this.#call('/session')).json();
  }

  /**
   * What is asked; null if nothing changed since the last call.
   * @returns {Promise<Queue | null>}
   */
  async queue() {
    const headers = this.#etag === null ? undefined : { 'If-None-Match': this.#etag };
    const reply = await this.#call('/queue', { headers });
    if (reply.status === 304) return null;
    this.#etag = reply.headers.get('ETag');
    return reply.json();
  }

  /**
   * @param {string} key
   * @param {AbortSignal} [signal]
   * @returns {Promise<ImageInfo>}
   */
  async image(key, signal) {
    return (await this.#call(`/images/${key}`, { signal })).json();
  }

  /**
   * As `image`; the server extends the labels of the answer, unless it did or does.
   * @param {string} key
   * @returns {Promise<ImageInfo>}
   */
  async extended(key) {
    return (await this.#call(`/images/${key}?extended=true`)).json();
  }

  /**
   * @param {string} key
   * @param {AbortSignal} [signal]
   * @returns {Promise<Blob>}
   */
  async picture(key, signal) {
    return (await this.#call(`/images/${key}/picture`, { signal })).blob();
  }

  /**
   * A raw layer such as `prediction` or `superpixels/fine`; null while it is being prepared.
   * @param {string} key
   * @param {string} layer
   * @param {AbortSignal} [signal]
   * @returns {Promise<ArrayBuffer | null>}
   */
  async layer(key, layer, signal) {
    const reply = await this.#call(`/images/${key}/${layer}`, { signal });
    return reply.status === 202 ? null : reply.arrayBuffer();
  }

  /**
   * The answer to go on with.
   * @param {string} key
   * @param {AbortSignal} [signal]
   * @returns {Promise<{raster: Uint8Array, version: number}>}
   */
  async answer(key, signal) {
    const reply = await this.#call(`/images/${key}/answer`, { signal, cache: 'no-store' });
    const version = Number(reply.headers.get('X-Version') ?? 0);
    return { raster: new Uint8Array(await reply.arrayBuffer()), version };
  }

  /**
   * Where the answer to go on with refuses extended labels; null for nowhere.
   * @param {string} key
   * @param {AbortSignal} [signal]
   * @returns {Promise<Uint8Array | null>}
   */
  async refused(key, signal) {
    try {
      const reply = await this.#call(`/images/${key}/refused`, { signal, cache: 'no-store' });
      return new Uint8Array(await reply.arrayBuffer());
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /**
   * @param {string} key
   * @param {import('./types.js').Grain} grain
   * @param {number | null} region
   * @param {[number, number][]} seeds superpixel and class
   * @returns {Promise<[number, number][]>}
   */
  async fill(key, grain, region, seeds) {
    return (await (await this.#post(`/images/${key}/fill`, { grain, region, seeds })).json()).fill;
  }

  /**
   * @param {string} key
   * @param {string} session
   * @returns {Promise<{seconds: number}>}
   */
  async lease(key, session) {
    return (await this.#post(`/images/${key}/lease`, { session })).json();
  }

  /**
   * @param {string} key
   * @param {string} session
   */
  async release(key, session) {
    await this.#call(`/images/${key}/lease`, {
      method: 'DELETE',
      body: JSON.stringify({ session }),
      headers: { 'Content-Type': 'application/json' },
      keepalive: true,
    });
  }

  /**
   * @param {string} key
   * @param {Blob} body gzip of the head's line and the raster
   * @returns {Promise<Saved>}
   */
  async put(key, body) {
    const headers = { 'Content-Encoding': 'gzip', 'Content-Type': 'application/octet-stream' };
    return (await this.#call(`/images/${key}/answer`, { method: 'PUT', body, headers })).json();
  }

  /**
   * @param {string} key
   * @param {'accept' | 'return'} verdict
   * @param {string} note
   */
  async review(key, verdict, note) {
    await this.#post(`/images/${key}/review`, { verdict, note });
  }

  /**
   * @param {string} path
   * @param {unknown} body
   */
  #post(path, body) {
    const headers = { 'Content-Type': 'application/json' };
    return this.#call(path, { method: 'POST', body: JSON.stringify(body), headers });
  }

  /**
   * @param {string} path
   * @param {RequestInit} options
   * @returns {Promise<Response>}
   */
  async #call(path, options = {}) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const signal = options.signal ? anyOf([options.signal, timeout]) : timeout;
    let reply;
    try {
      reply = await this.fetcher(this.base + path, {
        credentials: 'same-origin',
        ...options,
        signal,
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Unreachable('the server cannot be reached');
    }
    if (reply.ok || reply.status === 304) return reply;
    const body = await reply.json().catch(() => ({}));
    throw new ApiError(reply.status, body !== null && typeof body === 'object' ? body : {});
  }
}

/**
 * `AbortSignal.any`, which browsers before 2023 lack.
 * @param {AbortSignal[]} signals
 */
function anyOf(signals) {
  if ('any' in AbortSignal) return AbortSignal.any(signals);
  const joined = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) joined.abort(signal.reason);
    signal.addEventListener('abort', () => joined.abort(signal.reason), { once: true });
  }
  return joined.signal;
}
