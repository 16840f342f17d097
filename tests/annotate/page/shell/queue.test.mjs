import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  duration,
  news,
  nextImage,
  previousImage,
  progressText,
  stateOf,
} from '../../../../raysal/annotate/page/js/state/queue.js';

/**
 * @param {string} key
 * @param {Record<string, unknown>} [more]
 */
const image = (key, more = {}) => ({
  key,
  id: `${key}.png`,
  query: 'round-000',
  size: [4, 4],
  regions: 2,
  whole: false,
  score: null,
  state: 'open',
  by: null,
  leasedBy: null,
  yours: false,
  forYou: true,
  returned: null,
  ...more,
});

test('the next image is the next one that waits, from the start again after the last', () => {
  const images = [image('a'), image('b', { state: 'done', forYou: false }), image('c')];
  assert.equal(nextImage(images, 'a')?.key, 'c');
  assert.equal(nextImage(images, 'c')?.key, 'a');
  assert.equal(nextImage(images, null)?.key, 'a');
  assert.equal(nextImage(images, 'gone')?.key, 'a');
});

test('what others have, what is for others and what was just finished is passed over', () => {
  const images = [
    image('a'),
    image('b', { leasedBy: 'Anna', forYou: false }),
    image('c', { forYou: false }),
    image('d', { state: 'unreadable', forYou: false }),
    image('e'),
  ];
  assert.equal(nextImage(images, 'a')?.key, 'e');
  assert.equal(nextImage(images, 'a', new Set(['e'])), null);
});

test('what a reviewer sent back comes first', () => {
  const returned = { state: 'draft', yours: true, returned: 'the kerb is missing' };
  const images = [image('a'), image('b'), image('c', returned)];
  assert.equal(nextImage(images, 'a')?.key, 'c');
  assert.equal(stateOf(images[2]).text, 'sent back: the kerb is missing');
});

test('back goes to what may be opened, finished or not', () => {
  const images = [
    image('a', { state: 'done', forYou: false, yours: true }),
    image('b', { leasedBy: 'Anna', forYou: false }),
    image('c'),
  ];
  assert.equal(previousImage(images, 'c')?.key, 'a');
  assert.equal(previousImage(images, 'a'), null);
});

test('news are a new query and what the run does', () => {
  const run = { state: 'asks', text: 'waits for 2 images' };
  const queue = { generation: 1, heading: '', run, progress: {}, images: [image('a')], review: [] };
  assert.equal(news(null, queue), null);
  assert.equal(news(queue, { ...queue, images: [image('a', { state: 'done' })] }), null);
  const works = { ...queue, run: { state: 'works', text: 'trains' }, images: [] };
  assert.equal(news(queue, works), 'trains');
  const asks = { ...queue, generation: 2, images: [image('x'), image('y')] };
  assert.equal(news(works, asks), 'New query: 2 images');
  // The same images with another model are no new query.
  assert.equal(news(asks, { ...asks, generation: 3 }), null);
});

test('numbers as people say them', () => {
  assert.equal(progressText({ done: 3, of: 8, unit: 'images', doneByYou: 1 }), '3 of 8 images');
  const pixels = { done: 51_200, of: 2_300_000, unit: 'pixels', doneByYou: 0 };
  assert.equal(progressText(pixels), '51 k of 2.3 M pixels');
  assert.deepEqual([8.4, 89, 90, 7200].map(duration), ['8 s', '89 s', '2 min', '2.0 h']);
});
