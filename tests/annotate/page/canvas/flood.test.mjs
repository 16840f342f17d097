import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Area } from '../../../../raysal/annotate/page/js/canvas/area.js';
import { Barrier, crossedEdges, extended, isOpen, makeCut, separates } from '../../../../raysal/annotate/page/js/canvas/cut.js';
import { flood } from '../../../../raysal/annotate/page/js/canvas/flood.js';
import { Painting } from '../../../../raysal/annotate/page/js/canvas/painting.js';
import { chance, raster, rows, whole } from './support.mjs';

const open = { right: () => false, down: () => false };

function simple(data, w, x, y, limit, barrier) {
  const found = new Uint8Array(data.length).fill(255);
  const value = data[y * w + x];
  const next = [[x, y]];
  while (next.length > 0) {
    const [px, py] = next.pop();
    if (px < limit.x0 || py < limit.y0 || px >= limit.x1 || py >= limit.y1) continue;
    if (found[py * w + px] === 1 || data[py * w + px] !== value) continue;
    found[py * w + px] = 1;
    if (!barrier.right(px, py)) next.push([px + 1, py]);
    if (!barrier.right(px - 1, py)) next.push([px - 1, py]);
    if (!barrier.down(px, py)) next.push([px, py + 1]);
    if (!barrier.down(px, py - 1)) next.push([px, py - 1]);
  }
  return found;
}

function marked(set, length, w) {
  const data = new Uint8Array(length).fill(255);
  let count = 0;
  set.spans((y, x0, x1) => {
    for (let x = x0; x < x1; x++, count++) {
      assert.equal(data[y * w + x], 255);
      data[y * w + x] = 1;
    }
  });
  assert.equal(count, set.count);
  data.forEach((v, i) => assert.equal(set.has(i % w, Math.floor(i / w)), v === 1));
  return data;
}

function full(h, w) {
  return { x0: 0, y0: 0, x1: w, y1: h };
}

test('a fill stays within its label and goes over edges only', () => {
  const data = raster(['0011', '0110', '1100', '0000']);
  const set = flood(data, 4, 0, 0, full(4, 4), null);
  assert.deepEqual(rows(marked(set, 16, 4), 4), ['11..', '1...', '....', '....']);
  assert.deepEqual(set.box, { x0: 0, y0: 0, x1: 2, y1: 2 });
});

test('fills are those of a simple implementation, with and without barriers and limits', () => {
  const random = chance(6);
  for (let round = 0; round < 400; round++) {
    const [h, w] = [1 + whole(random, 18), 1 + whole(random, 18)];
    const labels = 1 + whole(random, 3);
    const data = Uint8Array.from({ length: h * w }, () => whole(random, labels));
    const limit = round % 3 === 0 ? { x0: whole(random, w), y0: whole(random, h), x1: w, y1: h } : full(h, w);
    const bits = Uint8Array.from({ length: h * w }, () => (random() < 0.3 ? 1 + whole(random, 3) : 0));
    const bit = (x, y, n) => x >= 0 && y >= 0 && x < w && y < h && (bits[y * w + x] & n) !== 0;
    const barrier = { right: (x, y) => bit(x, y, 1), down: (x, y) => bit(x, y, 2) };
    const used = round % 2 === 0 ? barrier : null;
    const x = limit.x0 + whole(random, limit.x1 - limit.x0);
    const y = limit.y0 + whole(random, limit.y1 - limit.y0);
    const set = flood(data, w, x, y, limit, used);
    assert.deepEqual(marked(set, h * w, w), simple(data, w, x, y, limit, used ?? open));
  }
});

/** The side of a straight line of every pixel. */
function side(a, b, x, y) {
  return Math.sign((b.x - a.x) * (y + 0.5 - a.y) - (b.y - a.y) * (x + 0.5 - a.x));
}

