/**
 * What labelling an image costs: active seconds, clicks and undos per region, class and tool.
 * @typedef {import('../types.js').Work} Work
 */

/** A longer pause is not working time. */
export const IDLE_S = 10;

export class Cost {
  /** @type {Map<string, Work>} */
  #work = new Map();
  /** @type {number | null} */
  #last = null;
  #place = { region: 0, class_id: 255, tool: 'pan' };

  /** @param {() => number} now seconds, of a clock that never goes back */
  constructor(now = () => performance.now() / 1000) {
    this.now = now;
  }

  /**
   * Begin with an image.
   * @param {Work[]} work what it has cost before
   */
  load(work) {
    this.#work = new Map(work.map((entry) => [nameOf(entry), { ...entry }]));
    this.#last = this.now();
  }

  /**
   * Where the time from now on counts.
   * @param {number} region
   * @param {number} classId
   * @param {string} tool
   */
  at(region, classId, tool) {
    this.#place = { region, class_id: classId, tool };
  }

  /** The annotator did something: the time since the last sign counts unless it was a pause. */
  active() {
    const now = this.now();
    const passed = this.#last === null ? 0 : now - this.#last;
    this.#last = now;
    if (passed > 0 && passed <= IDLE_S) this.#entry().seconds += passed;
  }

  /** The page is hidden: time stands still until the next sign. */
  rest() {
    this.#last = null;
  }

  /** @param {number} count presses that changed labels */
  click(count = 1) {
    this.active();
    this.#entry().clicks += count;
  }

  undo() {
    this.active();
    this.#entry().undos += 1;
  }

  /** @returns {Work[]} totals since the image was first opened */
  get work() {
    return [...this.#work.values()]
      .filter((entry) => entry.seconds >= 0.005 || entry.clicks || entry.undos)
      .map((entry) => ({ ...entry, seconds: Math.round(entry.seconds * 100) / 100 }));
  }

  get totals() {
    const sum = { seconds: 0, clicks: 0, undos: 0 };
    for (const entry of this.work) {
      sum.seconds += entry.seconds;
      sum.clicks += entry.clicks;
      sum.undos += entry.undos;
    }
    return { ...sum, seconds: Math.round(sum.seconds * 100) / 100 };
  }

  #entry() {
    const name = nameOf(this.#place);
    let entry = this.#work.get(name);
    if (!entry) {
      entry = { ...this.#place, seconds: 0, clicks: 0, undos: 0 };
      this.#work.set(name, entry);
    }
    return entry;
  }
}

/** @param {{region: number, class_id: number, tool: string}} place */
function nameOf(place) {
  return `${place.region}/${place.class_id}/${place.tool}`;
}
