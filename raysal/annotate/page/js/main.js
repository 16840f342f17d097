/** Starts the page. */
import { Api, ApiError } from './api.js';
import { App } from './app/app.js';
import { makeCommands } from './app/commands.js';
import { Finishing } from './app/finishing.js';
import { startKeyboard } from './app/keyboard.js';
import { Poll } from './app/poll.js';
import { append, byId, icon, loadIcons } from './parts/dom.js';
import { tabSession } from './parts/memory.js';
import { Over } from './parts/over.js';
import { announce, toast } from './parts/toasts.js';
import { startTooltips } from './parts/tooltip.js';
import { Outbox } from './state/outbox.js';
import { makePacker } from './state/packer.js';
import { openShelf, shelfInMemory } from './state/shelf.js';

const RETRY_MS = 2000;

/**
 * The session, as soon as the server is there.
 * @param {Api} api
 * @returns {Promise<import('./types.js').Session>}
 */
async function waitForSession(api) {
  const over = new Over();
  for (;;) {
    try {
      const session = await api.session();
      over.clear();
      return session;
    } catch (error) {
      const title = error instanceof ApiError ? error.message : 'The server is not reached';
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        const text = 'Open the link that `raysal annotate` printed, or ask for one.';
        over.show('full', { name: 'lock', title: 'You are not signed in', text });
      } else {
        const text = 'It is tried again by itself. Is `raysal annotate` running?';
        over.show('full', { name: 'offline', title, text, wait: true });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** @returns {Promise<import('./state/shelf.js').Shelf>} */
async function findShelf() {
  try {
    return await openShelf();
  } catch {
    const text = 'This browser keeps nothing: drawings that are not saved are lost with this tab.';
    toast(text, { kind: 'warn' });
    return shelfInMemory();
  }
}

/** @param {(command: string) => void} run */
function startButtons(run) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll('[data-icon]')
  )) {
    append(button, icon(button.dataset.icon ?? ''));
  }
  document.addEventListener('click', (event) => {
    const target = /** @type {Element} */ (event.target);
    const command = /** @type {HTMLElement | null} */ (target.closest('[data-command]'));
    if (command && !command.matches(':disabled')) run(command.dataset.command ?? '');
    // After a click (not a key) the keys belong to the picture again.
    const typing = target.closest('input, textarea, dialog, a');
    if (event.detail > 0 && !typing && !document.querySelector('dialog[open]')) {
      byId('canvas').focus({ preventScroll: true });
    }
  });
}

async function main() {
  startTooltips();
  const api = new Api();
  const [session, shelf, tab] = await Promise.all([
    waitForSession(api),
    findShelf(),
    tabSession(),
    loadIcons('/static/icons.svg'),
  ]);
  const who = { workplace: session.workplace ?? session.title, name: session.name };
  const outbox = new Outbox({ api, shelf, pack: makePacker(), who });
  const app = new App(session, api, outbox, tab);
  new Finishing(app);
  const run = makeCommands(app);
  startButtons(run);
  startKeyboard({
    bench: app.bench,
    canvas: byId('canvas'),
    classes: session.classes.length,
    singleKeys: () => app.hands.singleKeys,
    active: () => app.cost.active(),
    run,
    chooseClass: (index) => app.hands.setClass(index),
    hasNextRegion: () => {
      const { image, bench } = app;
      return image !== null && !image.info.whole && (bench.region ?? -1) + 1 < image.info.rectangles.length;
    },
    escape: () => app.finishing?.forget(),
  });
  await outbox.start().catch(() => announce('What was left in this browser cannot be read.'));
  const poll = new Poll(api, {
    queue: (queue) => app.setQueue(queue),
    lost: (why) => app.setLost(why),
  });
  app.poll = poll;
  await poll.now();
  document.documentElement.dataset.ready = 'true';
}

void main();
