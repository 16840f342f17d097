/**
 * Captures what is drawn in the open image, a moment after each stroke, and hands it to the outbox.
 * @typedef {import('../types.js').Head} Head
 * @typedef {Pick<Head, 'seconds' | 'clicks' | 'undos' | 'work' | 'note'>} Drawn
 *
 * @typedef {object} OpenImage
 * @property {string} key
 * @property {string} imageId
 * @property {import('../types.js').Size} size
 * @property {number} version of the answer that is gone on with, 0 for none
 * @property {() => Drawn} head
 * @property {() => Uint8Array} raster (H*W), not copied
 * @property {() => (Uint8Array | null)} refused
 */

/** Captured after this pause, ... */
export const PAUSE_MS = 250;
/** ... and this long after a stroke, however fast the next ones follow. */
export const LONGEST_MS = 800;

export class Saver {
  /** @type {OpenImage | null} */
  #open = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #touchedAt = 0;

  /**
   * @param {import('./outbox.js').Outbox} outbox
   * @param {string} session
   */
  constructor(outbox, session) {
    this.outbox = outbox;
    this.session = session;
  }

  /** Whether something is drawn that lies nowhere but on the canvas. */
  get dirty() {
    return this.#timer !== undefined;
  }

  /**
   * Care for another image; null for none. What was drawn in the one before is captured.
   * @param {OpenImage | null} image
   */
  track(image) {
    this.capture();
    this.#open = image;
    if (image) this.outbox.opened(image.key, image.version);
  }

  /** Something was drawn. */
  touch() {
    if (this.#open === null) return;
    const now = Date.now();
    if (this.#timer === undefined) this.#touchedAt = now;
    clearTimeout(this.#timer);
    const wait = Math.min(PAUSE_MS, this.#touchedAt + LONGEST_MS - now);
    this.#timer = setTimeout(() => this.capture(), Math.max(0, wait));
  }

  /** Capture what was drawn since the last capture, if anything was. */
  capture() {
    if (this.dirty) this.#save('draft');
  }

  /** Save, and have the server look for what these labels would be extended to. */
  askExtended() {
    this.#save('draft', true);
  }

  /**
   * The annotator is done with the image: saved now, or as soon as the server is back.
   * @param {'done' | 'unusable'} state
   */
  finish(state) {
    this.#save(state);
  }

  /** Forget what is not captured: another's version is taken. */
  drop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * @param {Head['state']} state
   * @param {boolean} extend whether to look for extended labels
   */
  #save(state, extend = false) {
    this.drop();
    const image = this.#open;
    if (image === null) return;
    const { key, imageId, size } = image;
    const raster = state === 'unusable' ? null : image.raster().slice();
    const refused = raster && image.refused();
    const head = { ...image.head(), state, session: this.session, refused: refused !== null };
    this.outbox.add({ key, imageId, size, raster, refused }, extend ? { ...head, extend } : head);
  }
}
