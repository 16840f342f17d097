/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Point} Point */

const LARGEST = 128; // device pixels per pixel
const FLIGHT_MS = 350;

/** Where the image is on the screen. All places on the screen are in device pixels. */
export class View {
  constructor() {
    this.scale = 1;
    this.left = 0;
    this.top = 0;
    this.screenWidth = 1;
    this.screenHeight = 1;
    this.imageWidth = 1;
    this.imageHeight = 1;
    /** @type {{from: number[], to: number[], start: number}|null} */
    this._flight = null;
  }

  /** @param {number} x of the image */
  x(x) {
    return x * this.scale + this.left;
  }

  /** @param {number} y of the image */
  y(y) {
    return y * this.scale + this.top;
  }

  /** @param {number} x @param {number} y of the screen @returns {Point} */
  toImage(x, y) {
    return { x: (x - this.left) / this.scale, y: (y - this.top) / this.scale };
  }

  /** The device pixels that a box of the image may touch. @param {Box} box @returns {Box} */
  toScreen(box) {
    return {
      x0: Math.floor(this.x(box.x0)) - 1,
      y0: Math.floor(this.y(box.y0)) - 1,
      x1: Math.ceil(this.x(box.x1)) + 1,
      y1: Math.ceil(this.y(box.y1)) + 1,
    };
  }

  get isFlying() {
    return this._flight !== null;
  }

  /** Zooms so that a place of the screen stays where it is.
   * @param {number} factor @param {number} x @param {number} y */
  zoom(factor, x, y) {
    this._flight = null;
    const at = this.toImage(x, y);
    this.scale = this._limited(this.scale * factor);
    this.left = x - at.x * this.scale;
    this.top = y - at.y * this.scale;
    this._hold();
  }

  /** @param {number} dx @param {number} dy */
  pan(dx, dy) {
    this._flight = null;
    this.left += dx;
    this.top += dy;
    this._hold();
  }

  /** Shows a box as large as fits. @param {Box} box @param {number} margin share of the screen
   * @param {boolean} fly */
  show(box, margin, fly) {
    const room = 1 - 2 * margin;
    const scale = this._limited(
      Math.min(
        (room * this.screenWidth) / (box.x1 - box.x0),
        (room * this.screenHeight) / (box.y1 - box.y0),
      ),
    );
    const cx = (box.x0 + box.x1) / 2;
    const cy = (box.y0 + box.y1) / 2;
    if (fly) {
      const middle = this.toImage(this.screenWidth / 2, this.screenHeight / 2);
      const from = [middle.x, middle.y, this.scale];
      this._flight = { from, to: [cx, cy, scale], start: performance.now() };
    } else this._centre(cx, cy, scale);
  }

  /** One frame of a flight. @param {number} now @returns {boolean} whether the view moved */
  fly(now) {
    const flight = this._flight;
    if (!flight) return false;
    const t = Math.min(1, Math.max(0, (now - flight.start) / FLIGHT_MS));
    const eased = t * t * (3 - 2 * t);
    const { from, to } = flight;
    const at = (/** @type {number} */ i) => from[i] + (to[i] - from[i]) * eased;
    this._centre(at(0), at(1), from[2] * (to[2] / from[2]) ** eased);
    if (t === 1) this._flight = null;
    return true;
  }

  /** @param {number} x @param {number} y of the image @param {number} scale */
  _centre(x, y, scale) {
    this.scale = scale;
    this.left = this.screenWidth / 2 - x * scale;
    this.top = this.screenHeight / 2 - y * scale;
  }

  /** @param {number} scale */
  _limited(scale) {
    const fits = Math.min(this.screenWidth / this.imageWidth, this.screenHeight / this.imageHeight);
    return Math.min(Math.max(LARGEST, fits), Math.max(Math.min(1, fits / 2), scale));
  }

  /** Some of the image stays in sight. */
  _hold() {
    const edge = 40;
    const [w, h] = [this.imageWidth * this.scale, this.imageHeight * this.scale];
    this.left = Math.min(this.screenWidth - edge, Math.max(edge - w, this.left));
    this.top = Math.min(this.screenHeight - edge, Math.max(edge - h, this.top));
  }
}