test('a straight line through an area gives exactly its two sides, also through pixel centres', () => {
  const random = chance(7);
  for (let round = 0; round < 300; round++) {
    const [h, w] = [3 + whole(random, 20), 3 + whole(random, 20)];
    // Whole and half numbers make lines that pass centres and corners exactly.
    const grid = round % 2 === 0 ? 2 : 128;
    const at = (n) => Math.round(random() * n * grid) / grid;
    const upright = random() < 0.5;
    const a = upright ? { x: at(w), y: -3 } : { x: -3, y: at(h) };
    const b = upright ? { x: at(w), y: h + 3 } : { x: w + 3, y: at(h) };
    const paint = new Painting(h, w, new Uint8Array(h * w), new Area(h, w, [], true));
    const cut = makeCut([a, b], paint);
    const barrier = new Barrier([cut], w);
    // Vertices are rounded to 1/128 of a pixel; pixels nearer than that to the line may go either way.
    const sure = (x, y) =>
      Math.abs((b.x - a.x) * (y + 0.5 - a.y) - (b.y - a.y) * (x + 0.5 - a.x)) >
      0.02 * Math.hypot(b.x - a.x, b.y - a.y);
    const parts = new Int32Array(h * w).fill(-1);
    let n = 0;
    for (let i = 0; i < h * w; i++) {
      if (parts[i] >= 0) continue;
      const set = flood(paint.data, w, i % w, Math.floor(i / w), full(h, w), barrier);
      set.spans((y, x0, x1) => parts.fill(n, y * w + x0, y * w + x1));
      n++;
    }
    assert.ok(n <= 2, `round ${round}: ${n} parts`);
    const sides = new Map();
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        if (!sure(x, y)) continue;
        const s = side(a, b, x, y);
        if (!sides.has(s)) sides.set(s, parts[y * w + x]);
        assert.equal(parts[y * w + x], sides.get(s), `round ${round}, pixel ${x} ${y}`);
      }
    }
    if (sides.size === 2) assert.notEqual(sides.get(1), sides.get(-1));
    assert.equal(separates(cut, paint, () => full(h, w)), n === 2);
  }
});

test('a line exactly through pixel centres leaks nowhere, in either direction', () => {
  const random = chance(11);
  const [h, w] = [9, 11];
  for (let round = 0; round < 300; round++) {
    // Vertices are at odd 256ths: here they lie the same odd way before and after the middle pixel.
    const odd = () => 2 * whole(random, 1200) + 1;
    const sign = () => (random() < 0.5 ? 1 : -1);
    const [dx, dy] = [sign() * (odd() + 3000), sign() * odd()];
    const turned = round % 2 === 0;
    const [vx, vy] = turned ? [dy, dx] : [dx, dy];
    const at = (s) => ({ x: (5 * 256 + 128 + s * vx - 1) / 256, y: (4 * 256 + 128 + s * vy - 1) / 256 });
    const paint = new Painting(h, w, new Uint8Array(h * w), new Area(h, w, [], true));
    const cut = makeCut([at(-1), at(1)], paint);
    const barrier = new Barrier([cut], w);
    const first = flood(paint.data, w, 0, 0, full(h, w), barrier);
    const last = flood(paint.data, w, w - 1, h - 1, full(h, w), barrier);
    const others = [flood(paint.data, w, w - 1, 0, full(h, w), barrier), flood(paint.data, w, 0, h - 1, full(h, w), barrier)];
    const parts = new Set([first, last, ...others].map((part) => `${part.count}`));
    const counts = [first, last, ...others].map((part) => part.count);
    assert.ok(counts.every((n) => n < h * w), `round ${round} leaks`);
    assert.equal(Math.min(...counts) + Math.max(...counts), h * w, `round ${round}: ${[...parts]}`);
  }
});

