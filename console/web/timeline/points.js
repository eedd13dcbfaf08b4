// A growing list of (time, value) pairs, kept in typed arrays so that 100,000 of them are cheap to draw.

/** Pairs of time and value, ordered by time. Times are in milliseconds. `NaN` as a value is a gap. */
export class Points {
  constructor() {
    this.times = new Float64Array(64);
    this.values = new Float64Array(64);
    this.length = 0;
  }

  /**
   * The points of two lists of the same length.
   * @param {ArrayLike<number>} times
   * @param {ArrayLike<number>} values
   */
  static of(times, values) {
    const points = new Points();
    for (let i = 0; i < times.length; i += 1) points.push(times[i], values[i]);
    return points;
  }

  /**
   * Appends a point. A point at the time of the last one replaces it; an earlier one is ignored.
   * @param {number} time
   * @param {number} value
   */
  push(time, value) {
    if (!Number.isFinite(time)) return;
    const last = this.length - 1;
    if (last >= 0 && time < this.times[last]) return;
    if (last >= 0 && time === this.times[last]) {
      this.values[last] = value;
      return;
    }
    if (this.length === this.times.length) this.#grow();
    this.times[this.length] = time;
    this.values[this.length] = value;
    this.length += 1;
  }

  /**
   * Removes the points at `time` and later.
   * @param {number} time
   */
  truncate(time) {
    this.length = this.firstAtOrAfter(time);
  }

  /**
   * The index of the first point at or after `time`; `length` if there is none.
   * @param {number} time
   */
  firstAtOrAfter(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * The value that holds at `time`: that of the last point at or before it. `NaN` if there is none.
   * @param {number} time
   */
  valueAt(time) {
    const next = this.firstAtOrAfter(time);
    if (next < this.length && this.times[next] === time) return this.values[next];
    return next > 0 ? this.values[next - 1] : NaN;
  }

  /**
   * The largest value from `from` to `to`, the one that holds at `from` included; 0 if there is none.
   * @param {number} from
   * @param {number} to
   */
  maximum(from, to) {
    let largest = 0;
    const end = this.firstAtOrAfter(to);
    for (let i = Math.max(0, this.firstAtOrAfter(from) - 1); i < end; i += 1) {
      if (this.values[i] > largest) largest = this.values[i];
    }
    return largest;
  }

  /** The time of the last point; 0 if there is none. */
  get end() {
    return this.length > 0 ? this.times[this.length - 1] : 0;
  }

  #grow() {
    const [times, values] = [this.times, this.values];
    this.times = new Float64Array(times.length * 2);
    this.values = new Float64Array(values.length * 2);
    this.times.set(times);
    this.values.set(values);
  }
}
