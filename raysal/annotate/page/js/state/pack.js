/**
 * Bodies of answers, and files to download.
 * @typedef {import('../types.js').Head} Head
 */

/**
 * Gzip of the head's line and the rasters.
 * @param {Head} head
 * @param {(Uint8Array | null)[]} rasters
 * @returns {Promise<Blob>}
 */
export function packAnswer(head, rasters) {
  const parts = [JSON.stringify(head) + '\n', ...rasters.filter((raster) => raster !== null)];
  return gzip(new Blob(/** @type {BlobPart[]} */ (parts)));
}

/**
 * @param {Blob} blob
 * @returns {Promise<Blob>}
 */
export function gzip(blob) {
  return new Response(blob.stream().pipeThrough(new CompressionStream('gzip'))).blob();
}

/**
 * A PNG with one grey value per pixel: the class id, 255 where nothing is labelled.
 * @param {Uint8Array} raster
 * @param {number} height
 * @param {number} width
 * @returns {Promise<Blob>}
 */
export async function pngOf(raster, height, width) {
  const rows = new Uint8Array(height * (width + 1)); // Each row begins with its filter: 0, none.
  for (let y = 0; y < height; y++) {
    rows.set(raster.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const zlib = new Blob([rows]).stream().pipeThrough(new CompressionStream('deflate'));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // Bits; the rest is 0: grey, deflate, no interlace.
  const parts = [
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', new Uint8Array(await new Response(zlib).arrayBuffer())),
    chunk('IEND', new Uint8Array(0)),
  ];
  return new Blob(parts, { type: 'image/png' });
}

/**
 * @param {string} type
 * @param {Uint8Array} data
 */
function chunk(type, data) {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

/** @param {Uint8Array} bytes */
function crc(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return (value ^ 0xffffffff) >>> 0;
}
