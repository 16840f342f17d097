import { grow, intersect, union } from './box.js';
import { css } from './colours.js';

/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./view.js').View} View */

/**
 * Two canvases on top of each other: the image with its layers, and what moves with the pointer. One
 * frame draws only the part of the first that changed.
 */
export class Screen {
  /** @param {HTMLElement} host @param {View} view @param {() => void} resized */
  constructor(host, view, resized) {
    this.view = view;
    this.base = canvasIn(host, 'the image');
    this.top = canvasIn(host, '');
    this._base = /** @type {CanvasRenderingContext2D} */ (
      this.base.getContext('2d', { alpha: false })
    );
    this.overlay = /** @type {CanvasRenderingContext2D} */ (this.top.getContext('2d'));
    /** @type {Box|null} device pixels to draw anew */
    this._dirty = null;
    this.overlayDirty = true;
    this.ratio = 1;
    this.background = '#1c1e22';
    this._observer = new ResizeObserver(() => {
      if (this._measure(host)) resized();
    });
    this._observer.observe(host);
    this._measure(host);
  }

  /** @param {HTMLElement} host @returns {boolean} whether the size is another */
  _measure(host) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(host.clientWidth * ratio));
    const height = Math.max(1, Math.round(host.clientHeight * ratio));
    if (width === this.base.width && height === this.base.height && ratio === this.ratio) {
      return false;
    }
    this.ratio = ratio;
    for (const canvas of [this.base, this.top]) {
      canvas.width = width;
      canvas.height = height;
    }
    this.view.screenWidth = width;
    this.view.screenHeight = height;
    this.touchAll();
    return true;
  }

  touchAll() {
    this._dirty = { x0: 0, y0: 0, x1: this.base.width, y1: this.base.height };
    this.overlayDirty = true;
  }

  /** A box of the image changed. @param {Box} box */
  touch(box) {
    this._dirty = union(this._dirty, grow(this.view.toScreen(box), 2));
  }

  get isDirty() {
    return this._dirty !== null || this.overlayDirty;
  }

  /**
   * Draws the part of the image that changed.
   * @param {(context: CanvasRenderingContext2D, clip: Box) => void} paint
   */
  draw(paint) {
    const all = { x0: 0, y0: 0, x1: this.base.width, y1: this.base.height };
    const clip = this._dirty && intersect(this._dirty, all);
    this._dirty = null;
    if (!clip) return;
    const context = this._base;
    context.save();
    context.beginPath();
    context.rect(clip.x0, clip.y0, clip.x1 - clip.x0, clip.y1 - clip.y0);
    context.clip();
    context.fillStyle = this.background;
    context.fillRect(clip.x0, clip.y0, clip.x1 - clip.x0, clip.y1 - clip.y0);
    paint(context, clip);
    context.restore();
  }

  clearOverlay() {
    this.overlayDirty = false;
    this.overlay.clearRect(0, 0, this.top.width, this.top.height);
  }

  close() {
    this._observer.disconnect();
    for (const canvas of [this.base, this.top]) {
      canvas.width = canvas.height = 0;
      canvas.remove();
    }
  }
}

/** @param {HTMLElement} host @param {string} label */
function canvasIn(host, label) {
  const canvas = document.createElement('canvas');
  canvas.style.position = 'absolute';
  canvas.style.inset = '0';
  canvas.style.width = '100%';
  canvas.style.height = '100%';
  canvas.style.touchAction = 'none';
  if (label) canvas.setAttribute('aria-label', label);
  else canvas.setAttribute('aria-hidden', 'true');
  host.append(canvas);
  return canvas;
}

/**
 * Dims what is not asked and frames what is.
 * @param {CanvasRenderingContext2D} context @param {View} view @param {Box} clip
 * @param {{outside: Box[], boxes: Box[], present: number|null, ratio: number, dim: number}} what
 */
export function drawAsked(context, view, clip, what) {
  const { ratio } = what;
  const edges = (/** @type {Box} */ box) => [
    Math.round(view.x(box.x0)),
    Math.round(view.y(box.y0)),
    Math.round(view.x(box.x1)),
    Math.round(view.y(box.y1)),
  ];
  context.fillStyle = css([16, 18, 22], what.dim);
  for (const box of what.outside) {
    const [x0, y0, x1, y1] = edges(box);
    if (x1 > clip.x0 && y1 > clip.y0 && x0 < clip.x1 && y0 < clip.y1) {
      context.fillRect(x0, y0, x1 - x0, y1 - y0);
    }
  }
  context.font = `600 ${12 * ratio}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  what.boxes.forEach((box, i) => {
    const [x0, y0, x1, y1] = edges(box);
    const room = 26 * ratio;
    if (x1 < clip.x0 - room || y1 < clip.y0 - room || x0 > clip.x1 + room || y0 > clip.y1 + room) {
      return;
    }
    const present = i === what.present;
    const thin = (present ? 2 : 1) * ratio;
    context.lineWidth = thin + 2 * ratio;
    context.strokeStyle = 'rgba(0,0,0,0.55)';
    context.strokeRect(x0 - thin / 2, y0 - thin / 2, x1 - x0 + thin, y1 - y0 + thin);
    context.lineWidth = thin;
    context.strokeStyle = present ? '#ffd23f' : '#ffffff';
    context.strokeRect(x0 - thin / 2, y0 - thin / 2, x1 - x0 + thin, y1 - y0 + thin);
    const text = String(i + 1);
    const w = (10 + 8 * text.length) * ratio;
    const h = 18 * ratio;
    const top = y0 - h - thin >= 0 ? y0 - h - thin : y0;
    context.fillStyle = present ? '#ffd23f' : '#ffffff';
    context.fillRect(x0 - thin, top, w, h);
    context.fillStyle = '#111';
    context.fillText(text, x0 - thin + w / 2, top + h / 2 + ratio);
  });
}
