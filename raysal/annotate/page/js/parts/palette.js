/**
 * The classes: colour, name, key, and the share of what is asked that has the class.
 * @typedef {import('../types.js').ClassInfo} ClassInfo
 */
import { classKey } from '../state/keys.js';
import { byId, cssColour, el, setText } from './dom.js';

/** With more classes there is a field to find one. */
const SEARCH_FROM = 13;

export class Palette {
  #root = byId('palette');
  #find = /** @type {HTMLInputElement} */ (byId('find-class'));
  /** @type {HTMLElement[]} */
  #rows = [];
  #chosen = 0;

  /**
   * @param {ClassInfo[]} classes
   * @param {(index: number) => void} choose
   */
  constructor(classes, choose) {
    this.classes = classes;
    this.choose = choose;
    for (const [index, { name, colour }] of classes.entries()) this.#add(index, name, colour);
    byId('find').hidden = classes.length < SEARCH_FROM;
    this.#find.addEventListener('input', () => this.#filter());
    this.#find.addEventListener('keydown', (event) => this.#inSearch(event));
    this.#root.addEventListener('click', (event) => {
      const row = /** @type {Element} */ (event.target).closest('.class');
      const index = this.#rows.indexOf(/** @type {HTMLElement} */ (row));
      if (index >= 0) this.choose(index);
    });
    this.#root.addEventListener('keydown', (event) => this.#inList(event));
  }

  focusSearch() {
    if (this.classes.length < SEARCH_FROM) {
      this.#rows[this.#chosen]?.focus();
    } else {
      this.#find.focus();
      this.#find.select();
    }
  }

  /** @param {number} index of the class in hand */
  select(index) {
    this.#chosen = index;
    for (const [number, row] of this.#rows.entries()) {
      row.setAttribute('aria-selected', String(number === index));
      row.tabIndex = number === index ? 0 : -1;
    }
    this.#rows[index]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {ArrayLike<number> | null} shares of what is asked, 0..1 */
  shares(shares) {
    let labelled = 0;
    for (const [index, row] of this.#rows.entries()) {
      const share = shares?.[index] ?? 0;
      labelled += share;
      const bar = /** @type {HTMLElement} */ (row.querySelector('.bar'));
      bar.style.transform = `scaleX(${share.toFixed(4)})`;
      setText(/** @type {Element} */ (row.querySelector('.share')), percent(share));
    }
    setText(byId('labelled'), shares ? `${whole(labelled)} labelled` : '');
  }

  /**
   * @param {number} index
   * @param {string} name
   * @param {[number, number, number]} colour
   */
  #add(index, name, colour) {
    const swatch = el('span', { class: 'swatch' });
    swatch.style.background = cssColour(colour);
    const bar = el('span', { class: 'bar' });
    bar.style.background = cssColour(colour);
    const key = classKey(index).toUpperCase();
    const row = el(
      'div',
      {
        class: 'class',
        role: 'option',
        'aria-selected': 'false',
        'aria-keyshortcuts': key || null,
        tabindex: -1,
      },
      swatch,
      el('span', { class: 'class-name', title: name }, name),
      el('span', { class: 'share' }),
      el('kbd', { 'aria-hidden': 'true', class: key ? '' : 'none' }, key),
      bar,
    );
    this.#rows.push(row);
    this.#root.append(row);
  }

  #filter() {
    const wanted = this.#find.value.trim().toLowerCase();
    for (const [index, row] of this.#rows.entries()) {
      row.hidden = !this.classes[index]?.name.toLowerCase().includes(wanted);
    }
  }

  /** @param {KeyboardEvent} event */
  #inSearch(event) {
    const shown = this.#rows.filter((row) => !row.hidden);
    if (event.key === 'Enter' && shown[0]) {
      this.choose(this.#rows.indexOf(shown[0]));
      this.#leaveSearch();
    } else if (event.key === 'Escape') {
      this.#leaveSearch();
    } else if (event.key === 'ArrowDown') {
      shown[0]?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #leaveSearch() {
    this.#find.value = '';
    this.#filter();
    byId('canvas').focus();
  }

  /** @param {KeyboardEvent} event */
  #inList(event) {
    const shown = this.#rows.filter((row) => !row.hidden);
    const at = shown.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (step) shown[Math.max(0, Math.min(shown.length - 1, at + step))]?.focus();
    else if ((event.key === 'Enter' || event.key === ' ') && shown[at]) {
      this.choose(this.#rows.indexOf(shown[at]));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * A share to be read at a glance: "0.4 %", "12 %"; empty for nothing.
 * @param {number} share
 */
export function percent(share) {
  if (share <= 0) return '';
  if (share < 0.001) return '<0.1 %';
  return share < 0.1 ? `${(share * 100).toFixed(1)} %` : `${Math.round(share * 100)} %`;
}

/**
 * As `percent`, but never 100 % before all is there nor 0 % before something is.
 * @param {number} share
 */
export function whole(share) {
  if (share > 1 - 1e-9) return '100 %';
  if (share <= 0) return '0 %';
  return share > 0.995 ? '>99 %' : `${Math.max(1, Math.round(share * 100))} %`;
}
