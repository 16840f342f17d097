import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { ApiError, Unreachable } from '../../../../raysal/annotate/page/js/api.js';
import { Outbox } from '../../../../raysal/annotate/page/js/state/outbox.js';
import { Saver } from '../../../../raysal/annotate/page/js/state/saver.js';
import { shelfInMemory } from '../../../../raysal/annotate/page/js/state/shelf.js';

const KEY = 'k1';

/** A server that stores; `fails` is thrown instead while it is set. */
class Server {
  /** @type {Record<string, any>} */
  stored = {};
  /** @type {any[]} */
  puts = [];
  /** @type {Error | null} */
  fails = null;
  /** @type {Promise<void> | null} */
  gate = null;

  /**
   * @param {string} key
   * @param {any} body
   */
  async put(key, body) {
    this.puts.push(body);
    if (this.gate) await this.gate;
    if (this.fails) throw this.fails;
    const version = (this.stored[key]?.version ?? 0) + 1;
    this.stored[key] = { ...body, version };
    return { version, state: body.head.state, savedAt: 0 };
  }
}

/** @param {any} shelf */
function page(server, shelf, who = {}) {
  return new Outbox({
    api: server,
    shelf,
    pack: async (head, rasters) => ({ head, raster: rasters[0] ?? null, refused: rasters[1] ?? null }),
    who: { workplace: 'w', name: 'Maria', ...who },
  });
}

const head = (state = 'draft', session = 's1') => ({
  state,
  session,
  seconds: 1,
  clicks: 1,
  undos: 0,
  work: [],
  note: '',
  refused: false,
});
const drawing = (value, key = KEY) => ({
  key,
  imageId: `${key}.png`,
  size: [1, 2],
  raster: Uint8Array.of(value, 255),
  refused: null,
});
const idle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('what is confirmed leaves the shelf, and its version is the next base', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  const outbox = page(server, shelf);
  outbox.opened(KEY, 0);
  outbox.add(drawing(1), head());
  assert.equal(outbox.state.kind, 'saving');
  assert.equal((await shelf.all()).length, 1);
  await idle();
  assert.equal(outbox.state.kind, 'saved');
  assert.deepEqual(await shelf.all(), []);
  outbox.add(drawing(2), head('done'));
  await idle();
  assert.deepEqual(server.puts.map((put) => put.head.base), [0, 1]);
  assert.deepEqual([...server.stored[KEY].raster], [2, 255]);
});

test('a server that is away: kept over a reload, sent when it is back', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  server.fails = new Unreachable('away');
  const first = page(server, shelf);
  first.opened(KEY, 4);
  first.add(drawing(1), head());
  first.add(drawing(2), head());
  await idle();
  assert.deepEqual(first.state, { kind: 'unsent', count: 1, why: 'server not reached' });
  assert.deepEqual((await shelf.all()).map(({ raster }) => raster[0]), [2]);

  const second = page(server, shelf);
  await second.start();
  assert.deepEqual([...(second.unsentOf(KEY)?.raster ?? [])], [2, 255]);
  second.opened(KEY, 9); // What is unsent goes on from version 4, whatever the server has now.
  await idle();
  server.fails = null;
  second.kick();
  await idle();
  assert.equal(second.state.kind, 'saved');
  assert.equal(server.stored[KEY].head.base, 4);
  assert.equal(server.stored[KEY].head.session, 's1');
  assert.deepEqual(await shelf.all(), []);
});

test('drawn while the last save is on its way: both are sent, in order', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  const outbox = page(server, shelf);
  let open = () => {};
  server.gate = new Promise((resolve) => (open = resolve));
  outbox.opened(KEY, 0);
  outbox.add(drawing(1), head());
  await idle();
  outbox.add(drawing(2), head());
  await idle();
  assert.equal(server.puts.length, 1);
  open();
  server.gate = null;
  await idle();
  assert.deepEqual(server.puts.map((put) => [put.raster[0], put.head.base]), [[1, 0], [2, 1]]);
  assert.deepEqual(await shelf.all(), []);
});

test('unsent drawings of another run or person are neither shown nor sent', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  server.fails = new Unreachable('away');
  page(server, shelf).add(drawing(1), head());
  await idle();
  server.fails = null;
  for (const who of [{ name: 'Ben' }, { workplace: 'other' }]) {
    const outbox = page(server, shelf, who);
    await outbox.start();
    await idle();
    assert.equal(outbox.unsentOf(KEY), null);
  }
  assert.equal(server.stored[KEY], undefined);
  assert.equal((await shelf.all()).length, 1);
});

