import { Accept } from './accept.js';
import { Brush } from './brush.js';
import { Bucket } from './bucket.js';
import { ExtendedTool } from './extended.js';
import { Line } from './line.js';
import { Modify } from './modify.js';
import { Pan } from './pan.js';
import { Pick } from './pick.js';
import { Scribble } from './scribble.js';
import { SuperpixelFill } from './superpixel.js';

/** One tool of each kind. @param {import('../desk.js').Desk} desk */
export function makeTools(desk) {
  return {
    superpixel: new SuperpixelFill(desk),
    brush: new Brush(desk, false),
    eraser: new Brush(desk, true),
    line: new Line(desk),
    bucket: new Bucket(desk),
    scribble: new Scribble(desk),
    pick: new Pick(desk),
    accept: new Accept(desk),
    modify: new Modify(desk),
    extended: new ExtendedTool(desk),
    pan: new Pan(desk),
  };
}

/** @typedef {keyof ReturnType<typeof makeTools>} ToolName */
