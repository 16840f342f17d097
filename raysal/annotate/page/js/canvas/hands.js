import { Pointers } from './pointer.js';
import { Stage } from './stage.js';

/** @typedef {import('./shapes.js').Point} Point */

const LARGEST_BRUSH = 1000;

/** Puts the tool into the hand of the pointer and of the keyboard: both do the same with it. */
export class Hands extends Stage {
  /** @param {HTMLElement} host @param {{name: string, colour: number[]}[]} classes */
  constructor(host, classes) {
    super(host, classes);
    this._spaceHeld = false;
    this._keyPressed = false;
    this._pointers = new Pointers(this._screen.top, {
      press: (x, y, erase) => this._press(this._toImage(x, y), erase),
      drag: (x, y) => this._drag(this._toImage(x, y)),
      release: (x, y) => this._release(this._toImage(x, y)),
      double: (x, y) => this._active?.double(this._toImage(x, y)),
      hover: (x, y) => this._move(this._toImage(x, y)),
      leave: () => this._move(null),
      cancel: () => this._active?.cancel(),
      pan: (dx, dy) => this.panBy(dx, dy),
      zoom: (factor, x, y) => this.zoom(factor, { x, y }),
      resize: (steps) => this.setBrush(resized(this._desk.brush, steps)),
      pans: () => this._spaceHeld || this._tool === 'pan',
    });
  }

  /** @param {Point} at @param {boolean} erase */
  _press(at, erase) {
    this._byKeys = false;
    this._place(at);
    const region = this._desk.session ? this._desk.regionAt(at) : null;
    this._active?.press(at, erase);
    if (region !== null) this._setRegion(region);
  }

  /** @param {Point} at */
  _drag(at) {
    this._place(at);
    this._active?.drag(at);
  }

  /** @param {Point} at */
  _release(at) {
    this._active?.release(at);
    this._active?.hover(at);
  }

  /** @param {Point|null} at */
  _move(at) {
    if (at) this._byKeys = false;
    else if (this._byKeys) return;
    this._place(at);
    this._active?.hover(at);
    this._screen.top.style.cursor = this._spaceHeld ? 'grab' : (this._active?.cursor ?? 'default');
  }

  /** @param {Point|null} at */
  _place(at) {
    this._at = at;
    this._hoverDue = true;
  }

  /** Moves the cursor; the first call puts it into the middle. @param {number} dx @param {number} dy
   * CSS pixels */
  moveCursor(dx, dy) {
    const { session } = this._desk;
    if (!session) return;
    const view = this._view;
    const { ratio } = this._screen;
    const from = this._byKeys && this._at ? this._at : view.toImage(view.screenWidth / 2, view.screenHeight / 2);
    const { width, height } = session.picture;
    const at = {
      x: Math.min(width - 0.5, Math.max(0.5, from.x + (dx * ratio) / view.scale)),
      y: Math.min(height - 0.5, Math.max(0.5, from.y + (dy * ratio) / view.scale)),
    };
    this._byKeys = true;
    this._place(at);
    if (this._keyPressed) this._active?.drag(at);
    else this._active?.hover(at);
    const edge = 32 * ratio;
    const [x, y] = [view.x(at.x), view.y(at.y)];
    const over = (/** @type {number} */ v, /** @type {number} */ size) =>
      v < edge ? edge - v : v > size - edge ? size - edge - v : 0;
    const [mx, my] = [over(x, view.screenWidth), over(y, view.screenHeight)];
    if (mx !== 0 || my !== 0) this.panBy(mx / ratio, my / ratio);
    this._desk.redraw();
  }

  pressCursor() {
    if (!this._byKeys || !this._at) this.moveCursor(0, 0);
    if (!this._at || this._keyPressed) return;
    this._keyPressed = true;
    const at = this._at;
    this._press(at, false);
    this._byKeys = true;
  }

  releaseCursor() {
    if (!this._keyPressed) return;
    this._keyPressed = false;
    if (this._at) this._release(this._at);
  }

  /** Whether the keyboard's cursor is pressed. */
  get cursorPressed() {
    return this._keyPressed;
  }

  /**
   * Give it every keydown and keyup before anything else.
   * @param {KeyboardEvent} event @returns {boolean} whether it was used here
   */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === ' ') {
      if (event.type === 'keydown') this.hold('pan');
      else this.release();
      return true;
    }
    if (event.type !== 'keydown') return false;
    if (event.key === '[' || event.key === ']') {
      this.setBrush(resized(this._desk.brush, event.key === ']' ? 1 : -1));
      return true;
    }
    return this._active?.key(event.key) ?? false;
  }

  /** While 'pan' is held, the pointer moves the view whatever the tool. @param {'pan'} _what */
  hold(_what) {
    this._spaceHeld = true;
    this._screen.top.style.cursor = 'grab';
  }

  /** Ends `hold`. */
  release() {
    this._spaceHeld = false;
    this._screen.top.style.cursor = this._active?.cursor ?? 'default';
  }

  /** Finishes what is begun, as Enter does. @returns {boolean} whether there was something */
  commit() {
    return this._active?.key('Enter') ?? false;
  }

  /** Drops what is begun: a stroke, a line, a choice. @returns {boolean} whether there was something */
  cancel() {
    if (this._desk.isPainting) {
      this._active?.cancel();
      return true;
    }
    return this._active?.key('Escape') ?? false;
  }

  /** @param {number} px diameter in pixels of the image */
  setBrush(px) {
    this._desk.brush = Math.min(LARGEST_BRUSH, Math.max(1, px));
    this._desk.redraw();
    this._emit('brush', { size: this._desk.brush });
  }
}

/** @param {number} brush @param {number} steps */
function resized(brush, steps) {
  const next = Math.round(brush * 1.2 ** steps);
  return steps > 0 ? Math.max(brush + 1, next) : Math.min(brush - 1, next);
}
