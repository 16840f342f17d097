/** Finishing an image: what is left unlabelled, extended labels, reviews. */
import { askText } from '../parts/dialogs.js';
import { whole } from '../parts/palette.js';
import { announce, toast } from '../parts/toasts.js';
import { isReturned, previousImage } from '../state/queue.js';
import { Extending } from './extending.js';

const UNUSABLE = ['Too dark or blurred', 'Broken picture', 'None of the classes fits', 'Private content'];

export class Finishing {
  /** @type {boolean} whether it was asked to finish with pixels left */
  #asked = false;
  /** @type {Extending | null} */
  extending = null;

  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    app.finishing = this;
  }

  /** An image was opened. */
  opened() {
    const { image, queue, over } = this.app;
    const item = queue?.images.find((candidate) => candidate.key === image?.key);
    if (image?.mode === 'label' && item && isReturned(item)) {
      over.show('bar', {
        name: 'back',
        title: `Sent back${image.info.answer?.reviewer ? ` by ${image.info.answer.reviewer}` : ''}`,
        text: item.returned ?? '',
        actions: [{ text: 'Got it', run: () => over.clear(), primary: true }],
      });
    }
  }

  /** The open image was left. */
  left() {
    this.#asked = false;
    this.extending?.stop();
    this.extending = null;
  }

  /** Something was drawn, or Escape pressed: the question is gone. */
  forget() {
    if (!this.#asked) return;
    this.#asked = false;
    this.app.over.clear();
  }

  /** Enter: what this means depends on what is open. */
  next() {
    const { app } = this;
    const { image } = app;
    if (image === null) return app.openNext();
    if (this.extending) return this.extending.accept();
    if (image.mode === 'view') return this.#goOn();
    if (image.mode === 'review' && !image.edited) return void this.#accept();
    const settled = ['done', 'review', 'unusable'].includes(image.info.answer?.state ?? '');
    if (settled && !image.edited) return this.#goOn();
    const left = 1 - sum(app.bench.classShares('asked'));
    if (left > 1 - 1e-9) return this.#nothingDrawn();
    if (left > 0.0005 && !this.#asked) return this.#ask(left);
    this.#finish();
  }

  previous() {
    const { queue, image } = this.app;
    const before = queue && previousImage(queue.images, image?.key ?? null);
    if (before) this.app.open(before.key);
    else toast('This is the first image');
  }

  /** The image cannot be labelled, for a reason. */
  askUnusable() {
    const { app } = this;
    if (app.image === null || app.image.mode !== 'label') return;
    askText({
      title: 'This image cannot be labelled',
      label: 'Why? It is set aside with this reason, and nothing drawn in it is used.',
      text: app.image.note,
      action: 'Set aside',
      needed: true,
      choices: UNUSABLE,
      run: (note) => {
        if (app.image === null) return;
        app.image.note = note;
        app.saver.finish('unusable');
        this.#finished();
        this.#goOn();
      },
    });
  }

  askNote() {
    const { app } = this;
    if (app.image === null || app.image.mode === 'view') return;
    askText({
      title: 'Note to this image',
      label: 'For reviewers and for the record',
      text: app.image.note,
      action: 'Keep note',
      run: (note) => {
        if (app.image === null) return;
        app.image.note = note;
        app.changed(false);
      },
    });
  }

  /** As a reviewer, give it back to its annotator. */
  askReturn() {
    const { app } = this;
    const { image } = app;
    if (image === null || image.mode !== 'review') return;
    askText({
      title: 'Send back',
      label: 'What should be better?',
      text: '',
      action: 'Send back',
      needed: true,
      run: (note) => void this.#review(image.key, 'return', note),
    });
  }

  #nothingDrawn() {
    const text = 'Nothing is labelled yet. If this image cannot be labelled, say so with Shift+X.';
    toast(text, { kind: 'warn' });
    announce(text);
  }

  /** @param {number} left share of what is asked that has no label */
  #ask(left) {
    const { app } = this;
    this.#asked = true;
    const title = `${whole(left)} of what is asked is not labelled: finish anyway?`;
    const worst = this.#emptiest();
    const actions = [
      {
        text: 'Show me',
        run: () => {
          this.forget();
          if (worst !== null) app.bench.goToRegion(worst);
        },
      },
      { text: 'Finish anyway', run: () => this.#finish(), primary: true, key: 'Enter' },
    ];
    app.over.show('bar', { name: 'warn', title, text: 'Enter again finishes.', actions });
    announce(title);
  }

  /** @returns {number | null} the region with most pixels left */
  #emptiest() {
    const { app } = this;
    const regions = app.image?.info.rectangles.length ?? 0;
    let worst = null;
    let most = 0;
    for (let region = 0; region < regions; region++) {
      const left = app.bench.unlabelledShare(region);
      if (left > most) [worst, most] = [region, left];
    }
    return worst;
  }

  #finish() {
    const { app } = this;
    const { image } = app;
    if (image === null) return;
    app.over.clear();
    this.#asked = false;
    if (app.session.extends && image.mode === 'label' && !image.info.whole) {
      // Not done before extended labels can be refused: the run may take the answer at once.
      app.saver.askExtended();
      this.extending = new Extending(app, image, () => this.#done());
      void this.extending.start();
      app.panels.render();
    } else {
      this.#done();
    }
  }

  #done() {
    this.app.saver.finish('done');
    this.#finished();
    this.#goOn();
  }

  /** Count it, and take it out of what is left. */
  #finished() {
    const { image, cost, done, finished } = this.app;
    if (image === null) return;
    if (!finished.has(image.key)) {
      done.images += 1;
      done.regions += image.info.whole ? 1 : image.info.rectangles.length;
      done.seconds += cost.totals.seconds;
    }
    finished.add(image.key);
    image.edited = true; // Fetched anew when it is opened again.
  }

  #goOn() {
    const { app } = this;
    this.extending?.stop();
    this.extending = null;
    app.openNext();
    void app.poll?.now();
  }

  async #accept() {
    const { image } = this.app;
    if (image) await this.#review(image.key, 'accept', '');
  }

  /**
   * @param {string} key
   * @param {'accept' | 'return'} verdict
   * @param {string} note
   */
  async #review(key, verdict, note) {
    const { app } = this;
    try {
      await app.api.review(key, verdict, note);
      if (verdict === 'accept') app.finished.add(key);
      else if (app.queue) {
        // Not for ever: its annotator finishes it again.
        app.queue.review = app.queue.review.filter((item) => item.key !== key);
      }
      app.loader.forget(key);
      toast(verdict === 'accept' ? 'Accepted' : 'Sent back', { kind: 'good' });
      this.#goOn();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { kind: 'warn' });
    }
  }
}

/** @param {ArrayLike<number>} shares */
function sum(shares) {
  let total = 0;
  for (let at = 0; at < shares.length; at++) total += shares[at] ?? 0;
  return total;
}
