/** Short messages that go by themselves, and what screen readers are told. */
import { byId, el, icon } from './dom.js';

const SHOWN_MS = 6000;
const MOST = 3;

/**
 * @param {string} text
 * @param {{kind?: 'info' | 'good' | 'warn', action?: {text: string, run: () => void}}} [options]
 */
export function toast(text, { kind = 'info', action } = {}) {
  const box = byId('toasts');
  for (const old of box.querySelectorAll('.toast')) {
    if (old.querySelector('.toast-text')?.textContent === text) old.remove();
  }
  while (box.childElementCount >= MOST) box.firstElementChild?.remove();
  const name = kind === 'warn' ? 'warn' : 'check';
  const item = el(
    'div',
    { class: 'toast', data: { kind } },
    kind === 'info' ? null : icon(name),
    el('span', { class: 'toast-text' }, text),
    action && el('button', { type: 'button', class: 'ghost', on: { click: action.run } }, action.text),
  );
  const gone = () => item.remove();
  item.addEventListener('click', gone);
  box.append(item);
  let timer = setTimeout(gone, SHOWN_MS);
  item.addEventListener('pointerenter', () => clearTimeout(timer));
  item.addEventListener('pointerleave', () => (timer = setTimeout(gone, 1500)));
}

/**
 * Said at once by a screen reader, and not shown: it is shown elsewhere.
 * @param {string} text
 */
export function announce(text) {
  const box = byId('alerts');
  box.textContent = '';
  requestAnimationFrame(() => (box.textContent = text));
}
