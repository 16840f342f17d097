/** All keys, and the names of the colours' aids. */
import { COMMANDS, keyLabel } from '../state/keys.js';
import { dialog } from './dialogs.js';
import { el } from './dom.js';

/** @type {[string, string][]} */
const GROUPS = [
  ['tools', 'Tools'],
  ['labels', 'Labels'],
  ['images', 'Images and regions'],
  ['view', 'View'],
];

/** @type {[string, string][]} what belongs to no command */
const MOUSE = [
  ['Left', 'Draw'],
  ['Right', 'Erase'],
  ['Middle', 'Move the picture'],
  ['Space', 'Hold to move the picture'],
  ['Wheel', 'Zoom'],
  ['Alt Wheel', 'Brush size'],
  ['Arrows', 'Move the cursor, with ⇧ faster'],
  ['1 … 9|Q …', 'Class, as shown in the palette'],
  ['Esc', 'Drop an unfinished line; then Tab leaves the picture'],
];

/**
 * @param {object} options
 * @param {boolean} options.singleKeys whether keys without Ctrl work
 * @param {(on: boolean) => void} options.setSingleKeys
 * @param {{hatch: boolean, names: boolean}} options.aids
 * @param {(aids: {hatch: boolean, names: boolean}) => void} options.setAids
 * @param {() => void} options.showHints
 */
export function showHelp({ singleKeys, setSingleKeys, aids, setAids, showHints }) {
  const own = { ...aids };
  const columns = GROUPS.map(([group, title]) =>
    el(
      'section',
      {},
      el('h3', {}, title),
      list(
        COMMANDS.filter((command) => command.group === group).map(({ keys, text }) => [
          keys.filter((key) => key !== '=').map(keyLabel).join('|'),
          text,
        ]),
      ),
    ),
  );
  columns.push(el('section', {}, el('h3', {}, 'Mouse, and more keys'), list(MOUSE)));
  dialog(
    'Keys',
    [
      el('div', { class: 'key-columns' }, ...columns),
      el(
        'div',
        { class: 'checks' },
        check('A pattern for each class, for colour-blind eyes', own.hatch, (on) => {
          own.hatch = on;
          setAids({ ...own });
        }),
        check('Name of the class beside the pointer', own.names, (on) => {
          own.names = on;
          setAids({ ...own });
        }),
        check('Single keys (off: only those with Ctrl, Enter, Tab and arrows)', singleKeys, setSingleKeys),
      ),
    ],
    [
      { text: 'Show the hints of the tools again', run: showHints },
      { text: 'Close', run: () => undefined, primary: true },
    ],
    { wide: true },
  );
}

/** @param {[string, string][]} rows */
function list(rows) {
  return el(
    'dl',
    { class: 'keys' },
    ...rows.map(([keys, text]) =>
      el(
        'div',
        {},
        el('dt', {}, ...keys.split('|').map((key) => el('kbd', {}, key))),
        el('dd', {}, text),
      ),
    ),
  );
}

/**
 * @param {string} text
 * @param {boolean} on
 * @param {(on: boolean) => void} set
 */
function check(text, on, set) {
  const box = el('input', { type: 'checkbox' });
  box.checked = on;
  box.addEventListener('change', () => set(box.checked));
  return el('label', { class: 'check' }, box, text);
}
