/** Who has what. */
import { dialog } from './dialogs.js';
import { el } from './dom.js';

/**
 * @param {import('../types.js').Queue} queue
 * @param {string} own name
 * @param {string | null} open id of the open image
 */
export function showPeople(queue, own, open) {
  /** @type {Map<string, {now: string[], begun: number, done: number, review: number}>} */
  const people = new Map();
  /** @param {string} name */
  const of = (name) => {
    const known = people.get(name) ?? { now: [], begun: 0, done: 0, review: 0 };
    people.set(name, known);
    return known;
  };
  if (open === null) of(own);
  else of(own).now.push(open);
  for (const image of queue.images) {
    if (image.leasedBy) of(image.leasedBy).now.push(image.id);
    if (!image.by) continue;
    if (image.state === 'draft') of(image.by).begun += 1;
    else if (image.state === 'review') of(image.by).review += 1;
    else if (image.state === 'done' || image.state === 'unusable') of(image.by).done += 1;
  }
  const head = ['Name', 'Works on', 'Begun', 'In review', 'Done'];
  const rows = [...people].map(([name, { now, begun, review, done }]) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, name === own ? `${name} (you)` : name),
      el('td', {}, now.join(', ') || '–'),
      ...[begun, review, done].map((number) => el('td', { class: 'number' }, String(number))),
    ),
  );
  dialog(
    'Who has what',
    [
      el(
        'table',
        { class: 'people' },
        el('thead', {}, el('tr', {}, ...head.map((text) => el('th', { scope: 'col' }, text)))),
        el('tbody', {}, ...rows),
      ),
    ],
    [{ text: 'Close', run: () => undefined, primary: true }],
  );
}
