/**
 * What is in hand and how things are shown: tool, class, grain, brush, layers, opacity.
 * @typedef {import('../parts/layers.js').LayerName} LayerName
 */
import { recall, remember } from '../parts/memory.js';
import { BRUSH_MAX } from '../parts/options.js';
import { announce, toast } from '../parts/toasts.js';
import { GRAINS } from '../state/loader.js';

/** @type {Record<string, string>} tools that need a layer */
const NEEDS = { accept: 'prediction' };

export class Hands {
  tool = 'superpixel';
  classIndex = 0;
  /** @type {Record<LayerName, boolean>} */
  shown = { prediction: false, map: false, superpixels: false, extended: true, ...recall('layers', {}) };
  aids = { hatch: false, names: false, ...recall('aids', {}) };
  singleKeys = recall('single-keys', true);
  #labelsShown = true;
  /** Whether the pointer rests on a button that accepts the prediction. */
  #previewed = false;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
  }

  /** Give the canvas what was in hand last. */
  start() {
    const { bench } = this.app;
    bench.setTool('superpixel');
    bench.setAids(this.aids);
    bench.setOpacity(recall('opacity', 0.55));
    bench.setStyle(recall('style', 'fill'));
    bench.setGrain(recall('grain', 'medium'));
    this.showLayers();
    this.setClass(0);
    for (const accept of document.querySelectorAll('[data-command^="accept-"]')) {
      for (const type of ['pointerenter', 'focus', 'pointerleave', 'blur']) {
        accept.addEventListener(type, () => {
          this.#previewed = type === 'pointerenter' || type === 'focus';
          this.showLayers();
        });
      }
    }
  }

  /** An image was opened. */
  opened() {
    const { bench, image } = this.app;
    if (image === null) return;
    const usable = this.tool !== 'extended' && this.isUsable(this.tool);
    if (!usable && image.mode !== 'view') this.tool = 'superpixel';
    bench.setTool(image.mode === 'view' ? 'pan' : /** @type {any} */ (this.tool));
    bench.unlocked = false;
    if (!this.#labelsShown) bench.show('labels', (this.#labelsShown = true));
    this.place();
  }

  /**
   * Whether a tool can be used in the open image.
   * @param {string} tool
   */
  isUsable(tool) {
    const { image } = this.app;
    if (image === null) return false;
    if (image.mode === 'view') return tool === 'pan';
    const need = NEEDS[tool];
    return need === undefined || image.feed.there.has(need);
  }

  /** @param {string} tool */
  setTool(tool) {
    const { bench, image, panels } = this.app;
    if (!this.isUsable(tool)) {
      const need = NEEDS[tool];
      if (image && need) toast(image.feed.missing(need), { kind: 'warn' });
      return;
    }
    this.tool = tool;
    bench.setTool(/** @type {any} */ (tool));
    this.showLayers();
    this.place();
    panels.render();
  }

  /** @param {number} index */
  setClass(index) {
    const { bench, panels, session } = this.app;
    const info = session.classes[index];
    if (info === undefined) return;
    if (this.classIndex !== index) announce(info.name);
    this.classIndex = index;
    bench.setClass(info.id);
    panels.palette.select(index);
    this.place();
    panels.render();
  }

  /** @param {string} grain */
  setGrain(grain) {
    this.app.bench.setGrain(/** @type {any} */ (grain));
    remember('grain', grain);
    this.app.panels.render();
  }

  turnGrain() {
    const at = GRAINS.indexOf(/** @type {any} */ (this.app.bench.grain));
    this.setGrain(GRAINS[(at + 1) % GRAINS.length] ?? 'medium');
  }

  /** @param {number} pixels diameter, of the picture */
  setBrush(pixels) {
    this.app.bench.setBrush(Math.max(1, Math.min(BRUSH_MAX, Math.round(pixels))));
    this.app.panels.render();
  }

  /** @param {number} opacity */
  setOpacity(opacity) {
    this.app.bench.setOpacity(opacity);
    remember('opacity', opacity);
    this.app.panels.render();
  }

  /** @param {'fill' | 'outline'} style */
  setStyle(style) {
    this.app.bench.setStyle(style);
    remember('style', style);
    this.app.panels.render();
  }

  /** @param {LayerName} name */
  toggleLayer(name) {
    this.shown[name] = !this.shown[name];
    remember('layers', this.shown);
    this.showLayers();
    this.app.panels.render();
  }

  /** Tell the canvas which layers are shown; the prediction also while it is being accepted. */
  showLayers() {
    for (const [name, on] of Object.entries(this.shown)) {
      const accepting = name === 'prediction' && (this.#previewed || this.tool === 'accept');
      const deciding = name === 'extended' && this.tool === 'extended';
      this.app.bench.show(/** @type {LayerName} */ (name), on || accepting || deciding);
    }
  }

  hideLabels() {
    this.#labelsShown = !this.#labelsShown;
    this.app.bench.show('labels', this.#labelsShown);
    toast(this.#labelsShown ? 'Labels are shown' : 'Labels are hidden: Shift+H shows them');
  }

  /** @param {{hatch: boolean, names: boolean}} aids */
  setAids(aids) {
    this.aids = aids;
    remember('aids', aids);
    this.app.bench.setAids(aids);
  }

  /** @param {boolean} on */
  setSingleKeys(on) {
    this.singleKeys = on;
    remember('single-keys', on);
  }

  /** Where the time from now on is counted. */
  place() {
    const { bench, cost, image } = this.app;
    cost.active();
    const whole = image?.info.whole ?? true;
    const classId = this.tool === 'eraser' ? 255 : bench.classId;
    cost.at(whole ? 0 : (bench.region ?? -1), classId, this.tool);
  }
}
