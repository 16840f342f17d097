/** Images are fetched ahead with layers that are still being prepared. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { Loader } from '../../../../raysal/annotate/page/js/state/loader.js';

/** A server that has the prediction of an image after it was asked for the image so many times. */
function server(after) {
  const asked = { image: 0, picture: 0, layers: [] };
  const api = {
    async image(key) {
      const ready = ++asked.image > after;
      const layers = ready ? { prediction: {} } : {};
      return { key, size: [1, 1], answer: null, layers, pending: ready ? [] : ['prediction'], failed: {} };
    },
    async picture() {
      asked.picture += 1;
      return new Blob();
    },
    async layer(key, name) {
      asked.layers.push(`${key}/${name}`);
      return new ArrayBuffer(1);
    },
  };
  return { api, asked };
}

test('a layer that is being prepared is fetched when it is ready', async () => {
  const { api, asked } = server(2);
  const loader = new Loader(api);
  await loader.ahead('a');
  assert.deepEqual(asked.layers, ['a/prediction']);
  assert.equal(asked.image, 3);
  assert.equal((await loader.get('a')).info.pending.length, 0);
  assert.equal(asked.picture, 1);
});

test('an image that was dropped meanwhile is fetched ahead anew', async () => {
  const { api, asked } = server(1);
  const loader = new Loader(api);
  const first = loader.ahead('a');
  await new Promise((resolve) => setTimeout(resolve, 50));
  loader.keep(() => false);
  await Promise.all([first, loader.ahead('a')]);
  assert.equal(asked.picture, 2);
  assert.deepEqual(asked.layers, ['a/prediction']);
});

test('it is fetched once, however often it is asked for', async () => {
  const { api, asked } = server(0);
  const loader = new Loader(api);
  await Promise.all([loader.ahead('a'), loader.ahead('a'), loader.ahead('a')]);
  assert.deepEqual(asked, { image: 1, picture: 1, layers: ['a/prediction'] });
});