test('a winding line from border to border never leaks', () => {
  const random = chance(8);
  for (let round = 0; round < 200; round++) {
    const n = 3 + whole(random, 6);
    const [h, w] = [24, 30];
    // Rising x: the line does not cross itself, so that it has an upper and a lower side.
    const points = Array.from({ length: n }, (_, i) => ({
      x: i === 0 ? -1 : i === n - 1 ? w + 1 : (i * w) / (n - 1),
      y: Math.round((2 + random() * (h - 4)) * (round % 2 ? 2 : 64)) / (round % 2 ? 2 : 64),
    }));
    const paint = new Painting(h, w, new Uint8Array(h * w), new Area(h, w, [], true));
    const cut = makeCut(points, paint);
    const top = flood(paint.data, w, 0, 0, full(h, w), new Barrier([cut], w));
    const bottom = flood(paint.data, w, 0, h - 1, full(h, w), new Barrier([cut], w));
    assert.equal(top.has(0, h - 1), false, `round ${round} leaks`);
    assert.equal(top.count + bottom.count, h * w, `round ${round} loses pixels`);
    for (let x = 0; x < w; x++) {
      const i = Math.min(n - 2, points.findLastIndex((p) => p.x <= x + 0.5));
      const t = (x + 0.5 - points[i].x) / (points[i + 1].x - points[i].x);
      const y = points[i].y + t * (points[i + 1].y - points[i].y);
      for (let row = 0; row < h; row++) {
        if (Math.abs(row + 0.5 - y) > 0.1) assert.equal(top.has(x, row), row + 0.5 < y);
      }
    }
  }
});

test('edges that a line crosses, worked out by hand', () => {
  const edges = [];
  crossedEdges([{ x: 1, y: -1 }, { x: 1, y: 3 }], 3, 4, (x, y, down) => edges.push([x, y, down]));
  assert.deepEqual(edges, [[0, 0, 0], [0, 1, 0], [0, 2, 0]]);
});

test('a cut keeps to what may be painted and to areas of one label; it closes when it is filled', () => {
  const area = new Area(4, 6, [[0, 0, 4, 4]], false);
  const paint = new Painting(4, 6, raster(['000000', '000000', '110000', '110000']), area);
  const cut = makeCut([{ x: 3, y: -1 }, { x: 3, y: 5 }], paint);
  assert.deepEqual([...cut.edges], [2 * 2, 2 * 8, 2 * 14, 2 * 20]);
  assert.equal(isOpen(cut, paint.data, 6), true);
  paint.begin();
  const part = flood(paint.data, 6, 3, 0, { x0: 0, y0: 0, x1: 4, y1: 4 }, new Barrier([cut], 6));
  part.spans((y, x0, x1) => paint.span(y, x0, x1, 2));
  paint.commit();
  assert.deepEqual(rows(paint.data, 6), ['000200', '000200', '110200', '110200']);
  assert.equal(isOpen(cut, paint.data, 6), false);
});

test('a cut through what has no label stays until both sides have one', () => {
  const paint = new Painting(2, 2, null, new Area(2, 2, [], true));
  const cut = makeCut([{ x: 1, y: -1 }, { x: 1, y: 3 }], paint);
  paint.data.set([1, 255, 1, 255]);
  assert.equal(isOpen(cut, paint.data, 2), true);
  paint.data.set([1, 1, 1, 1]);
  assert.equal(isOpen(cut, paint.data, 2), false);
});

test('a line that ends inside cuts nothing; its ends are drawn on to a near border', () => {
  const paint = new Painting(10, 10, new Uint8Array(100), new Area(10, 10, [], true));
  const short = [{ x: 5, y: 2 }, { x: 5, y: 8 }];
  const limit = () => full(10, 10);
  assert.equal(separates(makeCut(short, paint), paint, limit), false);
  assert.deepEqual(extended(short, paint, 1), short);
  const long = extended(short, paint, 3);
  assert.deepEqual(long, [{ x: 5, y: -0.5 }, { x: 5, y: 10 }]);
  assert.equal(separates(makeCut(long, paint), paint, limit), true);
});
