import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CLASS_KEYS,
  COMMANDS,
  classKey,
  keyLabel,
  meaningOf,
  nameOfKey,
} from '../../../../raysal/annotate/page/js/state/keys.js';

/**
 * @param {string} key
 * @param {string[]} held
 */
const press = (key, ...held) => ({
  key,
  shiftKey: held.includes('shift'),
  ctrlKey: held.includes('ctrl'),
  metaKey: held.includes('meta'),
  altKey: held.includes('alt'),
});

test('no two commands share a key, and no class has the key of a command', () => {
  const all = [...COMMANDS.flatMap((command) => command.keys), ...CLASS_KEYS];
  assert.equal(new Set(all).size, all.length);
});

test('nineteen classes have a key each', () => {
  const keys = Array.from({ length: 19 }, (_, index) => classKey(index));
  assert.deepEqual(keys.slice(0, 9).join(''), '123456789');
  assert.ok(keys.every((key) => key.length === 1));
  assert.equal(classKey(500), '');
});

test('keys mean what the paper card says', () => {
  const means = (...pressed) => meaningOf(press(...pressed), 11);
  assert.deepEqual(means('Enter'), { command: 'next' });
  assert.deepEqual(means('Enter', 'shift'), { command: 'previous' });
  assert.deepEqual(means('z', 'ctrl'), { command: 'undo' });
  assert.deepEqual(means('z', 'meta'), { command: 'undo' });
  assert.deepEqual(means('Z', 'ctrl', 'shift'), { command: 'redo' });
  assert.deepEqual(means('A', 'shift'), { command: 'accept-image' });
  assert.deepEqual(means('a'), { command: 'accept-region' });
  assert.deepEqual(means('?', 'shift'), { command: 'help' });
  assert.deepEqual(means('+', 'shift'), { command: 'zoom-in' });
  assert.deepEqual(means('Tab'), { command: 'next-region' });
  assert.deepEqual(means('1'), { classIndex: 0 });
  assert.deepEqual(means(classKey(10)), { classIndex: 10 });
});

test('a caps lock changes nothing, and other combinations belong to the browser', () => {
  assert.deepEqual(meaningOf(press('B'), 3), { command: 'brush' });
  assert.equal(meaningOf(press('r', 'ctrl'), 19), null);
  assert.equal(meaningOf(press('a', 'alt'), 19), null);
  assert.equal(meaningOf(press('Tab', 'shift'), 19), null);
  assert.equal(meaningOf(press('9'), 3), null);
});

test('names of keys', () => {
  assert.equal(nameOfKey(press('ArrowUp', 'shift')), 'Shift+ArrowUp');
  assert.equal(keyLabel('Shift+Enter'), '⇧ Enter');
  assert.equal(keyLabel('Ctrl+z'), 'Ctrl Z');
  assert.equal(keyLabel('+'), '+');
});
