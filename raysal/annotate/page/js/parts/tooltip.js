/** Names and keys of buttons, shown when the pointer rests on them or the keyboard reaches them. */
import { byId, el } from './dom.js';

const DELAY_MS = 350;

/** Show the tooltips of all elements with `data-tip`, and the keys in `data-keys`. */
export function startTooltips() {
  const box = byId('tooltip');
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {HTMLElement | null} */
  let owner = null;

  const hide = () => {
    clearTimeout(timer);
    box.hidden = true;
    owner = null;
  };
  /** @param {HTMLElement} target */
  const show = (target) => {
    const { tip, keys } = target.dataset;
    if (!tip || !target.isConnected) return;
    box.replaceChildren(tip);
    if (keys) box.append(' ', el('kbd', {}, keys));
    box.hidden = false;
    place(box, target);
  };
  /** @param {Event} event */
  const find = (event) =>
    event.target instanceof Element
      ? /** @type {HTMLElement | null} */ (event.target.closest('[data-tip]'))
      : null;

  document.addEventListener('pointerover', (event) => {
    const target = find(event);
    if (target === owner) return;
    hide();
    owner = target;
    if (target && event.pointerType === 'mouse') timer = setTimeout(() => show(target), DELAY_MS);
  });
  document.addEventListener('focusin', (event) => {
    const target = find(event);
    hide();
    if (target?.matches(':focus-visible')) {
      owner = target;
      show(target);
    }
  });
  document.addEventListener('focusout', hide);
  document.addEventListener('pointerdown', hide);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') hide();
  });
}

/**
 * Beside a tool of the tool bar, below or above anything else; never outside of the window.
 * @param {HTMLElement} box
 * @param {HTMLElement} target
 */
function place(box, target) {
  const at = target.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  let left = at.left + at.width / 2 - width / 2;
  let top = at.bottom + 6;
  if (target.closest('.tools')) {
    left = at.right + 10;
    top = at.top + at.height / 2 - height / 2;
  } else if (top + height > innerHeight - 4) {
    top = at.top - height - 6;
  }
  box.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  box.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`;
}
