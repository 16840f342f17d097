/** @typedef {[number, number, number]} Colour red, green, blue of 0..255 */

/** As a word of image data: alpha, blue, green, red from the highest byte down.
 * @param {Colour} colour @param {number} alpha 0..1 */
export function word([r, g, b], alpha) {
  return ((Math.round(255 * alpha) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @param {Colour} colour @param {Colour} other @param {number} share of the other @returns {Colour} */
export function mixed(colour, other, share) {
  const at = (/** @type {number} */ i) => Math.round(colour[i] * (1 - share) + other[i] * share);
  return [at(0), at(1), at(2)];
}

/** @param {Colour} colour @param {number} alpha */
export function css([r, g, b], alpha = 1) {
  return `rgba(${r},${g},${b},${alpha})`;
}

/** @param {Colour} colour */
export function isLight([r, g, b]) {
  return 0.299 * r + 0.587 * g + 0.114 * b > 140;
}

/** Black or white, whichever reads better on a colour. @param {Colour} colour */
export function inkOn(colour) {
  return isLight(colour) ? '#000' : '#fff';
}

/** Viridis (van der Walt and Smith 2015) in tenths: equal steps look equal, also in grey. @type {Colour[]} */
const VIRIDIS = [
  [68, 1, 84],
  [72, 36, 117],
  [65, 68, 135],
  [53, 95, 141],
  [42, 120, 142],
  [33, 145, 140],
  [34, 168, 132],
  [68, 191, 112],
  [122, 209, 81],
  [189, 223, 38],
  [253, 231, 37],
];

/** The colour of a value of a map. @param {number} value 0..1 @returns {Colour} */
export function mapColour(value) {
  const at = Math.min(1, Math.max(0, value)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return mixed(VIRIDIS[low], VIRIDIS[low + 1], at - low);
}

/**
 * Eight patterns of 8 x 8 that tell classes apart without colour: 1 where a pixel is darker.
 * @type {((x: number, y: number) => boolean)[]}
 */
const PATTERNS = [
  () => false,
  (x, y) => (x + y) % 8 < 2,
  (x, y) => (x - y + 8) % 8 < 2,
  (x, y) => y % 8 < 2,
  (x) => x % 8 < 2,
  (x, y) => x % 4 < 2 && y % 4 < 2,
  (x, y) => (x + y) % 8 === 0 || (x - y + 8) % 8 === 0,
  (x, y) => x % 8 === 0 || y % 8 === 0,
];

/** Whether the pattern of a class is dark at a place; x and y below 8.
 * @param {number} classId @param {number} x @param {number} y */
export function isHatched(classId, x, y) {
  return PATTERNS[classId % PATTERNS.length](x, y);
}
