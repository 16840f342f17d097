/** What the tests of the canvas share: seeded chance, rasters as text, simple implementations. */

/** Numbers in [0, 1) from a seed (mulberry32). */
export function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function whole(random, n) {
  return Math.floor(random() * n);
}

/** Rows of digits; '.' is 255. */
export function raster(rows) {
  return Uint8Array.from(rows.join(''), (c) => (c === '.' ? 255 : Number(c)));
}

export function rows(data, width) {
  const text = Array.from(data, (value) => (value === 255 ? '.' : String(value))).join('');
  return text.match(new RegExp(`.{${width}}`, 'g'));
}

/** Collects spans in a raster and refuses overlapping ones. */
export function collect(height, width, draw) {
  const data = new Uint8Array(height * width).fill(255);
  draw((y, x0, x1) => {
    if (!(0 <= y && y < height && 0 <= x0 && x0 < x1 && x1 <= width)) throw new Error('span outside');
    for (let x = x0; x < x1; x++) {
      if (data[y * width + x] !== 255) throw new Error('a pixel twice');
      data[y * width + x] = 1;
    }
  });
  return data;
}
