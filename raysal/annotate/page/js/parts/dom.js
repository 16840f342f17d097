/** Elements made in code. Text is always text: nothing that comes from the server becomes HTML. */

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {Node | string | null | undefined | false} Child
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [options] attributes; `class`, `data`, `on` and properties such as
 *   `disabled` are treated as such
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'class') element.className = value;
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'on') {
      for (const [type, listener] of Object.entries(value)) {
        element.addEventListener(type, /** @type {EventListener} */ (listener));
      }
    } else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, ...children);
  return element;
}

/**
 * @param {Element} element
 * @param {...Child} children
 */
export function append(element, ...children) {
  for (const child of children) if (child || child === '') element.append(child);
}

/**
 * @param {string} name of a symbol of icons.svg
 * @param {string} [extra] class
 */
export function icon(name, extra = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${extra}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @param {Element} element that holds an icon
 * @param {string} name
 */
export function setIcon(element, name) {
  element.querySelector('use')?.setAttribute('href', `#i-${name}`);
}

/**
 * Put the icons of a file into the page, so that `<use href="#i-...">` finds them.
 * @param {string} url
 */
export async function loadIcons(url) {
  const reply = await fetch(url);
  const file = new DOMParser().parseFromString(await reply.text(), 'image/svg+xml');
  const svg = document.importNode(file.documentElement, true);
  svg.setAttribute('width', '0');
  svg.setAttribute('height', '0');
  svg.setAttribute('class', 'unseen');
  svg.setAttribute('aria-hidden', 'true');
  document.body.prepend(svg);
}

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element #${id}`);
  return /** @type {T} */ (element);
}

/**
 * Change a text only if it differs, so that screen readers hear changes alone.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {readonly number[]} colour red, green, blue
 */
export function cssColour(colour) {
  return `rgb(${colour.map((part) => Math.round(part)).join(' ')})`;
}

/**
 * Give the arrow keys, Home and End to a group of buttons, of which Tab reaches one.
 * @param {HTMLElement} group
 * @param {string} selector of its members
 */
export function roving(group, selector) {
  const members = () =>
    /** @type {HTMLElement[]} */ ([...group.querySelectorAll(selector)]).filter(
      (member) => !member.hidden && !member.matches(':disabled'),
    );
  group.addEventListener('keydown', (event) => {
    const all = members();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    let to = at;
    if (step) to = (at + step + all.length) % all.length;
    else if (event.key === 'Home') to = 0;
    else if (event.key === 'End') to = all.length - 1;
    else return;
    event.preventDefault();
    event.stopPropagation();
    focusAmong(all, to);
  });
  group.addEventListener('focusin', (event) => {
    const all = members();
    const at = all.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at >= 0) for (const [number, member] of all.entries()) member.tabIndex = number === at ? 0 : -1;
  });
}

/**
 * @param {HTMLElement[]} members
 * @param {number} at
 */
function focusAmong(members, at) {
  members[at]?.focus();
  members[at]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

/**
 * Save a file to the annotator's computer.
 * @param {Blob} blob
 * @param {string} name
 */
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el('a', { href: url, download: name.replace(/[^\w.-]+/g, '_') });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
