/** Small things that the page remembers; without them where the browser forbids it. */

const PREFIX = 'raysal-';

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(name, otherwise) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // It is only forgotten.
  }
}

/**
 * An id of this tab that survives reloading; a duplicated tab gets another.
 * @returns {Promise<string>}
 */
export async function tabSession() {
  const fresh = () =>
    [...crypto.getRandomValues(new Uint8Array(12))]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  let id = fresh();
  try {
    const stored = sessionStorage.getItem(`${PREFIX}session`);
    const channel = new BroadcastChannel(`${PREFIX}sessions`);
    if (stored !== null && !(await isUsed(channel, stored))) id = stored;
    sessionStorage.setItem(`${PREFIX}session`, id);
    channel.onmessage = ({ data }) => {
      if (data.asks === id) channel.postMessage({ has: id });
    };
  } catch {
    // Without storage each load is a session of its own.
  }
  return id;
}

/**
 * @param {BroadcastChannel} channel
 * @param {string} id
 * @returns {Promise<boolean>}
 */
function isUsed(channel, id) {
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (data.has === id) resolve(true);
    };
    channel.postMessage({ asks: id });
    setTimeout(() => resolve(false), 120);
  });
}
