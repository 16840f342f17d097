import { Brush } from './brush.js';
import { Pan } from './pan.js';
import { SuperpixelFill } from './superpixel.js';

/**
 * @typedef {'superpixel'|'brush'|'eraser'|'line'|'bucket'|'scribble'|'pick'|'accept'|'modify'|'extended'|'pan'} ToolName
 */

/** One tool of each kind. @param {import('../desk.js').Desk} desk
 * @returns {Partial<Record<ToolName, import('./tool.js').Tool>>} */
export function makeTools(desk) {
  return {
    superpixel: new SuperpixelFill(desk),
    brush: new Brush(desk, false),
    eraser: new Brush(desk, true),
    pan: new Pan(desk),
  };
}
