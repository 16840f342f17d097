/** What is done with the image as a whole: finish, note, cannot be labelled; accept or send back. */
import { keyLabel } from '../state/keys.js';
import { byId, el, setText } from './dom.js';
import { button } from './options.js';

/**
 * @typedef {object} FinishState
 * @property {'none' | 'label' | 'review' | 'view' | 'looking' | 'extended'} mode `looking`: for extended
 *   labels
 * @property {boolean} corrected in review: something was changed
 * @property {boolean} done whether the image is finished and unchanged
 * @property {boolean} hasNote
 */

export class Finish {
  #unusable = button('unusable', 'ban');
  #note = button('note', 'note');
  #back = button('return', 'back', 'Send back', 'Send it back to its annotator, with a note');
  #text = el('span');
  #key = el('kbd', { 'aria-hidden': 'true' }, 'Enter');
  #next = el(
    'button',
    { type: 'button', class: 'primary', data: { command: 'next', tip: 'Save and go on', keys: 'Enter' } },
    this.#text,
    this.#key,
  );

  constructor() {
    const previous = button('previous', 'left', '', 'Previous image', keyLabel('Shift+Enter'));
    byId('finish').append(previous, this.#note, this.#unusable, this.#back, this.#next);
  }

  /** @param {FinishState} state */
  render({ mode, corrected, done, hasNote }) {
    this.#unusable.hidden = this.#note.hidden = mode !== 'label';
    this.#note.classList.toggle('marked', hasNote);
    this.#back.hidden = mode !== 'review';
    this.#next.disabled = mode === 'none' || mode === 'looking';
    const looking = mode === 'looking';
    this.#next.dataset.tip = looking ? 'Extended labels are still being looked for' : 'Save and go on';
    this.#next.dataset.keys = looking ? '' : 'Enter'; // It goes on without them.
    this.#key.hidden = looking;
    const words = {
      none: 'Finish',
      label: done ? 'Next' : 'Finish',
      review: corrected ? 'Save corrected' : 'Accept',
      view: 'Next',
      looking: 'Accept and go on',
      extended: 'Accept and go on',
    };
    setText(this.#text, words[mode]);
  }
}
