/**
 * Shapes as spans: `emit(y, x0, x1)` per row, half-open. A pixel (x, y) belongs to a shape if its
 * centre (x + 0.5, y + 0.5) does.
 * @typedef {(y: number, x0: number, x1: number) => void} Emit
 */

/** @typedef {{x: number, y: number}} Point */

/**
 * What a disc covers that moves from a to b: all centres at a distance of at most `radius` from the
 * segment. One of less than a pixel across covers the pixels of a `line`, so that no stroke has gaps.
 * @param {Point} a @param {Point} b @param {number} radius
 * @param {number} height @param {number} width @param {Emit} emit
 */
export function capsule(a, b, radius, height, width, emit) {
  if (radius < 0.75) {
    line(a, b, (x, y) => {
      if (x >= 0 && y >= 0 && x < width && y < height) emit(y, x, x + 1);
    });
    return;
  }
  const r = radius;
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length2 = dx * dx + dy * dy;
  const first = Math.max(0, Math.ceil(Math.min(a.y, b.y) - r - 0.5));
  const last = Math.min(height - 1, Math.floor(Math.max(a.y, b.y) + r - 0.5));
  for (let y = first; y <= last; y++) {
    const cy = y + 0.5;
    let low = Infinity;
    let high = -Infinity;
    for (const end of [a, b]) {
      const rest = r * r - (cy - end.y) ** 2;
      if (rest < 0) continue;
      low = Math.min(low, end.x - Math.sqrt(rest));
      high = Math.max(high, end.x + Math.sqrt(rest));
    }
    if (length2 > 0) {
      // The band between the two discs: |cross| <= r * length and 0 <= dot <= length².
      const length = Math.sqrt(length2);
      const range = band(dx, dy, length, length2, a, cy, r);
      low = Math.min(low, range[0]);
      high = Math.max(high, range[1]);
    }
    const x0 = Math.max(0, Math.ceil(low - 0.5));
    const x1 = Math.min(width, Math.floor(high - 0.5) + 1);
    if (x0 < x1) emit(y, x0, x1);
  }
}

/**
 * The x of a row for which a point lies beside the segment and within r of it; empty: [inf, -inf].
 * @param {number} dx @param {number} dy @param {number} length @param {number} length2
 * @param {Point} a @param {number} cy @param {number} r @returns {[number, number]}
 */
function band(dx, dy, length, length2, a, cy, r) {
  let low = -Infinity;
  let high = Infinity;
  const v = cy - a.y;
  if (dy !== 0) {
    const p = (dx * v - r * length) / dy;
    const q = (dx * v + r * length) / dy;
    low = Math.max(low, Math.min(p, q));
    high = Math.min(high, Math.max(p, q));
  } else if (Math.abs(v) > r) return [Infinity, -Infinity];
  if (dx !== 0) {
    const p = -(dy * v) / dx;
    const q = (length2 - dy * v) / dx;
    low = Math.max(low, Math.min(p, q));
    high = Math.min(high, Math.max(p, q));
  } else if (dy * v < 0 || dy * v > length2) return [Infinity, -Infinity];
  return low <= high ? [a.x + low, a.x + high] : [Infinity, -Infinity];
}

/**
 * The inside of a closed polygon by the even-odd rule. A centre on its border belongs to the side
 * right of or below the border, so that neighbouring polygons neither overlap nor leave gaps.
 * @param {Point[]} points @param {number} height @param {number} width @param {Emit} emit
 */
export function polygon(points, height, width, emit) {
  let top = Infinity;
  let bottom = -Infinity;
  for (const { y } of points) {
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const first = Math.max(0, Math.ceil(top - 0.5));
  const last = Math.min(height - 1, Math.floor(bottom - 0.5));
  for (let y = first; y <= last; y++) {
    const cy = y + 0.5;
    /** @type {number[]} */
    const crossings = [];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [a, b] = [points[j], points[i]];
      if (a.y <= cy === b.y <= cy) continue;
      crossings.push(a.x + ((cy - a.y) / (b.y - a.y)) * (b.x - a.x));
    }
    crossings.sort((p, q) => p - q);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const x0 = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const x1 = Math.min(width, Math.ceil(crossings[i + 1] - 0.5));
      if (x0 < x1) emit(y, x0, x1);
    }
  }
}

/**
 * The pixels from that of a to that of b, each a neighbour of the one before (diagonals count).
 * @param {Point} a @param {Point} b @param {(x: number, y: number) => void} each
 */
export function line(a, b, each) {
  let x = Math.floor(a.x);
  let y = Math.floor(a.y);
  const [x1, y1] = [Math.floor(b.x), Math.floor(b.y)];
  const dx = Math.abs(x1 - x);
  const dy = -Math.abs(y1 - y);
  const [sx, sy] = [x < x1 ? 1 : -1, y < y1 ? 1 : -1];
  for (let error = dx + dy; ; ) {
    each(x, y);
    if (x === x1 && y === y1) return;
    const twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x += sx;
    }
    if (twice <= dx) {
      error += dx;
      y += sy;
    }
  }
}
