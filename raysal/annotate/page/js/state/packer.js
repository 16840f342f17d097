/**
 * Packs answers in a worker; in the page itself if there is none.
 * @typedef {import('../types.js').Head} Head
 */
import { packAnswer } from './pack.js';

/** @returns {(head: Head, rasters: (Uint8Array | null)[]) => Promise<Blob>} */
export function makePacker() {
  /** @type {Map<number, {resolve: (blob: Blob) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();
  let number = 0;
  /** @type {Worker | null} */
  let worker = null;
  try {
    worker = new Worker(new URL('./gzip_worker.js', import.meta.url), { type: 'module' });
  } catch {
    return packAnswer;
  }
  worker.onmessage = ({ data }) => {
    const promise = waiting.get(data.number);
    waiting.delete(data.number);
    if (data.blob) promise?.resolve(data.blob);
    else promise?.reject(new Error(data.why));
  };
  worker.onerror = () => {
    worker = null;
    for (const { reject } of waiting.values()) reject(new Error('the worker has ended'));
    waiting.clear();
  };
  return async (head, rasters) => {
    if (worker === null) return packAnswer(head, rasters);
    const running = worker;
    const own = ++number;
    try {
      return await new Promise((resolve, reject) => {
        waiting.set(own, { resolve, reject });
        running.postMessage({ number: own, head, rasters });
      });
    } catch {
      return packAnswer(head, rasters);
    }
  };
}