test('a conflict waits for the annotator: mine is forced', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  const outbox = page(server, shelf);
  server.fails = new ApiError(409, { why: 'Anna has saved', by: 'Anna', version: 7 });
  outbox.opened(KEY, 2);
  outbox.add(drawing(1), head());
  await idle();
  assert.equal(outbox.unsentOf(KEY)?.trouble?.kind, 'conflict');
  outbox.add(drawing(3), head()); // Drawing goes on meanwhile, but nothing is sent.
  outbox.kick();
  await idle();
  assert.equal(server.puts.length, 1);
  server.fails = null;
  outbox.force(KEY);
  await idle();
  assert.equal(server.stored[KEY].head.force, true);
  assert.deepEqual([...server.stored[KEY].raster], [3, 255]);
  outbox.add(drawing(4), head());
  await idle();
  assert.equal(server.stored[KEY].head.force, undefined);
});

test('a conflict waits for the annotator: theirs is taken, mine is set aside, also over a reload', async () => {
  const [server, shelf] = [new Server(), shelfInMemory()];
  const outbox = page(server, shelf);
  server.fails = new ApiError(409, { why: 'Anna has saved', by: 'Anna', version: 7 });
  outbox.add(drawing(1), head());
  await idle();
  await outbox.setAside(KEY);
  assert.equal(outbox.state.kind, 'saved');
  const again = page(server, shelf);
  await again.start();
  assert.equal(again.unsentOf(KEY), null);
  assert.deepEqual(again.aside.map(({ raster }) => raster?.[0]), [1]);
  await again.discard(again.aside[0]);
  assert.deepEqual(await shelf.all(), []);
});

for (const [status, kind, again] of [
  [401, 'signin', true],
  [410, 'over', false],
  [413, 'refused', false],
  [422, 'refused', false],
  [423, 'leased', true],
  [500, 'failed', true],
  [507, 'full', true],
]) {
  test(`status ${status}: kept, said, ${again ? 'tried again' : 'not tried again'}`, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const [server, shelf] = [new Server(), shelfInMemory()];
      const outbox = page(server, shelf);
      server.fails = new ApiError(status, { why: 'because', by: 'Anna' });
      outbox.add(drawing(1), head());
      outbox.add(drawing(2, 'k2'), head()); // One image in trouble does not hold up the others.
      await idle();
      assert.equal(server.puts.length, 2);
      assert.equal(outbox.unsentOf(KEY)?.trouble?.kind, kind);
      assert.equal(outbox.state.kind, 'trouble');
      assert.notEqual(outbox.state.why, '');
      assert.equal((await shelf.all()).length, 2);
      server.fails = null;
      mock.timers.tick(60_000);
      await idle();
      assert.equal(Object.keys(server.stored).length, again ? 2 : 0);
      assert.equal((await shelf.all()).length, again ? 0 : 2);
    } finally {
      mock.timers.reset();
    }
  });
}

test('a browser without space says so, and still sends', async () => {
  const server = new Server();
  const full = Object.assign(new Error('no space'), { name: 'QuotaExceededError' });
  const shelf = { ...shelfInMemory(), put: () => Promise.reject(full) };
  const outbox = page(server, shelf);
  server.fails = new Unreachable('away');
  outbox.add(drawing(1), head());
  await idle();
  assert.match(outbox.state.why, /no space left/);
  server.fails = null;
  outbox.kick();
  await idle();
  assert.deepEqual([...server.stored[KEY].raster], [1, 255]);
  assert.equal(outbox.state.kind, 'saved');
});

test('an image that cannot be labelled has no raster', async () => {
  const server = new Server();
  const outbox = page(server, shelfInMemory());
  outbox.add({ ...drawing(1), raster: null }, { ...head('unusable'), note: 'dark' });
  await idle();
  assert.equal(server.stored[KEY].raster, null);
  assert.equal(server.stored[KEY].head.state, 'unusable');
});

test('each stroke is captured within a second, however fast the next ones follow', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  try {
    const server = new Server();
    const outbox = page(server, shelfInMemory());
    const saver = new Saver(outbox, 'tab');
    const raster = new Uint8Array([255, 255]);
    const work = [];
    saver.track({
      key: KEY,
      imageId: 'a',
      size: [1, 2],
      version: 3,
      head: () => ({ seconds: 0, clicks: 0, undos: 0, work, note: '' }),
      raster: () => raster,
      refused: () => null,
    });
    for (let stroke = 0; stroke < 10; stroke++) {
      raster[0] = stroke;
      saver.touch();
      mock.timers.tick(100);
      await idle();
    }
    assert.ok(server.puts.length >= 1);
    assert.ok(server.puts[0].raster[0] >= 5);
    raster[0] = 99;
    saver.touch();
    saver.track(null); // Leaving an image captures it at once.
    raster[0] = 0; // The canvas has the next one.
    await idle();
    assert.deepEqual([...server.stored[KEY].raster], [99, 255]);
    assert.equal(server.puts[0].head.base, 3);
    assert.equal(server.stored[KEY].head.session, 'tab');
  } finally {
    mock.timers.reset();
  }
});
