/**
 * The top: the run, what it does now, who is here, and whether all is saved.
 * @typedef {import('../state/outbox.js').State} SavedState
 */
import { count } from '../state/queue.js';
import { byId, setIcon, setText } from './dom.js';

export class Top {
  #saved = byId('saved');
  #state = byId('run-state');

  /**
   * @param {import('../types.js').Session} session
   * @param {() => void} showKept
   * @param {() => void} showPeople
   */
  constructor(session, showKept, showPeople) {
    setText(byId('run-title'), session.title);
    document.title = `${session.title} – raysal`;
    byId('person').hidden = false;
    setText(byId('person-name'), session.reviewer ? `${session.name} (reviewer)` : session.name);
    byId('person').addEventListener('click', showPeople);
    this.#saved.addEventListener('click', showKept);
  }

  /**
   * @param {import('../types.js').Queue} queue
   * @param {boolean} reached
   * @param {boolean} refused whether the link is not valid any more
   */
  run(queue, reached, refused) {
    setText(byId('run-heading'), queue.heading);
    this.#state.hidden = false;
    this.#state.dataset.state = reached ? queue.run.state : 'lost';
    setText(byId('run-text'), reached ? queue.run.text : refused ? 'Link not valid' : 'Server not reached');
  }

  /**
   * @param {SavedState} state
   * @param {number} aside drawings set aside in this browser
   */
  saved({ kind, count: number, why }, aside) {
    const icons = { saved: 'check', saving: 'sync', unsent: 'offline', trouble: 'warn' };
    const texts = {
      saved: aside ? `Saved, ${aside} set aside` : 'Saved',
      saving: 'Saving',
      unsent: `${number} not saved yet: ${why}`,
      trouble: `${number} not saved: ${why}`,
    };
    this.#saved.dataset.kind = kind;
    this.#saved.title = kind === 'saving' ? `${count(number, 'image')} on the way` : texts[kind];
    setIcon(this.#saved, icons[kind]);
    setText(byId('saved-text'), texts[kind]);
  }
}
