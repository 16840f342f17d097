/**
 * Why the server did not take an answer.
 * @typedef {import('../types.js').Trouble} Trouble
 */
import { ApiError } from '../api.js';

/** These are tried again by themselves; the others wait for the annotator. */
const PASSING = new Set(['leased', 'full', 'signin', 'failed']);

/** @param {Trouble | null} trouble */
export function passes(trouble) {
  return trouble === null || PASSING.has(trouble.kind);
}

/**
 * @param {unknown} error
 * @returns {Trouble}
 */
export function troubleOf(error) {
  if (!(error instanceof ApiError)) return { kind: 'failed', why: String(error) };
  const { status, body, message } = error;
  switch (status) {
    case 401:
      return { kind: 'signin', why: 'open the link that `raysal annotate` printed again' };
    case 409:
      return { kind: 'conflict', why: message, by: body.by, version: body.version };
    case 410:
      return { kind: 'over', why: message };
    case 423:
      return { kind: 'leased', why: `${body.by ?? 'somebody else'} is on this image`, by: body.by };
    case 507:
      return { kind: 'full', why: "the server's disk is full: kept in this browser" };
    case 403:
    case 404:
    case 413:
    case 422:
      return { kind: 'refused', why: message };
    default:
      return { kind: 'failed', why: message };
  }
}
