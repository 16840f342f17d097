/** What is said when there is nothing to label now. */
import { count, duration, isTaken, pastDetail, pastText } from '../state/queue.js';
import { el } from '../parts/dom.js';
import { showPeople } from '../parts/people.js';

/** @param {import('./app.js').App} app */
export function showEmpty(app) {
  const { queue, over } = app;
  if (queue === null) return;
  const { run, images } = queue;
  const reviews = queue.review.length;
  /** @type {import('../parts/over.js').Action[]} */
  const actions = [];
  if (app.mode === 'label' && app.session.reviewer && reviews) {
    const text = `Review ${count(reviews, 'image')}`;
    actions.push({ text, run: () => app.setMode('review'), primary: true });
  }
  if (app.mode === 'review') {
    actions.push({ text: 'Label', run: () => app.setMode('label'), primary: true });
    const text = 'What annotators finish appears here by itself.';
    over.show('full', { name: 'check', title: 'Nothing waits for a review', text, actions });
    return;
  }
  const first = images.find((image) => image.state !== 'unreadable');
  if (app.session.readOnly && first) {
    const again = { text: 'From the start', run: () => app.open(first.key), primary: true };
    over.show('full', { name: 'check', title: 'That was the last image', actions: [again] });
    return;
  }
  const taken = images.filter((image) => isTaken(image)).length;
  if (taken || images.some((image) => image.state === 'open')) {
    actions.push({ text: 'Who has what', run: () => showPeople(queue, app.session.name, null) });
  }
  const last = images.findLast((image) => image.state !== 'unreadable');
  if (last) actions.push({ text: 'Look at what is done', run: () => app.open(last.key) });

  if (run.state === 'works') {
    const text = `${run.text}. This page shows the next query by itself.`;
    over.show('full', { title: 'All is labelled: the run goes on', text, actions, wait: true });
  } else if (run.state === 'stopped') {
    const text = `${run.text}. This page then shows the next query by itself.`;
    over.show('full', { name: 'clock', title: 'The run is not at work', text, actions });
  } else if (run.state === 'finished') {
    const text = el('div', { class: 'quiet' }, ...finished(queue).map((line) => el('p', {}, line)));
    over.show('full', { name: 'check', title: 'The run is finished', text, actions });
  } else if (!images.length) {
    const text = 'When the run asks for images, they appear here by themselves.';
    over.show('full', { name: 'clock', title: 'Nothing is asked yet', text, actions });
  } else if (taken) {
    const text = `Others are on the last ${count(taken, 'image')}. What they leave appears here.`;
    over.show('full', { name: 'person', title: 'Nothing is left for you now', text, actions });
  } else {
    over.show('full', { name: 'check', title: 'All is labelled', text: summary(app), actions });
  }
}

/**
 * What the run has reached, and what was labelled for it.
 * @param {import('../types.js').Queue} queue
 */
function finished({ run, past }) {
  const labelled = past?.images ? [`${pastText(past)} ${pastDetail(past)}.`] : [];
  const reached = run.text.replace(/^the run is finished(: )?/, ''); // As the title says.
  return [...(reached ? [`${reached}.`] : []), ...labelled];
}

/** @param {import('./app.js').App} app */
function summary({ done, queue, session }) {
  const lines = [];
  if (done.images) {
    lines.push(`You labelled ${count(done.images, 'image')} in ${duration(done.seconds)}.`);
  }
  const known = queue?.images.flatMap((image) => image.agreement ?? []) ?? [];
  if (known.length) {
    const mean = known.reduce((sum, share) => sum + share, 0) / known.length;
    lines.push(`${Math.round(mean * 100)} % of the pixels that are labelled agree with the truth.`);
  }
  if (queue?.run.state === 'asks' && !session.demo) lines.push(queue.run.text);
  return el('div', { class: 'quiet' }, ...lines.map((line) => el('p', {}, line)));
}
