/**
 * The queue below the picture: progress, and a tile for each image.
 * @typedef {import('../types.js').Queue} Queue
 * @typedef {import('../types.js').QueueImage} QueueImage
 */
import { count, duration, isTaken, pastDetail, pastText, progressText, stateOf } from '../state/queue.js';
import { byId, el, icon, roving, setIcon, setText } from './dom.js';

/** @type {Record<string, string>} */
const ICONS = {
  draft: 'pencil',
  review: 'clock',
  done: 'check',
  unusable: 'ban',
  unreadable: 'warn',
  returned: 'back',
  taken: 'person',
  others: 'lock',
};

export class Strip {
  #strip = byId('strip');
  /** @type {Map<string, HTMLElement>} */
  #tiles = new Map();
  #title = el('strong', { class: 'progress-title' });
  #bar = el('span', { class: 'progress-fill' });
  #meter = el(
    'div',
    { class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-label': 'Progress' },
    this.#bar,
  );
  #pace = el('span', { class: 'quiet pace' });
  #modes = el('span', { class: 'segments modes', role: 'group', 'aria-label': 'What to do', hidden: true });

  /**
   * @param {(key: string) => void} open
   * @param {(mode: 'label' | 'review') => void} setMode
   */
  constructor(open, setMode) {
    byId('progress').append(this.#title, this.#meter, this.#pace, this.#modes);
    this.#modes.append(
      el('button', { type: 'button', data: { mode: 'label' } }, 'Label'),
      el('button', { type: 'button', data: { mode: 'review' } }, 'Review'),
    );
    this.#modes.addEventListener('click', (event) => {
      const mode = /** @type {Element} */ (event.target).closest('button')?.dataset.mode;
      if (mode === 'label' || mode === 'review') setMode(mode);
    });
    this.#strip.addEventListener('click', (event) => {
      const tile = /** @type {Element} */ (event.target).closest('button');
      if (tile?.dataset.key && !tile.disabled) open(tile.dataset.key);
    });
    roving(this.#strip, 'button');
  }

  /**
   * @param {Queue} queue
   * @param {string | null} current
   * @param {'label' | 'review'} mode
   * @param {boolean} reviewer
   */
  render(queue, current, mode, reviewer) {
    const waiting = new Set(queue.review.map((item) => item.key));
    const images = mode === 'label' ? queue.images : reviewTiles(queue);
    this.#modes.hidden = !reviewer || (mode === 'label' && waiting.size === 0);
    for (const each of this.#modes.querySelectorAll('button')) {
      each.setAttribute('aria-pressed', String(each.dataset.mode === mode));
      if (each.dataset.mode === 'review') setText(each, `Review ${waiting.size}`);
    }
    const keys = new Set(images.map((image) => image.key));
    for (const [key, tile] of this.#tiles) {
      if (keys.has(key)) continue;
      tile.remove();
      this.#tiles.delete(key);
    }
    for (const [number, image] of images.entries()) this.#tile(image, number, image.key === current);
    this.#strip.classList.toggle('empty', images.length === 0);
  }

  /**
   * @param {Queue} queue
   * @param {{seconds: number, regions: number, images: number}} done here
   */
  progress({ progress, past }, done) {
    // Nothing is asked now: what was done before is shown instead.
    const over = progress.of === 0;
    this.#meter.hidden = over;
    if (over) {
      setText(this.#title, pastText(past) || 'Nothing is asked now');
      setText(this.#pace, pastDetail(past));
      return;
    }
    setText(this.#title, progressText(progress));
    const share = progress.of > 0 ? Math.min(1, progress.done / progress.of) : 0;
    this.#bar.style.transform = `scaleX(${share})`;
    this.#meter.setAttribute('aria-valuenow', String(Math.round(share * 100)));
    this.#meter.setAttribute('aria-valuetext', progressText(progress));
    const own = progress.doneByYou ? `${count(progress.doneByYou, 'image')} by you` : '';
    const per = done.regions > done.images ? 'region' : 'image';
    const parts = per === 'region' ? done.regions : done.images;
    const pace = parts ? `${duration(done.seconds / parts)} per ${per}` : own;
    setText(this.#pace, pace);
    this.#pace.title = own;
  }

  /** @param {string} key of the tile that shall be in view */
  reveal(key) {
    this.#tiles.get(key)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /**
   * @param {QueueImage} image
   * @param {number} number
   * @param {boolean} current
   */
  #tile(image, number, current) {
    const { state, text } = stateOf(image);
    let tile = this.#tiles.get(image.key);
    if (!tile) {
      tile = this.#make(image);
      this.#tiles.set(image.key, tile);
    }
    if (this.#strip.children[number] !== tile) {
      this.#strip.insertBefore(tile, this.#strip.children[number] ?? null);
    }
    const button = /** @type {HTMLButtonElement} */ (tile.firstElementChild);
    const what = image.whole || !image.regions ? 'whole image' : count(image.regions, 'region');
    const agreement = image.agreement === null || image.agreement === undefined ? '' :
      `, ${Math.round(image.agreement * 100)} % of what is labelled agrees with the truth`;
    const label = `${image.id}: ${what}, ${text}${agreement}`;
    button.dataset.state = state;
    button.dataset.tip = label;
    if (button.getAttribute('aria-label') !== label) button.setAttribute('aria-label', label);
    button.disabled = state === 'unreadable' || (isTaken(image) && !current);
    if (current) button.setAttribute('aria-current', 'true');
    else button.removeAttribute('aria-current');
    setText(/** @type {Element} */ (button.querySelector('.tile-number')), String(number + 1));
    setText(
      /** @type {Element} */ (button.querySelector('.tile-regions')),
      image.whole || !image.regions ? '' : `${image.regions}×`,
    );
    const badge = /** @type {Element} */ (button.querySelector('.tile-badge'));
    badge.classList.toggle('none', !ICONS[state]);
    if (ICONS[state]) setIcon(badge, ICONS[state]);
  }

  /** @param {QueueImage} image */
  #make(image) {
    const button = el(
      'button',
      { type: 'button', class: 'tile plain', data: { key: image.key }, tabindex: this.#tiles.size ? -1 : 0 },
      el('span', { class: 'tile-number' }),
      el('span', { class: 'tile-regions' }),
      el('span', { class: 'tile-badge' }, icon('check', 'small')),
    );
    if (image.state !== 'unreadable') {
      const picture = el('img', { class: 'tile-picture', alt: '', loading: 'lazy', draggable: 'false' });
      picture.addEventListener('load', () => button.classList.remove('plain'));
      picture.addEventListener('error', () => picture.remove());
      picture.src = `/api/images/${image.key}/thumbnail`;
      button.prepend(picture);
    }
    return el('li', {}, button);
  }
}

/**
 * @param {Queue} queue
 * @returns {QueueImage[]}
 */
function reviewTiles(queue) {
  const known = new Map(queue.images.map((image) => [image.key, image]));
  return queue.review.map((item) => ({
    query: '',
    size: /** @type {[number, number]} */ ([0, 0]),
    regions: 0,
    whole: true,
    score: null,
    returned: null,
    ...known.get(item.key),
    key: item.key,
    id: item.id,
    state: /** @type {const} */ ('review'),
    by: item.by,
    leasedBy: null,
    yours: true,
    forYou: true,
  }));
}
