/** The tool bar at the left. */
import { keysOf, TOOLS } from '../state/keys.js';
import { byId, el, icon, roving } from './dom.js';

/** @type {Record<string, string>} */
export const TOOL_NAMES = {
  superpixel: 'Superpixels',
  brush: 'Brush',
  eraser: 'Eraser',
  line: 'Line',
  bucket: 'Bucket',
  scribble: 'Scribble',
  pick: 'Pick class',
  accept: 'Accept prediction',
  modify: 'Modify',
  pan: 'Move',
};

export class ToolBar {
  #root = byId('tools');

  constructor() {
    for (const { id, text } of TOOLS) {
      if (['pick', 'pan', 'line'].includes(id)) this.#root.append(el('hr', { class: 'rule' }));
      this.#root.append(
        el(
          'button',
          {
            type: 'button',
            class: 'ghost tool',
            'aria-label': TOOL_NAMES[id],
            'aria-pressed': 'false',
            'aria-keyshortcuts': keysOf(id),
            tabindex: id === 'superpixel' ? 0 : -1,
            data: { command: id, tip: text, keys: keysOf(id) },
          },
          icon(id),
        ),
      );
    }
    roving(this.#root, 'button');
  }

  /**
   * @param {string} tool in hand
   * @param {(tool: string) => boolean} usable
   */
  render(tool, usable) {
    for (const button of this.#root.querySelectorAll('button')) {
      const id = button.dataset.command ?? '';
      button.setAttribute('aria-pressed', String(id === tool));
      button.disabled = !usable(id);
    }
  }
}
