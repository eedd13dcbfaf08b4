// The visible part of the time axis.

/** The shortest visible span, in milliseconds. */
const SHORTEST = 10;

/**
 * The visible part of the time axis, from `from` to `to`, within 0 and `end`. While it follows, its right edge is the
 * end of the data.
 */
export class Viewport {
  constructor() {
    this.end = 1000;
    this.from = 0;
    this.to = 1000;
    this.follow = true;
  }

  /** The visible span in milliseconds. */
  get span() {
    return this.to - this.from;
  }

  /**
   * Sets the end of the data. A view that follows keeps its span and moves with the end; one that shows everything
   * grows.
   * @param {number} end
   */
  extend(end) {
    const span = this.span;
    const whole = this.from <= 0 && this.to >= this.end - 1;
    this.end = Math.max(end, SHORTEST);
    if (!this.follow) return;
    this.to = this.end;
    this.from = whole ? 0 : Math.max(0, this.end - span);
  }

  /**
   * Shows `from` to `to`.
   * @param {number} from
   * @param {number} to
   */
  show(from, to) {
    const span = Math.min(Math.max(to - from, SHORTEST), this.end);
    this.from = Math.min(Math.max(from, 0), this.end - span);
    this.to = this.from + span;
    this.follow = this.to >= this.end - 1;
  }

  /** Shows everything. */
  showAll() {
    this.show(0, this.end);
  }

  /**
   * Zooms by `factor` (below 1: closer), so that the time `at` stays where it is.
   * @param {number} factor
   * @param {number} at
   */
  zoom(factor, at) {
    const span = Math.min(Math.max(this.span * factor, SHORTEST), this.end);
    const share = this.span > 0 ? (at - this.from) / this.span : 0.5;
    const from = at - share * span;
    this.show(from, from + span);
  }

  /**
   * Moves by `share` of the visible span.
   * @param {number} share
   */
  pan(share) {
    const by = share * this.span;
    this.show(this.from + by, this.to + by);
  }

  /**
   * Moves so that `time` is visible, with the same span.
   * @param {number} time
   */
  reveal(time) {
    if (time >= this.from && time <= this.to) return;
    this.show(time - this.span / 2, time + this.span / 2);
  }

  /**
   * The pixel of `time` on an axis of `width` pixels.
   * @param {number} time
   * @param {number} width
   */
  pixel(time, width) {
    return ((time - this.from) / this.span) * width;
  }

  /**
   * The time at a pixel of an axis of `width` pixels.
   * @param {number} pixel
   * @param {number} width
   */
  time(pixel, width) {
    return this.from + (pixel / width) * this.span;
  }
}
