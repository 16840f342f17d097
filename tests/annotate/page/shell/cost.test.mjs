import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cost } from '../../../../raysal/annotate/page/js/state/cost.js';

function clocked() {
  const clock = { now: 100 };
  const cost = new Cost(() => clock.now);
  cost.load([]);
  /** @param {number} seconds */
  const after = (seconds) => {
    clock.now += seconds;
    return cost;
  };
  return { cost, after };
}

test('time counts where the annotator was, up to the moment of change', () => {
  const { cost, after } = clocked();
  cost.at(0, 2, 'brush');
  after(3).active();
  cost.at(1, 2, 'brush');
  after(4).click();
  assert.deepEqual(cost.work, [
    { region: 0, class_id: 2, tool: 'brush', seconds: 3, clicks: 0, undos: 0 },
    { region: 1, class_id: 2, tool: 'brush', seconds: 4, clicks: 1, undos: 0 },
  ]);
  assert.deepEqual(cost.totals, { seconds: 7, clicks: 1, undos: 0 });
});

test('a pause of more than ten seconds is not working time', () => {
  const { cost, after } = clocked();
  cost.at(0, 0, 'brush');
  after(10).active();
  after(10.1).active();
  after(1).active();
  assert.equal(cost.totals.seconds, 11);
});

test('a hidden page does not count, however short', () => {
  const { cost, after } = clocked();
  cost.at(0, 0, 'brush');
  after(2).active();
  cost.rest();
  after(5).active();
  after(1).active();
  assert.equal(cost.totals.seconds, 3);
});

test('what an image has cost before is carried on', () => {
  const { cost, after } = clocked();
  cost.load([{ region: 0, class_id: 1, tool: 'brush', seconds: 20, clicks: 5, undos: 1 }]);
  cost.at(0, 1, 'brush');
  after(2).undo();
  after(1).click(2);
  assert.deepEqual(cost.totals, { seconds: 23, clicks: 7, undos: 2 });
  cost.load([]);
  assert.deepEqual(cost.work, []);
});

test('the eraser and what is outside have places of their own', () => {
  const { cost, after } = clocked();
  cost.at(-1, 255, 'eraser');
  after(1).click();
  cost.at(0, 255, 'eraser');
  after(1).click();
  assert.deepEqual(
    cost.work.map(({ region, class_id: id }) => [region, id]),
    [
      [-1, 255],
      [0, 255],
    ],
  );
});
