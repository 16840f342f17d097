import { Desk } from './desk.js';
import { Pointers } from './pointer.js';
import { Screen } from './screen.js';
import { drawCursor, drawName } from './tools/drawing.js';
import { makeTools } from './tools/all.js';
import { UNLABELLED } from './painting.js';
import { View } from './view.js';

/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./tools/all.js').ToolName} ToolName */
/** @typedef {import('./tools/tool.js').Tool} Tool */

const LARGEST_BRUSH = 1000;

/** Where a tool meets the pointer, the keyboard's cursor and the screen; one frame loop draws all. */
export class Stage extends EventTarget {
  /** @param {HTMLElement} host @param {{name: string, colour: number[]}[]} classes */
  constructor(host, classes) {
    super();
    this._view = new View();
    this._screen = new Screen(host, this._view, () => this._resized());
    this._desk = new Desk(this._view, this._screen, classes, (name, detail) =>
      this._emit(name, detail),
    );
    this._tools = makeTools(this._desk);
    /** @type {ToolName} */
    this._tool = 'brush';
    this._shown = { picture: true, map: false };
    this._opacity = 0.55;
    this._aids = { hatch: false, names: false };
    this._readOnly = false;
    this._spaceHeld = false;
    this._fitted = true;
    /** @type {Point|null} where the pointer or the keyboard's cursor is, in pixels of the image */
    this._at = null;
    this._byKeys = false;
    this._keyPressed = false;
    this._hoverDue = false;
    /** @type {(() => void)[]} */
    this._afterFrame = [];
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
    this._frameId = requestAnimationFrame((now) => this._frame(now));
  }

  /** @param {string} name @param {unknown} detail */
  _emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The tool in hand; null if there is nothing to work on. @returns {Tool|null} */
  get _active() {
    if (!this._desk.session) return null;
    const idle = this._readOnly && this._tool !== 'pan' && this._tool !== 'pick';
    return idle ? null : (this._tools[this._tool] ?? null);
  }

  /** @param {number} x @param {number} y CSS pixels @returns {Point} */
  _toImage(x, y) {
    return this._view.toImage(x * this._screen.ratio, y * this._screen.ratio);
  }

  // The pointer and the keyboard's cursor.

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

  /** CSS pixels per pixel of the image. */
  get scale() {
    return this._view.scale / this._screen.ratio;
  }

  /** @param {number} px diameter in pixels of the image */
  setBrush(px) {
    this._desk.brush = Math.min(LARGEST_BRUSH, Math.max(1, px));
    this._desk.redraw();
    this._emit('brush', { size: this._desk.brush });
  }

  /** @param {number|null} region */
  _setRegion(region) {
    if (region === this._desk.region) return;
    this._desk.region = region;
    this._screen.touchAll();
    this._emit('region', { region });
  }

  // The view.

  _resized() {
    const { session } = this._desk;
    if (session && this._fitted) this._show(false);
    this._viewed();
  }

  /** @param {boolean} fly */
  _show(fly) {
    const { session } = this._desk;
    if (!session) return;
    const { width, height } = session.picture;
    this._view.show({ x0: 0, y0: 0, x1: width, y1: height }, 0.02, fly && !stillness());
    this._fitted = true;
  }

  _viewed() {
    this._screen.touchAll();
    this._emit('view', { scale: this.scale });
  }

  /** Shows the whole image. */
  fit() {
    this._show(true);
    this._viewed();
  }

  /** @param {number} factor @param {Point|null} at CSS pixels; the middle by default */
  zoom(factor, at = null) {
    const { ratio } = this._screen;
    const [x, y] = at
      ? [at.x * ratio, at.y * ratio]
      : [this._view.screenWidth / 2, this._view.screenHeight / 2];
    this._view.zoom(factor, x, y);
    this._fitted = false;
    this._viewed();
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  panBy(dx, dy) {
    this._view.pan(dx * this._screen.ratio, dy * this._screen.ratio);
    this._fitted = false;
    this._viewed();
  }

  /** Flies to a region and makes it the present one. @param {number} index */
  goToRegion(index) {
    const box = this._desk.session?.area.boxes[index];
    if (!box) return;
    this._setRegion(index);
    this._view.show(box, 0.12, !stillness());
    this._fitted = false;
    this._viewed();
  }

  // Frames.

  /** Resolved after the next frame has been drawn. @returns {Promise<void>} */
  frame() {
    return new Promise((resolve) => this._afterFrame.push(resolve));
  }

  /** @param {number} now */
  _frame(now) {
    this._frameId = requestAnimationFrame((next) => this._frame(next));
    if (this._view.fly(now)) this._viewed();
    if (this._hoverDue) this._tellHover();
    if (this._screen.isDirty) this._draw();
    for (const done of this._afterFrame.splice(0)) done();
  }

  _draw() {
    const { session } = this._desk;
    const { _screen: screen, _view: view } = this;
    screen.draw((context, clip) =>
      session?.draw(context, view, clip, {
        ...this._shown,
        opacity: this._opacity,
        present: this._desk.region,
        ratio: screen.ratio,
      }),
    );
    if (!screen.overlayDirty) return;
    screen.clearOverlay();
    if (!session) return;
    this._active?.draw(screen.overlay);
    if (!this._at) return;
    if (this._byKeys) drawCursor(screen.overlay, view, this._at, screen.ratio);
    if (this._aids.names) {
      const { classId } = this._labelAt(this._at);
      const name = this._desk.classes[classId]?.name;
      if (name) drawName(screen.overlay, view, this._at, screen.ratio, name, this._desk.colour(classId));
    }
  }

  /** @param {Point} at */
  _labelAt(at) {
    const { painting, prediction } = this._desk.open;
    const [x, y] = [Math.floor(at.x), Math.floor(at.y)];
    if (x < 0 || y < 0 || x >= painting.width || y >= painting.height) {
      return { x, y, inside: false, classId: UNLABELLED, predicted: UNLABELLED };
    }
    const i = y * painting.width + x;
    const predicted = prediction ? prediction[i] : UNLABELLED;
    return { x, y, inside: true, classId: painting.data[i], predicted };
  }

  _tellHover() {
    this._hoverDue = false;
    const { session } = this._desk;
    if (!session || !this._at) {
      this._emit('hover', null);
      return;
    }
    const { x, y, inside, classId, predicted } = this._labelAt(this._at);
    const region = inside ? this._desk.regionAt(this._at) : null;
    const extended = inside ? session.extendedAt(x, y) : null;
    if (this._aids.names) this._desk.redraw();
    this._emit('hover', inside ? { x, y, classId, predicted, region, extended } : null);
  }
}

/** @param {number} brush @param {number} steps */
function resized(brush, steps) {
  const next = Math.round(brush * 1.2 ** steps);
  return steps > 0 ? Math.max(brush + 1, next) : Math.min(brush - 1, next);
}

/** Whether the user asks for less motion. */
function stillness() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
