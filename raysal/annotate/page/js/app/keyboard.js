/** All keys of the page. */
import { meaningOf, nameOfKey } from '../state/keys.js';

const STEP = 8;
const FAST = 4;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @typedef {object} Keyboard
 * @property {import('../canvas/workbench.js').Workbench} bench
 * @property {HTMLElement} canvas
 * @property {number} classes
 * @property {() => boolean} singleKeys whether keys without Ctrl work
 * @property {() => void} active called with each key
 * @property {(command: string) => void} run
 * @property {(index: number) => void} chooseClass
 * @property {() => boolean} hasNextRegion
 * @property {() => void} escape
 */

/** @param {Keyboard} keyboard */
export function startKeyboard(keyboard) {
  const { bench, canvas } = keyboard;
  /** After Escape, Tab leaves the picture instead of going to the next region. */
  let leaving = false;

  document.addEventListener('keydown', (event) => {
    if (isElsewhere(event.target)) return;
    keyboard.active();
    const name = nameOfKey(event);
    const control = controlOf(event.target);
    if (control && belongsTo(control, event)) return;
    if (bench.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Escape') {
      leaving = event.target === canvas;
      keyboard.escape();
      return;
    }
    const onPicture = event.target === canvas || event.target === document.body;
    if (event.key === 'Tab') {
      const stays = event.target === canvas && name === 'Tab' && !leaving && keyboard.hasNextRegion();
      leaving = false;
      if (!stays) return;
    } else if (!isModifier(event.key)) {
      leaving = false;
    }
    const arrow = ARROWS[event.key];
    if (arrow && onPicture && !event.ctrlKey && !event.metaKey) {
      const step = event.altKey ? 1 : event.shiftKey ? STEP * FAST : STEP;
      bench.moveCursor(arrow[0] * step, arrow[1] * step);
      event.preventDefault();
      return;
    }
    const works = keyboard.singleKeys() || /^(Ctrl\+|Enter|Shift\+Enter|Tab)/.test(name);
    const meaning = works ? meaningOf(event, keyboard.classes) : null;
    if (meaning === null) return;
    event.preventDefault();
    if ('classIndex' in meaning) keyboard.chooseClass(meaning.classIndex);
    else if (meaning.command === 'press') {
      if (!event.repeat) bench.pressCursor();
    } else if (!event.repeat || REPEATED.has(meaning.command)) keyboard.run(meaning.command);
  });

  document.addEventListener('keyup', (event) => {
    if (isElsewhere(event.target)) return;
    if (event.key === '.') bench.releaseCursor();
    else if (!controlOf(event.target)) bench.key(event);
  });
}

/** Commands that go on while their key is held. */
const REPEATED = new Set(['undo', 'redo', 'zoom-in', 'zoom-out', 'smaller', 'bigger', 'next-region']);

/**
 * Whether somebody types, or a dialog is open.
 * @param {EventTarget | null} target
 */
function isElsewhere(target) {
  if (document.querySelector('dialog[open]')) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return target.type !== 'range';
  return target instanceof HTMLTextAreaElement || target.isContentEditable;
}

/**
 * A button or slider that was reached by the keyboard.
 * @param {EventTarget | null} target
 */
function controlOf(target) {
  if (!(target instanceof Element) || target.id === 'canvas') return null;
  const control = target.closest('button, input, a, [role="option"]');
  return control?.matches(':focus-visible') ? control : null;
}

/**
 * Whether a control has a use for a key of its own.
 * @param {Element} control
 * @param {KeyboardEvent} event
 */
function belongsTo(control, event) {
  if (event.key === 'Tab') return true;
  if (control instanceof HTMLInputElement) return event.key in ARROWS || /^(Home|End|Page)/.test(event.key);
  return event.key === 'Enter' || event.key === ' ' || event.key in ARROWS;
}

/** @param {string} key */
function isModifier(key) {
  return key === 'Shift' || key === 'Control' || key === 'Alt' || key === 'Meta';
}
