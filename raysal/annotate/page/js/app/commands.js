/**
 * What keys and buttons do: one function per command of `COMMANDS`.
 * @typedef {import('./app.js').App} App
 */
import { showHelp } from '../parts/help.js';
import { toast } from '../parts/toasts.js';
import { TOOLS } from '../state/keys.js';

const ZOOM = 1.25;
const BRUSH = 1.2;

/**
 * @param {App} app
 * @returns {(command: string) => void}
 */
export function makeCommands(app) {
  const { bench, hands, panels } = app;
  const finishing = () => app.finishing;
  /** @type {Record<string, () => void>} */
  const commands = {
    undo: () => void bench.undo(),
    redo: () => void bench.redo(),
    fill: () => void fill(app),
    clear: () => bench.clearScribbles(),
    'accept-region': () => accept(app, app.image?.info.whole ? 'image' : 'region'),
    'accept-image': () => accept(app, 'image'),
    grain: () => hands.turnGrain(),
    smaller: () => hands.setBrush(Math.min(bench.brush - 1, bench.brush / BRUSH)),
    bigger: () => hands.setBrush(Math.max(bench.brush + 1, bench.brush * BRUSH)),
    unlock: () => unlock(app),
    next: () => finishing()?.next(),
    previous: () => finishing()?.previous(),
    'next-region': () => region(app, 1),
    'previous-region': () => region(app, -1),
    unusable: () => finishing()?.askUnusable(),
    note: () => finishing()?.askNote(),
    return: () => finishing()?.askReturn(),
    fit: () => bench.fit(),
    'zoom-in': () => bench.zoom(ZOOM),
    'zoom-out': () => bench.zoom(1 / ZOOM),
    hide: () => hands.hideLabels(),
    outline: () => hands.setStyle(bench.style === 'fill' ? 'outline' : 'fill'),
    'layer-prediction': () => hands.toggleLayer('prediction'),
    'layer-map': () => hands.toggleLayer('map'),
    'layer-superpixels': () => hands.toggleLayer('superpixels'),
    'layer-extended': () => hands.toggleLayer('extended'),
    'find-class': () => panels.palette.focusSearch(),
    'line-cut': () => void bench.finishLine(),
    'line-close': () => void bench.closeLine(),
    'line-cancel': () => void bench.cancelLine(),
    'delete-selection': () => void bench.deleteSelection(),
    help: () =>
      showHelp({
        singleKeys: hands.singleKeys,
        setSingleKeys: (on) => hands.setSingleKeys(on),
        aids: hands.aids,
        setAids: (aids) => hands.setAids(aids),
        showHints: () => panels.hints.restore(),
      }),
  };
  for (const { id } of TOOLS) commands[id] = () => hands.setTool(id);
  const always = new Set(['help', 'next', 'previous', 'find-class']);
  return (command) => {
    if (app.image === null && !always.has(command) && !command.startsWith('layer-')) return;
    commands[command]?.();
  };
}

/**
 * @param {App} app
 * @param {'region' | 'image'} what
 */
function accept(app, what) {
  const { image, bench } = app;
  if (image === null || image.mode === 'view') return;
  if (image.feed.there.has('prediction')) bench.acceptPrediction(what);
  else toast(image.feed.missing('prediction'), { kind: 'warn' });
}

/** @param {App} app */
function unlock(app) {
  const { bench, image, panels } = app;
  if (image === null || image.info.whole || image.mode === 'view') return;
  bench.unlocked = !bench.unlocked;
  toast(bench.unlocked ? 'Outside of the regions may be painted, too' : 'Only the regions are painted');
  panels.render();
}

/**
 * @param {App} app
 * @param {1 | -1} step
 */
function region(app, step) {
  const { bench, image } = app;
  const regions = image?.info.rectangles.length ?? 0;
  if (image === null || image.info.whole || regions === 0) return;
  bench.goToRegion(((bench.region ?? -step) + step + regions) % regions);
}

/**
 * The rest of the region, or of the image, follows from the scribbles.
 * @param {App} app
 */
async function fill(app) {
  const { bench, image } = app;
  if (image === null || image.mode === 'view') return;
  if (!image.feed.there.has('superpixels')) {
    toast('The superpixels are being prepared: press F again in a moment');
    return;
  }
  const seeds = bench.scribbleSeeds();
  if (seeds.length === 0) {
    toast('Draw a short stroke in each class first (tool D), then press F');
    return;
  }
  const where = image.info.whole ? null : bench.region;
  try {
    const grain = /** @type {import('../types.js').Grain} */ (bench.grain);
    const filled = await app.api.fill(image.key, grain, where, seeds);
    if (app.image !== image) return;
    if (filled) bench.applyFill(filled, where);
    else toast('The superpixels are being prepared: press F again in a moment');
  } catch (error) {
    toast(`Not filled: ${error instanceof Error ? error.message : error}`, { kind: 'warn' });
  }
}
