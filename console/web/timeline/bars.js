// The bars of a waterfall, packed into rows.

/** The most rows of a group. Further bars at the same time share its last row. */
const MOST_ROWS = 6;

/**
 * A bar. `parts` are durations in milliseconds, in the order in which they are drawn from the left.
 * @typedef {{id: number, from: number, to: number, group: string, label: string,
 *   parts: {ms: number, colour: string}[], alert: boolean}} Bar
 */

/** Bars ordered by start, each in a row: those of a group are together, and bars of a row do not overlap. */
export class Bars {
  /**
   * @param {Bar[]} bars ordered by start
   * @param {string[]} order the order of the groups; others follow
   */
  constructor(bars, order = []) {
    this.bars = bars;
    /** The row of each bar. */
    this.rows = new Int32Array(bars.length);
    /** The latest end of all bars up to each one: it never falls, so it can be searched. */
    this.ends = new Float64Array(bars.length);
    /** @type {{name: string, first: number, rows: number}[]} */
    this.groups = [];
    this.rowCount = 0;
    this.#pack(order);
  }

  /** The time at which the last bar ends. */
  get end() {
    return this.ends.length > 0 ? this.ends[this.ends.length - 1] : 0;
  }

  /**
   * The indices of the bars that may be visible: from the first one, up to before the second one.
   * @param {number} from
   * @param {number} to
   * @returns {[number, number]}
   */
  visible(from, to) {
    const first = search(this.bars.length, (i) => this.ends[i] < from);
    const last = search(this.bars.length, (i) => this.bars[i].from <= to);
    return [first, last];
  }

  /**
   * The bar in `row` at `time`, within `slack` milliseconds.
   * @param {number} row
   * @param {number} time
   * @param {number} slack
   */
  at(row, time, slack) {
    const [first, last] = this.visible(time - slack, time + slack);
    let best;
    for (let i = first; i < last; i += 1) {
      if (this.rows[i] === row && this.bars[i].to >= time - slack) best = this.bars[i];
    }
    return best;
  }

  /** @param {string[]} order */
  #pack(order) {
    /** @type {Map<string, {rows: number[], members: number[], places: number[]}>} */
    const groups = new Map(order.map((name) => [name, { rows: [], members: [], places: [] }]));
    let latest = 0;
    this.bars.forEach((bar, i) => {
      latest = Math.max(latest, bar.to);
      this.ends[i] = latest;
      let group = groups.get(bar.group);
      if (!group) groups.set(bar.group, (group = { rows: [], members: [], places: [] }));
      let place = group.rows.findIndex((end) => end <= bar.from);
      if (place < 0) place = group.rows.length < MOST_ROWS ? group.rows.length : MOST_ROWS - 1;
      group.rows[place] = Math.max(group.rows[place] ?? 0, bar.to);
      group.members.push(i);
      group.places.push(place);
    });
    for (const [name, group] of groups) {
      if (group.members.length === 0) continue;
      this.groups.push({ name, first: this.rowCount, rows: group.rows.length });
      group.members.forEach((i, n) => {
        this.rows[i] = this.rowCount + group.places[n];
      });
      this.rowCount += group.rows.length;
    }
  }
}

/**
 * The first index for which `before` is false; it must be true up to there.
 * @param {number} length
 * @param {(index: number) => boolean} before
 */
function search(length, before) {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
