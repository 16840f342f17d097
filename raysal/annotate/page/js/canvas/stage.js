import { Desk } from './desk.js';
import { Screen } from './screen.js';
import { drawCursor, drawName } from './tools/drawing.js';
import { makeTools } from './tools/all.js';
import { UNLABELLED } from './painting.js';
import { View } from './view.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./shapes.js').Point} Point */
/** @typedef {import('./tools/all.js').ToolName} ToolName */
/** @typedef {import('./tools/tool.js').Tool} Tool */

/** An image on the screen with the tool in hand: the view, and one loop of frames that draws all. */
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
    /** @type {(() => void)|null} frames again what is framed, after a change of size */
    this._reframe = null;
    /** @type {Point|null} where the pointer or the keyboard's cursor is, in pixels of the image */
    this._at = null;
    this._byKeys = false;
    this._hoverDue = false;
    /** @type {(() => void)[]} */
    this._afterFrame = [];
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

  /** @param {number|null} region */
  _setRegion(region) {
    if (region === this._desk.region) return;
    this._desk.region = region;
    this._screen.touchAll();
    this._emit('region', { region });
  }

  // The view.

  /** CSS pixels per pixel of the image. */
  get scale() {
    return this._view.scale / this._screen.ratio;
  }

  _resized() {
    this._reframe?.();
    this._viewed();
  }

  /** Shows a box as large as fits, also after the host is resized, until the view is moved.
   * @param {Box} box @param {number} margin share of the screen @param {boolean} fly */
  _frameBox(box, margin, fly) {
    this._view.show(box, margin, fly && !stillness());
    this._reframe = () => this._view.show(box, margin, false);
    this._viewed();
  }

  _viewed() {
    this._screen.touchAll();
    this._emit('view', { scale: this.scale });
  }

  /** Where a place of the image is in the host, in CSS pixels. @param {number} x @param {number} y
   * @returns {Point} */
  placeOf(x, y) {
    const { ratio } = this._screen;
    return { x: this._view.x(x) / ratio, y: this._view.y(y) / ratio };
  }

  /** Shows the whole image. @param {boolean} fly */
  fit(fly = true) {
    const { session } = this._desk;
    if (!session) return;
    const { width, height } = session.picture;
    this._frameBox({ x0: 0, y0: 0, x1: width, y1: height }, 0.02, fly);
  }

  /** @param {number} factor @param {Point|null} at CSS pixels; the middle by default */
  zoom(factor, at = null) {
    const { ratio } = this._screen;
    const [x, y] = at
      ? [at.x * ratio, at.y * ratio]
      : [this._view.screenWidth / 2, this._view.screenHeight / 2];
    this._view.zoom(factor, x, y);
    this._reframe = null;
    this._viewed();
  }

  /** @param {number} dx @param {number} dy CSS pixels */
  panBy(dx, dy) {
    this._view.pan(dx * this._screen.ratio, dy * this._screen.ratio);
    this._reframe = null;
    this._viewed();
  }

  /** Flies to a region and makes it the present one. @param {number} index */
  goToRegion(index) {
    const box = this._desk.session?.area.boxes[index];
    if (!box) return;
    this._setRegion(index);
    this._frameBox(box, 0.12, true);
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
        dim: this._tool === 'extended' ? 0.3 : 0.6, // Extended labels lie outside of what is asked.
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

/** Whether the user asks for less motion. */
function stillness() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
