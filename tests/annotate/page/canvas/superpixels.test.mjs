import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Area } from '../../../../raysal/annotate/page/js/canvas/area.js';
import { outline } from '../../../../raysal/annotate/page/js/canvas/outline.js';
import { Painting } from '../../../../raysal/annotate/page/js/canvas/painting.js';
import { paintFill, seedsOf } from '../../../../raysal/annotate/page/js/canvas/scribbles.js';
import { Superpixels } from '../../../../raysal/annotate/page/js/canvas/superpixels.js';
import { chance, collect, rows, whole } from './support.mjs';

test('boxes and spans of superpixels are their pixels', () => {
  const random = chance(9);
  for (let round = 0; round < 100; round++) {
    const [h, w, n] = [1 + whole(random, 15), 1 + whole(random, 15), 1 + whole(random, 6)];
    const labels = Uint32Array.from({ length: h * w }, () => whole(random, n));
    const superpixels = new Superpixels(h, w, labels, n);
    for (let id = 0; id < n; id++) {
      const found = collect(h, w, (emit) => superpixels.spans(id, emit));
      const xs = [];
      const ys = [];
      labels.forEach((label, i) => {
        assert.equal(found[i] === 1, label === id);
        if (label === id) {
          xs.push(i % w);
          ys.push(Math.floor(i / w));
        }
      });
      if (xs.length === 0) continue;
      assert.deepEqual(superpixels.box(id), {
        x0: Math.min(...xs),
        y0: Math.min(...ys),
        x1: Math.max(...xs) + 1,
        y1: Math.max(...ys) + 1,
      });
    }
  }
});

test('superpixels of another size are refused', () => {
  assert.throws(() => new Superpixels(2, 3, new Uint32Array(5), 1), /another size/);
});

test('the outline of an L', () => {
  const set = new Set(['0,0', '0,1', '1,1']);
  const box = { x0: 0, y0: 0, x1: 2, y1: 2 };
  assert.deepEqual(outline(box, (x, y) => set.has(`${x},${y}`)), [
    0, 0, 1, 0, 1, 1, 2, 1, 0, 2, 2, 2, 0, 0, 0, 2, 1, 0, 1, 1, 2, 1, 2, 2,
  ]);
});

test('an outline is every pixel edge between inside and outside, once', () => {
  const random = chance(10);
  for (let round = 0; round < 100; round++) {
    const [h, w] = [1 + whole(random, 10), 1 + whole(random, 10)];
    const data = Uint8Array.from({ length: h * w }, () => whole(random, 2));
    const has = (x, y) => x >= 0 && y >= 0 && x < w && y < h && data[y * w + x] === 1;
    const expected = new Set();
    for (let y = 0; y <= h; y++) {
      for (let x = 0; x <= w; x++) {
        if (has(x, y) !== has(x, y - 1)) expected.add(`h${x},${y}`);
        if (has(x, y) !== has(x - 1, y)) expected.add(`v${x},${y}`);
      }
    }
    const found = [];
    const segments = outline({ x0: 0, y0: 0, x1: w, y1: h }, has);
    for (let i = 0; i < segments.length; i += 4) {
      const [x0, y0, x1, y1] = segments.slice(i, i + 4);
      for (let x = x0; x < x1; x++) found.push(`h${x},${y0}`);
      for (let y = y0; y < y1; y++) found.push(`v${x0},${y}`);
    }
    assert.equal(new Set(found).size, found.length);
    assert.deepEqual(new Set(found), expected);
  }
});

const quarters = new Superpixels(4, 4, Uint32Array.from([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3]), 4);

test('seeds: most pixels decide, of equals the later stroke; what may not be painted does not count', () => {
  const across = (classId, y, x0, x1) => ({ classId, points: [{ x: x0, y }, { x: x1, y }] });
  const all = () => true;
  assert.deepEqual(seedsOf([across(5, 0.5, 0.5, 3.5)], quarters, all), [[0, 5], [1, 5]]);
  assert.deepEqual(seedsOf([across(5, 0.5, 0.5, 1.5), across(6, 1.5, 0.5, 0.6)], quarters, all), [[0, 5]]);
  assert.deepEqual(seedsOf([across(5, 0.5, 0.5, 1.5), across(6, 1.5, 0.5, 1.5)], quarters, all), [[0, 6]]);
  assert.deepEqual(seedsOf([across(5, 0.5, 0.5, 3.5)], quarters, (x) => x < 2), [[0, 5]]);
});

test('a fill leaves what was painted by hand, and replaces the fill before it', () => {
  const paint = new Painting(4, 4, null, new Area(4, 4, [], true));
  paint.begin();
  paint.span(0, 0, 1, 7);
  paint.commit();
  paint.begin();
  paintFill(paint, quarters, 'fine', [[0, 1], [1, 1], [2, 2]]);
  paint.commit();
  assert.deepEqual(rows(paint.data, 4), ['7111', '1111', '22..', '22..']);
  paint.begin();
  paintFill(paint, quarters, 'fine', [[0, 3], [1, 1], [2, 1]]);
  paint.commit();
  assert.deepEqual(rows(paint.data, 4), ['7311', '3311', '11..', '11..']);
  paint.undo();
  paint.undo();
  assert.deepEqual(rows(paint.data, 4), ['7...', '....', '....', '....']);
  assert.equal(paint.marks.filled, null);
});
