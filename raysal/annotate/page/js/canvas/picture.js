/** @typedef {import('./box.js').Box} Box */
/** @typedef {import('./view.js').View} View */

const SIDE = 1024; // of a tile; no graphics card refuses it
const SMALLEST = 256; // of a level

/** A tile of a level: a bitmap and where in the level it lies.
 * @typedef {{bitmap: ImageBitmap, x: number, y: number}} Piece */

/** A picture as tiles, in full and in halves of halves, so that each view draws few pixels. */
export class Picture {
  /** @param {number} height @param {number} width
   * @param {{width: number, height: number, pieces: Piece[]}[]} levels */
  constructor(height, width, levels) {
    this.height = height;
    this.width = width;
    this._levels = levels;
  }

  /**
   * Decodes a picture.
   * @param {Blob} blob @param {number} height @param {number} width what it must measure
   * @throws {Error} if it cannot be decoded or measures something else
   */
  static async decode(blob, height, width) {
    /** @type {ImageBitmap} */
    let bitmap;
    try {
      bitmap = await createImageBitmap(blob);
    } catch {
      throw new Error('This picture cannot be decoded by the browser.');
    }
    if (bitmap.width !== width || bitmap.height !== height) {
      const measured = `${bitmap.width} x ${bitmap.height}`;
      bitmap.close();
      throw new Error(`The picture measures ${measured} instead of ${width} x ${height} pixels.`);
    }
    const levels = [];
    for (;;) {
      levels.push(await cut(bitmap));
      const w = Math.ceil(bitmap.width / 2);
      const h = Math.ceil(bitmap.height / 2);
      if (bitmap.width <= SMALLEST && bitmap.height <= SMALLEST) break;
      const half = await createImageBitmap(bitmap, {
        resizeWidth: w,
        resizeHeight: h,
        resizeQuality: 'medium',
      });
      if (levels[levels.length - 1].pieces[0].bitmap !== bitmap) bitmap.close();
      bitmap = half;
    }
    if (levels[levels.length - 1].pieces[0].bitmap !== bitmap) bitmap.close();
    return new Picture(height, width, levels);
  }

  /** @param {CanvasRenderingContext2D} context clipped @param {View} view
   * @param {Box} clip device pixels */
  draw(context, view, clip) {
    const depth = Math.max(0, Math.floor(Math.log2(1 / view.scale)));
    const level = this._levels[Math.min(depth, this._levels.length - 1)];
    const [sx, sy] = [this.width / level.width, this.height / level.height];
    context.imageSmoothingEnabled = view.scale < 2;
    context.imageSmoothingQuality = 'low';
    for (const { bitmap, x, y } of level.pieces) {
      const x0 = Math.round(view.x(x * sx));
      const y0 = Math.round(view.y(y * sy));
      const x1 = Math.round(view.x((x + bitmap.width) * sx));
      const y1 = Math.round(view.y((y + bitmap.height) * sy));
      if (x1 <= clip.x0 || y1 <= clip.y0 || x0 >= clip.x1 || y0 >= clip.y1) continue;
      context.drawImage(bitmap, x0, y0, x1 - x0, y1 - y0);
    }
  }

  close() {
    for (const { pieces } of this._levels) for (const { bitmap } of pieces) bitmap.close();
    this._levels = [];
  }
}

/** @param {ImageBitmap} bitmap */
async function cut(bitmap) {
  const { width, height } = bitmap;
  if (width <= SIDE && height <= SIDE) return { width, height, pieces: [{ bitmap, x: 0, y: 0 }] };
  /** @type {Promise<Piece>[]} */
  const pieces = [];
  for (let y = 0; y < height; y += SIDE) {
    for (let x = 0; x < width; x += SIDE) {
      const [w, h] = [Math.min(SIDE, width - x), Math.min(SIDE, height - y)];
      pieces.push(createImageBitmap(bitmap, x, y, w, h).then((piece) => ({ bitmap: piece, x, y })));
    }
  }
  return { width, height, pieces: await Promise.all(pieces) };
}
