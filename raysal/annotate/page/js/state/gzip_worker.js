/** Packs answers beside the page, so that drawing never waits for it. */
import { packAnswer } from './pack.js';

self.onmessage = async (/** @type {MessageEvent} */ event) => {
  const { number, head, rasters } = event.data;
  try {
    self.postMessage({ number, blob: await packAnswer(head, rasters) });
  } catch (error) {
    self.postMessage({ number, why: String(error) });
  }
};
