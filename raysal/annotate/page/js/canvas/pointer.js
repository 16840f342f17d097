/** @typedef {import('./shapes.js').Point} Point */

/**
 * What pointers do: one presses, drags and releases; the middle button, a held space or two fingers
 * move the view.
 * @typedef {{
 *   press: (x: number, y: number, erase: boolean) => void,
 *   drag: (x: number, y: number) => void,
 *   release: (x: number, y: number) => void,
 *   double: (x: number, y: number) => void,
 *   hover: (x: number, y: number) => void,
 *   leave: () => void,
 *   cancel: () => void,
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x: number, y: number) => void,
 *   resize: (steps: number) => void,
 *   pans: () => boolean,
 * }} Hands all places in CSS pixels of the element
 */

const TWICE_MS = 350;
const TWICE_PX = 6;

export class Pointers {
  /** @param {HTMLElement} element @param {Hands} hands */
  constructor(element, hands) {
    this._element = element;
    this._hands = hands;
    /** @type {Map<number, Point>} fingers that are down */
    this._fingers = new Map();
    /** @type {number|null} the pointer that is pressed */
    this._pressed = null;
    /** @type {{id: number, at: Point}|null} the pointer that moves the view */
    this._panning = null;
    this._pinching = false;
    this._last = { time: -Infinity, x: 0, y: 0 };
    this._abort = new AbortController();
    const { signal } = this._abort;
    const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ handle) =>
      element.addEventListener(name, handle, { signal, passive: false });
    on('pointerdown', (event) => this._down(event));
    on('pointermove', (event) => this._move(event));
    on('pointerup', (event) => this._up(event));
    on('pointercancel', (event) => this._lost(event));
    on('pointerleave', () => this._hands.leave());
    on('wheel', (event) => this._wheel(event));
    on('contextmenu', (event) => event.preventDefault());
  }

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  _place(event) {
    const box = this._element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** @param {PointerEvent} event */
  _down(event) {
    const at = this._place(event);
    event.preventDefault();
    this._capture(event.pointerId);
    if (event.pointerType === 'touch') {
      this._fingers.set(event.pointerId, at);
      if (this._fingers.size === 2) {
        this._hands.cancel();
        this._pressed = this._panning = null;
        this._pinching = true;
        return;
      }
      if (this._fingers.size > 2 || this._pinching) return;
    }
    if (this._pressed !== null || this._panning) return;
    if (event.button === 1 || this._hands.pans()) {
      this._panning = { id: event.pointerId, at };
      return;
    }
    if (event.button !== 0 && event.button !== 2 && event.button !== 5) return;
    this._pressed = event.pointerId;
    this._hands.press(at.x, at.y, event.button !== 0);
  }

  /** @param {PointerEvent} event */
  _move(event) {
    const at = this._place(event);
    if (this._pinching) {
      this._pinch(event.pointerId, at);
    } else if (this._panning?.id === event.pointerId) {
      this._hands.pan(at.x - this._panning.at.x, at.y - this._panning.at.y);
      this._panning.at = at;
    } else if (this._pressed === event.pointerId) {
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length > 0 ? all : [event]) {
        const place = this._place(one);
        this._hands.drag(place.x, place.y);
      }
    } else if (this._pressed === null && event.pointerType !== 'touch') {
      this._hands.hover(at.x, at.y);
    }
  }

  /** @param {number} id @param {Point} at */
  _pinch(id, at) {
    const before = [...this._fingers.values()];
    if (!this._fingers.has(id)) return;
    this._fingers.set(id, at);
    const after = [...this._fingers.values()];
    if (before.length < 2) return;
    const [a, b] = before;
    const [c, d] = after;
    const middle = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    this._hands.pan(middle.x - (a.x + b.x) / 2, middle.y - (a.y + b.y) / 2);
    const apart = Math.hypot(a.x - b.x, a.y - b.y);
    if (apart > 0) this._hands.zoom(Math.hypot(c.x - d.x, c.y - d.y) / apart, middle.x, middle.y);
  }

  /** @param {PointerEvent} event */
  _up(event) {
    const at = this._place(event);
    this._fingers.delete(event.pointerId);
    if (this._fingers.size === 0) this._pinching = false;
    if (this._panning?.id === event.pointerId) this._panning = null;
    if (this._pressed !== event.pointerId) return;
    this._pressed = null;
    this._hands.release(at.x, at.y);
    const { time, x, y } = this._last;
    const twice =
      event.button === 0 &&
      event.timeStamp - time < TWICE_MS &&
      Math.hypot(at.x - x, at.y - y) < TWICE_PX;
    this._last = twice
      ? { time: -Infinity, x: 0, y: 0 }
      : { time: event.timeStamp, x: at.x, y: at.y };
    if (twice) this._hands.double(at.x, at.y);
    if (event.pointerType === 'touch') this._hands.leave();
  }

  /** @param {PointerEvent} event */
  _lost(event) {
    this._fingers.delete(event.pointerId);
    if (this._fingers.size === 0) this._pinching = false;
    if (this._panning?.id === event.pointerId) this._panning = null;
    if (this._pressed === event.pointerId) {
      this._pressed = null;
      this._hands.cancel();
    }
  }

  /** @param {number} id */
  _capture(id) {
    try {
      this._element.setPointerCapture(id);
    } catch {
      // The pointer has gone already, or comes from a script.
    }
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    const at = this._place(event);
    const line = event.deltaMode === 0 ? 1 : 33;
    const [dx, dy] = [event.deltaX * line, event.deltaY * line];
    // A wheel moves in notches; what moves in small or slanted steps is a touchpad.
    const isWheel = event.deltaMode !== 0 || (event.deltaX === 0 && Math.abs(event.deltaY) >= 50);
    if (event.altKey) this._hands.resize(-Math.sign(dy || dx));
    else if (event.ctrlKey || event.metaKey) {
      this._hands.zoom(Math.exp(-dy * (isWheel ? 0.002 : 0.01)), at.x, at.y);
    } else if (event.shiftKey) this._hands.pan(-(dx || dy), 0);
    else if (isWheel) this._hands.zoom(Math.exp(-dy * 0.002), at.x, at.y);
    else this._hands.pan(-dx, -dy);
  }

  close() {
    this._abort.abort();
  }
}
