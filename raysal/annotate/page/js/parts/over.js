/** What lies over the picture: that it is being opened, that there is none, or a question. */
import { byId, el, icon } from './dom.js';

/**
 * @typedef {object} Action
 * @property {string} text
 * @property {() => void} run
 * @property {boolean} [primary]
 * @property {string} [key] shown on the button
 */

export class Over {
  #root = byId('over');

  /** Nothing lies over the picture. */
  clear() {
    this.#root.replaceChildren();
    delete this.#root.dataset.kind;
  }

  /**
   * @param {'full' | 'bar' | 'quiet'} kind over the whole picture, a bar at its lower end that leaves
   *   it usable, or a quiet word
   * @param {{name?: string, title: string, text?: string | Node, actions?: Action[], wait?: boolean}} says
   */
  show(kind, { name, title, text, actions = [], wait }) {
    const question = kind === 'bar' && actions.length > 0;
    const card = el(
      'div',
      { class: 'card', role: question ? 'alertdialog' : 'status', 'aria-labelledby': 'over-title' },
      wait && el('span', { class: 'wait', 'aria-hidden': 'true' }),
      name && icon(name, 'big'),
      el('p', { class: 'card-title', id: 'over-title' }, title),
      text && (typeof text === 'string' ? el('p', { class: 'quiet' }, text) : text),
      actions.length > 0 && el('div', { class: 'card-actions' }, ...actions.map(actionButton)),
    );
    this.#root.dataset.kind = kind;
    this.#root.replaceChildren(card);
  }
}

/** @param {Action} action */
export function actionButton({ text, run, primary, key }) {
  return el(
    'button',
    { type: 'button', class: primary ? 'primary' : '', on: { click: run } },
    text,
    key && el('kbd', { 'aria-hidden': 'true' }, key),
  );
}
