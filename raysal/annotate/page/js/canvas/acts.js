import { paintFill } from './scribbles.js';

/** @typedef {import('./desk.js').Desk} Desk */

/** Paints the superpixels that scribbles were grown to; one step.
 * @param {Desk} desk @param {ReadonlyArray<ReadonlyArray<number>>} fill superpixel and class id each
 * @param {number|null} region only there; null: in all that may be painted */
export function applyFill(desk, fill, region) {
  const superpixels = desk.superpixels(true);
  if (!superpixels) return;
  const { painting, area } = desk.open;
  const box = region === null ? null : (area.boxes[region] ?? null);
  const last = painting.marks.scribbles[painting.marks.scribbles.length - 1];
  const at = box ? { x: box.x0, y: box.y0 } : (last?.points[0] ?? { x: 0, y: 0 });
  desk.begin('scribble', last?.classId ?? desk.classId, at, 0);
  painting.limit = box;
  paintFill(painting, superpixels, desk.grain, fill);
  desk.end();
}

/** Makes labels of the prediction; one step.
 * @param {Desk} desk @param {'region'|'image'|{superpixel: number}} scope in a region and in the image
 * only what has no label yet; of a superpixel everything */
export function acceptPrediction(desk, scope) {
  const { prediction, area, painting } = desk.open;
  if (!prediction) {
    desk.notice('There is no prediction of this image yet.');
    return;
  }
  const region = scope === 'region' && desk.region !== null ? area.boxes[desk.region] : null;
  const superpixels = typeof scope === 'object' ? desk.superpixels(true) : null;
  if (typeof scope === 'object' && !superpixels) return;
  const box =
    superpixels && typeof scope === 'object'
      ? superpixels.box(scope.superpixel)
      : (region ?? { x0: 0, y0: 0, x1: painting.width, y1: painting.height });
  const middle = { x: (box.x0 + box.x1) / 2, y: (box.y0 + box.y1) / 2 };
  desk.begin('accept', desk.classId, middle);
  if (superpixels && typeof scope === 'object') {
    superpixels.spans(scope.superpixel, (y, x0, x1) => painting.copy(y, x0, x1, prediction, false));
  } else {
    for (let y = box.y0; y < box.y1; y++) painting.copy(y, box.x0, box.x1, prediction, true);
  }
  if (!desk.end()) desk.notice('Everything there has a label already.');
}
