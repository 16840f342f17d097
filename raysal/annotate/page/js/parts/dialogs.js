/** Dialogs: a native `<dialog>` keeps the focus inside and closes by Escape. */
import { el, icon } from './dom.js';
import { actionButton } from './over.js';

let number = 0;

/**
 * @typedef {import('./over.js').Action} Action
 */

/**
 * @param {string} title
 * @param {Node[]} body
 * @param {Action[]} actions each closes the dialog
 * @param {{wide?: boolean}} [options]
 * @returns {HTMLDialogElement}
 */
export function dialog(title, body, actions, { wide = false } = {}) {
  for (const open of document.querySelectorAll('dialog')) open.close();
  const id = `dialog-${++number}`;
  const box = el('dialog', { class: wide ? 'wide' : '', 'aria-labelledby': id });
  const close = el(
    'button',
    { type: 'button', class: 'ghost', 'aria-label': 'Close', on: { click: () => box.close() } },
    icon('close'),
  );
  const buttons = actions.map((action) =>
    actionButton({
      ...action,
      run: () => {
        box.close();
        action.run();
      },
    }),
  );
  box.append(
    el('header', {}, el('h2', { id }, title), close),
    el('div', { class: 'dialog-body', tabindex: '-1' }, ...body),
    ...(buttons.length ? [el('footer', {}, ...buttons)] : []),
  );
  box.addEventListener('close', () => {
    box.remove();
    document.getElementById('canvas')?.focus({ preventScroll: true });
  });
  box.addEventListener('click', (event) => {
    if (event.target === box) box.close(); // The backdrop.
  });
  document.body.append(box);
  box.querySelector('footer .primary')?.setAttribute('autofocus', '');
  box.showModal();
  return box;
}

/**
 * Ask for a text.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.label
 * @param {string} options.text
 * @param {string} options.action
 * @param {boolean} [options.needed] whether there must be a text
 * @param {string[]} [options.choices] usual texts
 * @param {(text: string) => void} options.run
 */
export function askText({ title, label, text, action, needed = false, choices = [], run }) {
  const area = el('textarea', { rows: 3, maxlength: 2000, id: 'dialog-text' });
  area.value = text;
  const usual = choices.map((choice) =>
    el(
      'button',
      {
        type: 'button',
        on: {
          click: () => {
            area.value = choice;
            check();
            area.focus();
          },
        },
      },
      choice,
    ),
  );
  const box = dialog(
    title,
    [
      ...(usual.length ? [el('div', { class: 'choices' }, ...usual)] : []),
      el('label', { for: 'dialog-text', class: 'quiet' }, label),
      area,
    ],
    [
      { text: 'Cancel', run: () => undefined },
      { text: action, run: () => run(area.value.trim()), primary: true, key: 'Ctrl Enter' },
    ],
  );
  const confirm = /** @type {HTMLButtonElement} */ (box.querySelector('footer .primary'));
  const check = () => (confirm.disabled = needed && area.value.trim() === '');
  check();
  area.addEventListener('input', check);
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !confirm.disabled) {
      event.preventDefault();
      confirm.click();
    }
  });
  area.focus();
}
