import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { packAnswer, pngOf } from '../../../../raysal/annotate/page/js/state/pack.js';

test('a body is one gzip member: a line of JSON, then the rasters', async () => {
  const head = { state: 'done', note: 'two\nlines' };
  const blob = await packAnswer(head, [Uint8Array.of(0, 10, 255), null, Uint8Array.of(1, 0, 1)]);
  const bytes = gunzipSync(Buffer.from(await blob.arrayBuffer()));
  const end = bytes.indexOf(10);
  assert.deepEqual(JSON.parse(bytes.subarray(0, end).toString()), head);
  assert.deepEqual([...bytes.subarray(end + 1)], [0, 10, 255, 1, 0, 1]);
});

test('a PNG of class ids', async () => {
  const png = Buffer.from(await (await pngOf(Uint8Array.of(1, 2, 3, 4, 5, 255), 2, 3)).arrayBuffer());
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]], [3, 2, 8, 0]);
  const at = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  assert.deepEqual([...rows], [0, 1, 2, 3, 0, 4, 5, 255]);
});
