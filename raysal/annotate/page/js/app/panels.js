/** The parts around the picture: they are told what is, and what the canvas does. */
import { byId, setText } from '../parts/dom.js';
import { Finish } from '../parts/finish.js';
import { Hints } from '../parts/hints.js';
import { showKept } from '../parts/kept.js';
import { LayersPanel } from '../parts/layers.js';
import { Options } from '../parts/options.js';
import { Palette } from '../parts/palette.js';
import { showPeople } from '../parts/people.js';
import { Strip } from '../parts/strip.js';
import { ToolBar } from '../parts/tools.js';
import { Top } from '../parts/top.js';
import { toast } from '../parts/toasts.js';
import { count, duration } from '../state/queue.js';

const SHARES_MS = 150;
const ABOUT_MS = 1000;
const LEGEND_STEPS = 12;
const SETTLED = ['done', 'review', 'unusable'];

export class Panels {
  /** Points of the unfinished line. */
  #line = 0;
  /** Whether an area is chosen in the tool `modify`. */
  #selection = false;
  #wanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #sharesTimer;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    const { hands, outbox, session } = app;
    this.app = app;
    const kept = { open: app.open.bind(app), decide: app.decide.bind(app) };
    this.top = new Top(
      session,
      () => showKept(outbox, kept),
      () => app.queue && showPeople(app.queue, session.name, app.image?.info.id ?? null),
    );
    this.tools = new ToolBar();
    this.options = new Options({
      setGrain: (grain) => hands.setGrain(grain),
      setBrush: (pixels) => hands.setBrush(pixels),
    });
    this.palette = new Palette(session.classes, (index) => hands.setClass(index));
    this.layers = new LayersPanel({
      toggle: (name) => hands.toggleLayer(name),
      setOpacity: (opacity) => hands.setOpacity(opacity),
      setStyle: (style) => hands.setStyle(style),
    });
    this.strip = new Strip(
      (key) => app.open(key),
      (mode) => app.setMode(mode),
    );
    this.finish = new Finish();
    this.hints = new Hints();
    this.#listen();
    setInterval(() => this.#about(), ABOUT_MS);
    this.renderSaved();
  }

  /** An image was opened. */
  opened() {
    const { bench, hands, image } = this.app;
    if (image === null) return;
    this.#line = 0;
    this.#selection = false;
    this.#readout(null);
    hands.opened();
    const { id, rectangles, whole } = image.info;
    if (whole) bench.fit();
    else bench.goToRegion(0);
    const canvas = byId('canvas');
    const what = whole ? 'the whole image' : count(rectangles.length, 'region');
    canvas.setAttribute('aria-label', `${id}, ${what}`);
    canvas.dataset.key = image.key;
    canvas.focus({ preventScroll: true });
    this.#shares();
    this.#render();
    this.strip.reveal(image.key);
  }

  /**
   * The canvas has a layer now, or what is known of them has changed.
   * @param {string | null} name
   */
  layer(name) {
    const { bench, hands, image } = this.app;
    const map = image?.info.layers.map;
    if (name === 'map' && map) {
      this.layers.legend(map.name, map.low, map.high, bench.mapLegend(LEGEND_STEPS));
    }
    if (name !== null) hands.showLayers();
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
    requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.#wanted = false;
    const { app } = this;
    const { bench, hands, image, queue } = app;
    const editable = image !== null && image.mode !== 'view';
    const whole = image?.info.whole ?? true;
    const extending = app.finishing?.extending ?? null;
    /** @type {import('../parts/finish.js').FinishState['mode']} */
    let mode = image?.mode ?? 'none';
    if (extending && !extending.failed) mode = extending.shown ? 'extended' : 'looking';
    if (queue) {
      this.top.run(queue, app.reached, app.refused);
      this.strip.render(queue, image?.key ?? null, app.mode, app.session.reviewer);
      this.strip.progress(queue, app.done);
    }
    this.tools.render(image && !editable ? 'pan' : hands.tool, (tool) => hands.isUsable(tool));
    this.options.render({
      tool: editable ? hands.tool : image ? 'pan' : '',
      grain: bench.grain,
      brush: bench.brush,
      open: image !== null,
      editable,
      unlocked: bench.unlocked,
      whole,
      hasPrediction: image?.feed.there.has('prediction') ?? false,
      region: bench.region ?? 0,
      regions: image?.info.rectangles.length ?? 0,
      canUndo: editable && bench.canUndo,
      canRedo: editable && bench.canRedo,
      scale: bench.scale,
      line: this.#line,
      selection: this.#selection,
    });
    const { opacity, style } = bench;
    this.layers.render(this.#layerStates(), { opacity, style, mayAccept: editable, whole });
    this.finish.render({
      mode,
      corrected: image?.mode === 'review' && image.edited,
      done: SETTLED.includes(image?.info.answer?.state ?? '') && !image?.edited,
      hasNote: Boolean(image?.note),
    });
    this.#about();
    this.hints.show(hands.tool, editable && !extending);
  }

  /** Name, size and cost of the open image. */
  #about() {
    const { image, cost } = this.app;
    const [height, width] = image?.info.size ?? [0, 0];
    const { seconds, clicks } = cost.totals;
    const by = image?.info.answer?.by;
    const spent = `${duration(seconds)} · ${count(clicks, 'click')}`;
    const last = image?.mode === 'label' ? spent : by ? `drawn by ${by}` : '';
    setText(byId('image-name'), image?.info.id ?? '');
    byId('image-name').title = image?.info.id ?? '';
    setText(byId('image-cost'), [image && `${width} × ${height}`, last].filter(Boolean).join(' · '));
    byId('image-note').hidden = !image?.note;
    setText(byId('image-note'), image?.note ?? '');
  }

  /** @returns {Record<import('../parts/layers.js').LayerName, import('../parts/layers.js').LayerState>} */
  #layerStates() {
    const feed = this.app.image?.feed;
    const { shown } = this.app.hands;
    /** @param {import('../parts/layers.js').LayerName} name */
    const state = (name) => ({
      there: feed?.there.has(name) ?? false,
      shown: shown[name],
      text: name === 'extended' && !feed?.there.has(name) ? '' : (feed?.text(name) ?? ''),
    });
    return {
      prediction: state('prediction'),
      map: state('map'),
      superpixels: state('superpixels'),
      extended: state('extended'),
    };
  }

  #shares() {
    clearTimeout(this.#sharesTimer);
    this.#sharesTimer = undefined;
    const open = this.app.image !== null;
    this.palette.shares(open ? this.app.bench.classShares('asked') : null);
  }

  #listen() {
    const { app } = this;
    const { bench, cost, hands } = app;
    /**
     * @param {string} type
     * @param {(detail: any) => void} listener
     */
    const on = (type, listener) =>
      bench.addEventListener(type, (event) => listener(/** @type {CustomEvent} */ (event).detail));
    on('edit', ({ tool, class_id: classId, region, clicks }) => {
      this.hints.used(tool);
      cost.active();
      cost.at(region ?? -1, classId ?? 255, tool);
      cost.click(clicks);
      hands.place();
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
      hands.place();
      this.render();
    });
    on('pick', ({ classId }) => {
      hands.setClass(app.session.classes.findIndex((info) => info.id === classId));
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
