/**
 * Which key does what. The canvas sees every key before (see `Workbench.key`): it has those of
 * unfinished lines, the space bar and the brackets.
 *
 * @typedef {object} Command
 * @property {string} id
 * @property {string} text what it does
 * @property {string[]} keys such as `s`, `Shift+Enter`, `Ctrl+z`; the first one is shown
 * @property {'tools' | 'labels' | 'images' | 'view'} group
 */

/** @type {readonly Command[]} */
export const COMMANDS = [
  { id: 'superpixel', group: 'tools', keys: ['s'], text: 'Superpixels: click or drag over areas' },
  { id: 'brush', group: 'tools', keys: ['b'], text: 'Brush' },
  { id: 'eraser', group: 'tools', keys: ['e'], text: 'Eraser' },
  { id: 'line', group: 'tools', keys: ['l'], text: 'Line: cuts an area, or encloses one' },
  { id: 'bucket', group: 'tools', keys: ['k'], text: 'Bucket: fills what is connected' },
  { id: 'scribble', group: 'tools', keys: ['d'], text: 'Scribble: a stroke per class, then fill' },
  { id: 'pick', group: 'tools', keys: ['i'], text: 'Pick the class under the pointer' },
  { id: 'accept', group: 'tools', keys: ['p'], text: 'Accept the prediction under the pointer' },
  { id: 'modify', group: 'tools', keys: ['m'], text: 'Modify an area that was drawn' },
  { id: 'pan', group: 'tools', keys: ['h'], text: 'Move the picture' },

  { id: 'undo', group: 'labels', keys: ['u', 'Ctrl+z'], text: 'Undo' },
  { id: 'redo', group: 'labels', keys: ['Ctrl+y', 'Ctrl+Shift+z', 'Shift+u'], text: 'Redo' },
  { id: 'fill', group: 'labels', keys: ['f'], text: 'Fill from the scribbles' },
  { id: 'clear', group: 'labels', keys: ['Shift+d'], text: 'Clear the scribbles' },
  { id: 'accept-region', group: 'labels', keys: ['a'], text: 'Accept the prediction in this region' },
  { id: 'accept-image', group: 'labels', keys: ['Shift+a'], text: 'Accept the prediction everywhere' },
  { id: 'grain', group: 'labels', keys: ['g'], text: 'Finer or coarser superpixels' },
  { id: 'smaller', group: 'labels', keys: ['['], text: 'Smaller brush' },
  { id: 'bigger', group: 'labels', keys: [']'], text: 'Bigger brush' },
  { id: 'unlock', group: 'labels', keys: ['Shift+o'], text: 'Unlock or lock what is not asked for' },
  { id: 'press', group: 'labels', keys: ['.'], text: 'Press at the cursor of the arrow keys' },

  { id: 'next', group: 'images', keys: ['Enter'], text: 'Finish and go to the next image' },
  { id: 'previous', group: 'images', keys: ['Shift+Enter'], text: 'Previous image' },
  { id: 'next-region', group: 'images', keys: ['n', 'Tab'], text: 'Next region' },
  { id: 'previous-region', group: 'images', keys: ['Shift+n'], text: 'Previous region' },
  { id: 'unusable', group: 'images', keys: ['Shift+x'], text: 'This image cannot be labelled' },
  { id: 'note', group: 'images', keys: ['Shift+c'], text: 'Note to this image' },

  { id: 'fit', group: 'view', keys: ['0'], text: 'Whole picture' },
  { id: 'zoom-in', group: 'view', keys: ['+', '='], text: 'Closer' },
  { id: 'zoom-out', group: 'view', keys: ['-'], text: 'Further away' },
  { id: 'hide', group: 'view', keys: ['Shift+h'], text: 'Hide or show the labels' },
  { id: 'outline', group: 'view', keys: ['o'], text: 'Labels filled or outlined' },
  { id: 'layer-prediction', group: 'view', keys: ['Shift+p'], text: 'Prediction' },
  { id: 'layer-map', group: 'view', keys: ['Shift+m'], text: 'Map of what is hard for the model' },
  { id: 'layer-superpixels', group: 'view', keys: ['Shift+s'], text: 'Borders of superpixels' },
  { id: 'layer-extended', group: 'view', keys: ['Shift+e'], text: 'Extended labels' },
  { id: 'find-class', group: 'view', keys: ['/'], text: 'Find a class' },
  { id: 'help', group: 'view', keys: ['?'], text: 'All keys' },
];

const BY_KEY = new Map(COMMANDS.flatMap(({ id, keys }) => keys.map((key) => [key, id])));

/** Tools in the order of the tool bar. */
export const TOOLS = COMMANDS.filter((command) => command.group === 'tools');

/** Keys of classes: digits, then the letters that no command has. */
export const CLASS_KEYS = [...'123456789', ...'qwertyuiopasdfghjklzxcvbnm'].filter(
  (key) => !BY_KEY.has(key),
);

/**
 * @param {number} index of a class
 * @returns {string} its key; empty if there are more classes than keys
 */
export function classKey(index) {
  return CLASS_KEYS[index] ?? '';
}

/**
 * The name of a pressed key, as in `COMMANDS`.
 * @param {Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>} event
 */
export function nameOfKey(event) {
  const { key } = event;
  const letter = key.length === 1 ? key.toLowerCase() : key;
  // The shift of `?` or `+` is part of the character.
  const shifted = event.shiftKey && (letter !== letter.toUpperCase() || key.length > 1);
  const control = event.ctrlKey || event.metaKey;
  const marks = [control ? 'Ctrl+' : '', event.altKey ? 'Alt+' : '', shifted ? 'Shift+' : ''];
  return marks.join('') + letter;
}

/**
 * What a pressed key means.
 * @param {Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>} event
 * @param {number} classes how many there are
 * @returns {{command: string} | {classIndex: number} | null}
 */
export function meaningOf(event, classes) {
  const name = nameOfKey(event);
  const command = BY_KEY.get(name);
  if (command) return { command };
  const classIndex = CLASS_KEYS.indexOf(name);
  return classIndex >= 0 && classIndex < classes ? { classIndex } : null;
}

/**
 * How a key is shown: "⇧ Enter" rather than "Shift+Enter".
 * @param {string} name
 */
export function keyLabel(name) {
  if (name === '+') return '+';
  return name
    .split('+')
    .map((part) => (part.length === 1 ? part.toUpperCase() : part))
    .join(' ')
    .replace('Shift', '⇧');
}

/**
 * The keys of a command as shown in a tooltip, such as "U or Ctrl Z".
 * @param {string} id
 */
export function keysOf(id) {
  const command = COMMANDS.find((candidate) => candidate.id === id);
  return (command?.keys ?? []).map(keyLabel).join(' or ');
}
