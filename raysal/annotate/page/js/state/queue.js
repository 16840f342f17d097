/**
 * What comes next, and how far things are: functions of the queue as the server sends it.
 * @typedef {import('../types.js').Queue} Queue
 * @typedef {import('../types.js').QueueImage} QueueImage
 */

/**
 * Whether somebody may now label an image.
 * @param {QueueImage} image
 */
export function isWaiting(image) {
  return image.forYou && (image.state === 'open' || image.state === 'draft') && !isTaken(image);
}

/**
 * Whether somebody else works on it.
 * @param {QueueImage} image
 */
export function isTaken(image) {
  return Boolean(image.leasedBy);
}

/**
 * The image to go on with: what a reviewer sent back, then the next in order, from the start again
 * after the last; null if nothing is left.
 * @param {QueueImage[]} images
 * @param {string | null} current
 * @param {ReadonlySet<string>} finished here, but the queue does not know yet
 * @returns {QueueImage | null}
 */
export function nextImage(images, current, finished = new Set()) {
  const at = images.findIndex((image) => image.key === current);
  const order = [...images.slice(at + 1), ...images.slice(0, Math.max(at, 0))];
  const left = order.filter((image) => isWaiting(image) && !finished.has(image.key));
  return left.find(isReturned) ?? left[0] ?? null;
}

/**
 * The image before, among those that may be opened; null before the first.
 * @param {QueueImage[]} images
 * @param {string | null} current
 * @returns {QueueImage | null}
 */
export function previousImage(images, current) {
  const at = images.findIndex((image) => image.key === current);
  const before = at < 0 ? images : images.slice(0, at);
  return before.findLast((image) => image.state !== 'unreadable' && !isTaken(image)) ?? null;
}

/**
 * Whether a reviewer has sent it back to this annotator.
 * @param {QueueImage} image
 */
export function isReturned(image) {
  return image.yours && image.state === 'draft' && image.returned !== null;
}

/**
 * A word for the state of an image, as a person reads it.
 * @param {QueueImage} image
 * @returns {{state: string, text: string}}
 */
export function stateOf(image) {
  if (image.state === 'unreadable') return { state: 'unreadable', text: image.why || 'unreadable' };
  if (isReturned(image)) return { state: 'returned', text: `sent back: ${image.returned}` };
  if (isTaken(image)) return { state: 'taken', text: `${image.leasedBy} is on it` };
  const by = image.by ? ` by ${image.by}` : '';
  switch (image.state) {
    case 'draft':
      return { state: 'draft', text: `begun${by}` };
    case 'review':
      return { state: 'review', text: `to be reviewed, drawn${by}` };
    case 'done':
      return { state: 'done', text: `done${by}` };
    case 'unusable':
      return { state: 'unusable', text: 'cannot be labelled' };
    default:
      return image.forYou
        ? { state: 'open', text: 'to be labelled' }
        : { state: 'others', text: 'for others' };
  }
}

/**
 * What to tell when the queue has changed; null if nothing is worth it.
 * @param {Queue | null} before
 * @param {Queue} now
 * @returns {string | null}
 */
export function news(before, now) {
  if (before === null) return null;
  const old = new Set(before.images.map((image) => image.key));
  const fresh = now.images.filter((image) => !old.has(image.key)).length;
  if (before.generation !== now.generation && fresh) return `New query: ${count(fresh, 'image')}`;
  if (before.run.state !== now.run.state) return now.run.text;
  return null;
}

/**
 * @param {number} number
 * @param {string} noun
 */
export function count(number, noun) {
  return `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`;
}

/**
 * Progress in the unit of the budget, such as "3 of 8 images".
 * @param {Queue['progress']} progress
 */
export function progressText(progress) {
  const { done, of, unit } = progress;
  return `${short(done)} of ${short(of)} ${unit}`;
}

/**
 * What was labelled in queries that are over, such as "7 images labelled"; empty for nothing.
 * @param {Queue['past']} past
 */
export function pastText(past) {
  return past?.images ? `${count(past.images, 'image')} labelled` : '';
}

/**
 * In how many queries, and how long it took; empty for nothing.
 * @param {Queue['past']} past
 */
export function pastDetail(past) {
  if (!past?.images) return '';
  const queries = `in ${past.queries.toLocaleString('en')} ${past.queries === 1 ? 'query' : 'queries'}`;
  return past.seconds ? `${queries}, ${duration(past.seconds)}` : queries;
}

/** @param {number} number */
function short(number) {
  if (number >= 1e6) return `${(number / 1e6).toFixed(1)} M`;
  if (number >= 1e4) return `${Math.round(number / 1e3)} k`;
  return number.toLocaleString('en');
}

/**
 * A duration as a person says it.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
