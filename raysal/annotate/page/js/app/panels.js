/**
 * The parts around the picture, and what of them is chosen.
 * @typedef {import('../parts/layers.js').LayerName} LayerName
 */
import { byId, setText } from '../parts/dom.js';
import { Finish } from '../parts/finish.js';
import { Hints } from '../parts/hints.js';
import { showKept } from '../parts/kept.js';
import { LayersPanel } from '../parts/layers.js';
import { recall, remember } from '../parts/memory.js';
import { BRUSH_MAX, Options } from '../parts/options.js';
import { Palette } from '../parts/palette.js';
import { showPeople } from '../parts/people.js';
import { Strip } from '../parts/strip.js';
import { ToolBar } from '../parts/tools.js';
import { Top } from '../parts/top.js';
import { announce, toast } from '../parts/toasts.js';
import { GRAINS } from '../state/loader.js';
import { count, duration } from '../state/queue.js';

const SHARES_MS = 150;
const LEGEND_STEPS = 12;
const ABOUT_MS = 1000;
/** Tools that need a layer. */
const NEEDS = { accept: 'prediction' };

export class Panels {
  /** @type {import('./poll.js').Poll | null} */
  poll = null;
  tool = 'superpixel';
  classIndex = 0;
  /** @type {Record<LayerName, boolean>} */
  shown = { prediction: false, map: false, superpixels: false, extended: true, ...recall('layers', {}) };
  labelsShown = true;
  aids = { hatch: false, names: false, ...recall('aids', {}) };
  singleKeys = recall('single-keys', true);
  #line = 0;
  #selection = false;
  /** Whether the pointer rests on a button that accepts the prediction. */
  #previewed = false;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sharesTimer;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    const { bench, session } = app;
    this.app = app;
    this.top = new Top(
      session,
      () => showKept(app.outbox, { open: (key) => void app.open(key), decide: (r) => app.decide(r) }),
      () => app.queue && showPeople(app.queue, session.name, app.image?.info.id ?? null),
    );
    this.tools = new ToolBar();
    this.options = new Options({
      setGrain: (grain) => this.setGrain(grain),
      setBrush: (pixels) => this.setBrush(pixels),
    });
    this.palette = new Palette(session.classes, (index) => this.setClass(index));
    this.layers = new LayersPanel({
      toggle: (name) => this.showLayer(name, !this.shown[name]),
      setOpacity: (opacity) => this.setOpacity(opacity),
      setStyle: (style) => this.setStyle(style),
    });
    this.strip = new Strip(
      (key) => void app.open(key),
      (mode) => this.setMode(mode),
    );
    this.finish = new Finish();
    this.hints = new Hints();
    bench.setTool('superpixel');
    bench.setAids(this.aids);
    bench.setOpacity(recall('opacity', 0.55));
    bench.setStyle(recall('style', 'fill'));
    bench.setGrain(recall('grain', 'medium'));
    for (const [name, on] of Object.entries(this.shown)) bench.show(/** @type {LayerName} */ (name), on);
    this.setClass(0);
    this.#listen();
    this.renderSaved();
  }

  /** @param {string} tool */
  setTool(tool) {
    if (!this.#usable(tool) && tool !== 'extended') {
      const feed = this.app.image?.feed;
      if (feed && tool in NEEDS) toast(feed.missing('prediction'), { kind: 'warn' });
      return;
    }
    this.tool = tool;
    this.app.bench.setTool(/** @type {any} */ (tool));
    this.#showPrediction();
    this.#place();
    this.render();
  }

  /** @param {number} index */
  setClass(index) {
    const { bench, session } = this.app;
    const info = session.classes[index];
    if (info === undefined) return;
    const changed = this.classIndex !== index;
    this.classIndex = index;
    bench.setClass(info.id);
    this.palette.select(index);
    if (changed) announce(info.name);
    this.#place();
    this.render();
  }

  /** @param {string} grain */
  setGrain(grain) {
    this.app.bench.setGrain(/** @type {any} */ (grain));
    remember('grain', grain);
    this.render();
  }

  /** @param {1 | -1} step */
  turnGrain(step) {
    const at = GRAINS.indexOf(/** @type {any} */ (this.app.bench.grain));
    this.setGrain(GRAINS[(at + step + GRAINS.length) % GRAINS.length] ?? 'medium');
  }

  /** @param {number} pixels */
  setBrush(pixels) {
    this.app.bench.setBrush(Math.max(1, Math.min(BRUSH_MAX, Math.round(pixels))));
    this.render();
  }

  /** @param {number} opacity */
  setOpacity(opacity) {
    this.app.bench.setOpacity(opacity);
    remember('opacity', opacity);
    this.render();
  }

  /** @param {'fill' | 'outline'} style */
  setStyle(style) {
    this.app.bench.setStyle(style);
    remember('style', style);
    this.render();
  }

  /**
   * @param {LayerName} name
   * @param {boolean} on
   */
  showLayer(name, on) {
    this.shown[name] = on;
    this.app.bench.show(name, on);
    this.#showPrediction();
    remember('layers', this.shown);
    this.render();
  }

  hideLabels() {
    this.labelsShown = !this.labelsShown;
    this.app.bench.show('labels', this.labelsShown);
    toast(this.labelsShown ? 'Labels are shown' : 'Labels are hidden: Shift+H shows them');
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

  /** @param {'label' | 'review'} mode */
  setMode(mode) {
    if (this.app.mode === mode) return;
    this.app.leave();
    this.app.mode = mode;
    this.app.openNext();
    this.render();
  }

  /** An image was opened. */
  opened() {
    const { bench, image } = this.app;
    if (image === null) return;
    this.#line = 0;
    this.#selection = false;
    if (!this.labelsShown) bench.show('labels', (this.labelsShown = true));
    if (this.tool === 'extended' || (!this.#usable(this.tool) && image.mode !== 'view')) {
      this.tool = 'superpixel';
    }
    bench.setTool(image.mode === 'view' ? 'pan' : /** @type {any} */ (this.tool));
    bench.unlocked = false;
    if (image.info.whole) bench.fit();
    else bench.goToRegion(0);
    const what = image.info.whole ? 'the whole image' : `${image.info.rectangles.length} regions`;
    const canvas = byId('canvas');
    canvas.setAttribute('aria-label', `${image.info.id}, ${what}`);
    canvas.dataset.key = image.key;
    this.strip.reveal(image.key);
    this.#place();
    this.#shares();
    byId('canvas').focus({ preventScroll: true });
    this.render();
  }

  /**
   * The canvas has a layer now, or what is known of them has changed.
   * @param {string | null} name
   */
  layer(name) {
    const map = this.app.image?.info.layers.map;
    if (name === 'map' && map) {
      this.layers.legend(map.name, map.low, map.high, this.app.bench.mapLegend(LEGEND_STEPS));
    }
    if (name !== null && name in this.shown) {
      const layer = /** @type {LayerName} */ (name);
      this.app.bench.show(layer, this.shown[layer]);
      this.#showPrediction();
    }
    this.render();
  }

  /** Shares of classes are counted a moment after the last change. */
  sharesChanged() {
    this.#sharesTimer ??= setTimeout(() => this.#shares(), SHARES_MS);
  }

  renderSaved() {
    const { outbox, saver } = this.app;
    const { state } = outbox;
    const drawn = saver.dirty && state.kind === 'saved';
    this.top.saved(drawn ? { kind: 'saving', count: 1, why: '' } : state, outbox.aside.length);
  }

  /** Show what is; at most once per frame. */
  render() {
    if (this.#wanted) return;
    this.#wanted = true;
    requestAnimationFrame(() => {
      this.#wanted = false;
      this.#render();
    });
  }

  #render() {
    const { app } = this;
    const { bench, image, queue, session } = app;
    const editable = image !== null && image.mode !== 'view';
    if (queue) {
      this.top.run(queue, app.reached);
      this.strip.render(queue, image?.key ?? null, app.mode, session.reviewer);
      this.strip.progress(queue.progress, app.done);
    }
    this.tools.render(this.tool, (tool) => this.#usable(tool));
    this.options.render({
      tool: editable ? this.tool : image ? 'pan' : '',
      grain: bench.grain,
      brush: bench.brush,
      open: image !== null,
      editable,
      unlocked: bench.unlocked,
      whole: image?.info.whole ?? true,
      hasPrediction: image?.feed.there.has('prediction') ?? false,
      region: bench.region ?? 0,
      regions: image?.info.rectangles.length ?? 0,
      canUndo: editable && bench.canUndo,
      canRedo: editable && bench.canRedo,
      scale: bench.scale,
      line: this.#line,
      selection: this.#selection,
    });
    this.layers.render(this.#layerStates(), {
      opacity: bench.opacity,
      style: bench.style,
      mayAccept: editable,
      whole: image?.info.whole ?? true,
    });
    const settled = ['done', 'review', 'unusable'].includes(image?.info.answer?.state ?? '');
    this.finish.render({
      mode: app.finishing?.extending ? 'extended' : (image?.mode ?? 'none'),
      corrected: image?.mode === 'review' && image.edited,
      done: settled && !image?.edited,
      hasNote: Boolean(image?.note),
    });
    this.#about();
    this.hints.show(this.tool, editable && !app.finishing?.extending);
  }

  /** Name, size and cost of the open image. */
  #about() {
    const { image, cost } = this.app;
    const [height, width] = image?.info.size ?? [0, 0];
    const { seconds, clicks } = cost.totals;
    const spent = image?.mode === 'view' ? '' : ` · ${duration(seconds)} · ${count(clicks, 'click')}`;
    setText(byId('image-name'), image?.info.id ?? '');
    byId('image-name').title = image?.info.id ?? '';
    const by = image?.mode === 'label' ? '' : (image?.info.answer?.by ?? '');
    const drawn = by && ` · drawn by ${by}`;
    setText(byId('image-cost'), image ? `${width} × ${height}${drawn || spent}` : '');
    byId('image-note').hidden = !image?.note;
    setText(byId('image-note'), image?.note ?? '');
  }

  /** @returns {Record<LayerName, import('../parts/layers.js').LayerState>} */
  #layerStates() {
    const feed = this.app.image?.feed;
    /** @param {LayerName} name */
    const state = (name) => ({
      there: feed?.there.has(name) ?? false,
      shown: this.shown[name],
      text: name === 'extended' && !feed?.there.has(name) ? '' : (feed?.text(name) ?? ''),
    });
    return {
      prediction: state('prediction'),
      map: state('map'),
      superpixels: state('superpixels'),
      extended: state('extended'),
    };
  }

  /** @param {string} tool */
  #usable(tool) {
    const { image } = this.app;
    if (image === null) return false;
    if (image.mode === 'view') return tool === 'pan';
    const need = NEEDS[/** @type {keyof typeof NEEDS} */ (tool)];
    return need === undefined || image.feed.there.has(need);
  }

  /** It is seen also while it is being accepted. */
  #showPrediction() {
    const on = this.shown.prediction || this.#previewed || this.tool === 'accept';
    this.app.bench.show('prediction', on);
  }

  #shares() {
    clearTimeout(this.#sharesTimer);
    this.#sharesTimer = undefined;
    const open = this.app.image !== null;
    this.palette.shares(open ? this.app.bench.classShares('asked') : null);
  }

  /** Where the time from now on is counted. */
  #place() {
    const { bench, cost, image } = this.app;
    cost.active();
    const whole = image?.info.whole ?? true;
    const classId = this.tool === 'eraser' ? 255 : bench.classId;
    cost.at(whole ? 0 : (bench.region ?? -1), classId, this.tool);
  }

  #listen() {
    const { app } = this;
    const { bench, cost } = app;
    /**
     * @param {string} type
     * @param {(detail: any) => void} listener
     */
    const on = (type, listener) =>
      bench.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
    on('edit', ({ tool, class_id: classId, region, clicks }) => {
      cost.active();
      cost.at(region ?? -1, classId ?? 255, tool);
      cost.click(clicks);
      this.#place();
      app.finishing?.forget();
      app.changed();
    });
    on('undone', ({ redo }) => {
      if (!redo) cost.undo();
      app.finishing?.forget();
      app.changed();
    });
    on('view', () => this.render());
    on('brush', () => this.render());
    on('region', () => {
      this.#place();
      this.render();
    });
    on('pick', ({ classId }) => {
      this.setClass(app.session.classes.findIndex((info) => info.id === classId));
    });
    on('line', ({ points }) => {
      this.#line = points;
      this.render();
    });
    on('selection', (detail) => {
      this.#selection = Boolean(detail);
      this.render();
    });
    on('notice', ({ text }) => toast(text));
    on('hover', (detail) => this.#readout(detail));
    for (const accept of document.querySelectorAll('[data-command^="accept-"]')) {
      for (const type of ['pointerenter', 'focus', 'pointerleave', 'blur']) {
        accept.addEventListener(type, () => {
          this.#previewed = type === 'pointerenter' || type === 'focus';
          this.#showPrediction();
        });
      }
    }
    setInterval(() => this.#about(), ABOUT_MS);
    const canvas = byId('canvas');
    for (const type of ['pointermove', 'pointerdown', 'wheel']) {
      canvas.addEventListener(type, () => cost.active(), { passive: true, capture: true });
    }
  }

  /** @param {{x: number, y: number, classId: number, predicted: number | null} | null} detail */
  #readout(detail) {
    const { classes } = this.app.session;
    let text = '';
    if (detail) {
      const label = classes[detail.classId]?.name ?? 'not labelled';
      const predicted = classes[detail.predicted ?? -1]?.name;
      text = `${Math.floor(detail.x)}, ${Math.floor(detail.y)} · ${label}`;
      if (predicted) text += ` · predicted ${predicted}`;
    }
    setText(byId('readout'), text);
  }
}
