import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Area } from '../../../../raysal/annotate/page/js/canvas/area.js';
import { Painting } from '../../../../raysal/annotate/page/js/canvas/painting.js';
import { chance, rows, whole } from './support.mjs';

function painting(h, w, rectangles = [], asked = true, data = null) {
  return new Painting(h, w, data, new Area(h, w, rectangles, asked));
}

test('undo and redo give back every raster of a long story, exactly', () => {
  const random = chance(4);
  for (const [h, w] of [[200, 131], [64, 64], [65, 1], [1, 300]]) {
    const paint = painting(h, w);
    const story = [paint.data.slice()];
    for (let step = 0; step < 60; step++) {
      paint.begin();
      for (let n = 1 + whole(random, 40); n > 0; n--) {
        const x0 = whole(random, w);
        paint.span(whole(random, h), x0, x0 + 1 + whole(random, w - x0), whole(random, 4));
      }
      if (paint.commit()) story.push(paint.data.slice());
    }
    assert.equal(paint.history.steps, story.length - 1);
    for (let at = story.length - 2; at >= 0; at--) {
      assert.ok(paint.undo());
      assert.deepEqual(paint.data, story[at]);
    }
    assert.equal(paint.undo(), null);
    for (let at = 1; at < story.length; at++) {
      assert.ok(paint.redo());
      assert.deepEqual(paint.data, story[at]);
    }
    assert.equal(paint.redo(), null);
  }
});

test('a step after an undo forgets what was undone', () => {
  const paint = painting(4, 4);
  for (const id of [1, 2]) {
    paint.begin();
    paint.span(0, 0, 4, id);
    paint.commit();
  }
  paint.undo();
  paint.begin();
  paint.span(1, 0, 2, 3);
  paint.commit();
  assert.equal(paint.history.canRedo, false);
  assert.deepEqual(rows(paint.data, 4), ['1111', '33..', '....', '....']);
  paint.undo();
  paint.undo();
  assert.deepEqual(rows(paint.data, 4), ['....', '....', '....', '....']);
});

test('a step that changes nothing is none; a step taken back leaves nothing', () => {
  const paint = painting(70, 70);
  paint.begin();
  paint.span(3, 0, 70, 255);
  assert.equal(paint.changed, false);
  assert.equal(paint.commit(), null);
  paint.begin();
  paint.span(66, 10, 70, 5);
  assert.equal(paint.changed, true);
  assert.ok(paint.rollback());
  assert.ok(paint.data.every((value) => value === 255));
  assert.equal(paint.history.canUndo, false);
});

test('what is kept depends on what changed, not on the size of the image', () => {
  const paint = painting(2000, 3000);
  for (let step = 0; step < 100; step++) {
    paint.begin();
    for (let y = 0; y < 20; y++) paint.span(10 * step + y, 20 * step, 20 * step + 20, step % 7);
    paint.commit();
  }
  assert.ok(paint.history.bytes < 100 * 400, `${paint.history.bytes} bytes`);
});

test('only what is asked is written, unless unlocked, and only within the limit', () => {
  const random = chance(5);
  for (let round = 0; round < 100; round++) {
    const [h, w] = [1 + whole(random, 20), 1 + whole(random, 20)];
    const rectangles = Array.from({ length: whole(random, 5) }, () => {
      const [r, c] = [whole(random, h), whole(random, w)];
      return [r, c, 1 + whole(random, h), 1 + whole(random, w)];
    });
    const asked = (x, y) => rectangles.some(([r, c, rh, cw]) => y >= r && y < r + rh && x >= c && x < c + cw);
    const paint = painting(h, w, rectangles, false);
    paint.unlocked = round % 3 === 0;
    paint.begin();
    const limit = round % 2 === 0 ? { x0: 2, y0: 3, x1: 9, y1: 15 } : null;
    paint.limit = limit;
    for (let y = 0; y < h; y++) paint.span(y, 0, w, 1);
    paint.commit();
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const within = !limit || (x >= 2 && x < 9 && y >= 3 && y < 15);
        const expected = within && (paint.unlocked || asked(x, y));
        assert.equal(paint.data[y * w + x] === 1, expected);
        assert.equal(paint.area.contains(x, y), asked(x, y));
      }
    }
    const outside = new Uint8Array(h * w);
    for (const box of paint.area.outside()) {
      for (let y = box.y0; y < box.y1; y++) for (let x = box.x0; x < box.x1; x++) outside[y * w + x]++;
    }
    outside.forEach((n, i) => assert.equal(n, asked(i % w, Math.floor(i / w)) ? 0 : 1));
  }
});

test('the best region comes first where several lie, but the present one before it', () => {
  const area = new Area(10, 10, [[0, 0, 6, 6], [4, 4, 6, 6]], false);
  assert.equal(area.regionAt(5, 5, null), 0);
  assert.equal(area.regionAt(5, 5, 1), 1);
  assert.equal(area.regionAt(9, 9, 0), 1);
  assert.equal(area.regionAt(9, 0, 0), null);
});

test('a copy takes what the source has, over labels only if told so', () => {
  const paint = painting(1, 5, [], true, Uint8Array.of(255, 1, 255, 1, 255));
  const source = Uint8Array.of(2, 2, 255, 255, 3);
  paint.begin();
  paint.copy(0, 0, 5, source, true);
  paint.commit();
  assert.deepEqual(rows(paint.data, 5), ['21.13']);
  paint.begin();
  paint.copy(0, 0, 5, source, false);
  paint.commit();
  assert.deepEqual(rows(paint.data, 5), ['22.13']);
});

test('marks are taken back with the step that made them', () => {
  const paint = painting(2, 2);
  paint.begin();
  paint.marks = { ...paint.marks, refused: new Set([3]) };
  assert.deepEqual(paint.commit(), { box: null });
  paint.undo();
  assert.equal(paint.marks.refused.has(3), false);
  paint.redo();
  assert.equal(paint.marks.refused.has(3), true);
});
