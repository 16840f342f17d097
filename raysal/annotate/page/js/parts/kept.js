/**
 * Drawings that only this browser has, and what may be done with them.
 * @typedef {import('../types.js').Unsent} Unsent
 * @typedef {import('../state/outbox.js').Outbox} Outbox
 */
import { pngOf } from '../state/pack.js';
import { dialog } from './dialogs.js';
import { download, el } from './dom.js';

/** @param {Unsent} record */
export async function downloadPng(record) {
  if (!record.raster) return;
  const png = await pngOf(record.raster, ...record.size);
  download(png, `${record.imageId.replace(/\.\w+$/, '')}.labels.png`);
}

/** @param {Unsent} record */
export function downloadRaw(record) {
  if (!record.raster) return;
  const [height, width] = record.size;
  const blob = new Blob([/** @type {BlobPart} */ (record.raster)]);
  download(blob, `${record.imageId.replace(/\.\w+$/, '')}.${width}x${height}.raw`);
}

/**
 * Somebody else's version is later.
 * @param {Outbox} outbox
 * @param {Unsent} record
 * @param {() => void} taken called when theirs was taken
 */
export function askConflict(outbox, record, taken) {
  const by = record.trouble?.by ?? 'somebody else';
  dialog(
    'Drawn by two',
    [
      el('p', {}, `${by} has saved a later version of “${record.imageId}” while you were drawing.`),
      el(
        'p',
        { class: 'quiet' },
        'Nothing is lost: if you keep yours, theirs stays in the history of the image; if you take ' +
          'theirs, yours stays in this browser, where you may download it.',
      ),
    ],
    [
      {
        text: 'Take theirs',
        run: () => void outbox.setAside(record.key).then(taken),
      },
      { text: 'Keep mine', run: () => outbox.force(record.key), primary: true },
    ],
  );
}

/**
 * The server will not take this drawing any more.
 * @param {Outbox} outbox
 * @param {Unsent} record
 * @param {() => void} dropped
 */
export function askRefused(outbox, record, dropped) {
  const over = record.trouble?.kind === 'over';
  dialog(
    over ? 'This query is over' : 'The server does not take this drawing',
    [
      el('p', {}, `${record.imageId}: ${record.trouble?.why ?? ''}`),
      el(
        'p',
        { class: 'quiet' },
        'Your drawing is kept in this browser. You may download it now, or later by a click on ' +
          '“Saved” at the top.',
      ),
    ],
    [
      { text: 'Download raw', run: () => downloadRaw(record) },
      { text: 'Download PNG', run: () => void downloadPng(record) },
      {
        text: 'Set aside and go on',
        run: () => void outbox.setAside(record.key).then(dropped),
        primary: true,
      },
    ],
  );
}

/**
 * @param {Outbox} outbox
 * @param {{open: (key: string) => void, decide: (record: Unsent) => void}} actions
 */
export function showKept(outbox, { open, decide }) {
  const { unsent, aside } = outbox;
  const rows = [
    ...unsent.map((record) => row(record, record.trouble?.why ?? 'waits for the server', outbox, () =>
      record.trouble && ['conflict', 'over', 'refused'].includes(record.trouble.kind)
        ? decide(record)
        : open(record.key),
    )),
    ...aside.map((record) => row(record, 'set aside in this browser', outbox, null)),
  ];
  const body = rows.length
    ? [el('ul', { class: 'kept' }, ...rows)]
    : [el('p', {}, 'All that you have drawn is saved on the server.')];
  const actions = unsent.length
    ? [{ text: 'Try again now', run: () => outbox.kick(), primary: true }]
    : [{ text: 'Close', run: () => undefined, primary: true }];
  dialog(rows.length ? 'Kept in this browser' : 'All is saved', body, actions);
}

/**
 * @param {Unsent} record
 * @param {string} state
 * @param {Outbox} outbox
 * @param {(() => void) | null} go
 */
function row(record, state, outbox, go) {
  const item = el(
    'li',
    {},
    el('div', { class: 'kept-text' }, el('strong', {}, record.imageId), el('span', { class: 'quiet' }, state)),
    record.raster &&
      el('button', { type: 'button', on: { click: () => void downloadPng(record) } }, 'PNG'),
    go && el('button', { type: 'button', on: { click: go } }, 'Go there'),
    record.aside &&
      el(
        'button',
        {
          type: 'button',
          on: {
            click: () => {
              void outbox.discard(record);
              item.remove();
            },
          },
        },
        'Throw away',
      ),
  );
  return item;
}
