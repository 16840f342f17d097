import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capsule, line, polygon } from '../../../../raysal/annotate/page/js/canvas/shapes.js';
import { chance, collect, rows, whole } from './support.mjs';

test('a disc', () => {
  const at = { x: 3.5, y: 2.5 };
  const disc = collect(6, 7, (emit) => capsule(at, at, 2, 6, 7, emit));
  assert.deepEqual(rows(disc, 7), ['...1...', '..111..', '.11111.', '..111..', '...1...', '.......']);
});

test('a moved disc covers what is near the segment, as measured pixel by pixel', () => {
  const random = chance(1);
  for (let round = 0; round < 300; round++) {
    const [h, w] = [1 + whole(random, 30), 1 + whole(random, 30)];
    const point = () => ({ x: random() * (w + 12) - 6, y: random() * (h + 12) - 6 });
    const [a, b] = [point(), round % 5 === 0 ? null : point()];
    const end = b ?? a;
    if (round % 7 === 0) end.y = a.y;
    if (round % 11 === 0) end.x = a.x;
    const r = 0.75 + 6 * random();
    const found = collect(h, w, (emit) => capsule(a, end, r, h, w, emit));
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [px, py] = [x + 0.5 - a.x, y + 0.5 - a.y];
        const [dx, dy] = [end.x - a.x, end.y - a.y];
        const t = Math.min(1, Math.max(0, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
        const distance = Math.hypot(px - t * dx, py - t * dy);
        if (Math.abs(distance - r) < 1e-9) continue;
        assert.equal(found[y * w + x] === 1, distance < r, `round ${round}, pixel ${x} ${y}`);
      }
    }
  }
});

test('a thin stroke is connected and one pixel wide', () => {
  const [a, b] = [{ x: 0.2, y: 0.2 }, { x: 6.9, y: 2.9 }];
  const thin = collect(4, 8, (emit) => capsule(a, b, 0.5, 4, 8, emit));
  assert.deepEqual(rows(thin, 8), ['11......', '..111...', '.....11.', '........']);
});

test('a line ends where it should and leaves no gap', () => {
  const random = chance(2);
  for (let round = 0; round < 200; round++) {
    const point = () => ({ x: 40 * random() - 20, y: 40 * random() - 20 });
    const [a, b] = [point(), point()];
    const pixels = [];
    line(a, b, (x, y) => pixels.push([x, y]));
    assert.deepEqual(pixels[0], [Math.floor(a.x), Math.floor(a.y)]);
    assert.deepEqual(pixels.at(-1), [Math.floor(b.x), Math.floor(b.y)]);
    const [sx, sy] = [pixels.at(-1)[0] - pixels[0][0], pixels.at(-1)[1] - pixels[0][1]];
    assert.equal(pixels.length, 1 + Math.max(Math.abs(sx), Math.abs(sy)));
    for (let i = 1; i < pixels.length; i++) {
      const step = Math.max(...[0, 1].map((k) => Math.abs(pixels[i][k] - pixels[i - 1][k])));
      assert.equal(step, 1);
    }
  }
});

test('a triangle, worked out by hand', () => {
  const points = [{ x: 1, y: 1 }, { x: 5, y: 1 }, { x: 1, y: 5 }];
  const inside = collect(6, 6, (emit) => polygon(points, 6, 6, emit));
  assert.deepEqual(rows(inside, 6), ['......', '.111..', '.11...', '.1....', '......', '......']);
});

test('a polygon is what the even-odd rule says pixel by pixel', () => {
  const random = chance(3);
  for (let round = 0; round < 200; round++) {
    const [h, w] = [1 + whole(random, 24), 1 + whole(random, 24)];
    const points = Array.from({ length: 3 + whole(random, 7) }, () => ({
      x: random() * (w + 8) - 4,
      y: random() * (h + 8) - 4,
    }));
    const found = collect(h, w, (emit) => polygon(points, h, w, emit));
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        let odd = false;
        points.forEach((a, i) => {
          const b = points[(i + 1) % points.length];
          if (a.y > y + 0.5 === b.y > y + 0.5) return;
          odd = odd !== x + 0.5 < a.x + ((y + 0.5 - a.y) / (b.y - a.y)) * (b.x - a.x);
        });
        assert.equal(found[y * w + x] === 1, odd, `round ${round}, pixel ${x} ${y}`);
      }
    }
  }
});

test('two polygons that share an edge neither overlap nor leave a gap', () => {
  const [a, b, c, d] = [{ x: 0, y: 0 }, { x: 9.5, y: 0 }, { x: 9, y: 9 }, { x: 0, y: 8.5 }];
  const both = collect(9, 10, (emit) => {
    polygon([a, b, c], 9, 10, emit);
    polygon([a, c, d], 9, 10, emit); // `collect` refuses a pixel that comes twice.
  });
  const one = collect(9, 10, (emit) => polygon([a, b, c, d], 9, 10, emit));
  assert.deepEqual(both, one);
});
