// Draws a track of curves.

import { quantity, roundUp } from "./ticks.js";

/** @typedef {import("./tracks.js").LinesTrack} LinesTrack */
/** @typedef {import("./tracks.js").LineSeries} LineSeries */
/** @typedef {import("./brush.js").Brush} Brush */

/**
 * The top of the scale: a round number above every visible value. Series that yield count up to twice what the others
 * need.
 * @param {LineSeries[]} series
 * @param {number} from
 * @param {number} to
 */
export function scaleTop(series, from, to) {
  let firm = 0;
  let yielding = 0;
  for (const one of series) {
    const largest = one.points.maximum(from, to);
    if (one.yields) yielding = Math.max(yielding, largest);
    else firm = Math.max(firm, largest);
  }
  const largest = firm > 0 ? Math.max(firm, Math.min(yielding, firm * 2)) : yielding;
  return roundUp(largest * 1.05);
}

/**
 * @param {Brush} brush
 * @param {LinesTrack} track
 * @param {Set<string>} hidden ids of series that are not shown
 * @returns {{name: string, top: number}[]} the labels of the scale
 */
export function drawLines(brush, track, hidden) {
  const { view, height, width } = brush;
  const shown = track.series.filter((series) => !hidden.has(series.id));
  const top = scaleTop(shown, view.from, view.to);
  const y = (/** @type {number} */ value) => height - 1 - (Math.min(value, top * 1.02) / top) * (height - 8);
  const empty = shown.every((series) => series.points.maximum(view.from, view.to) === 0);
  const labels = (empty ? [] : [0.5, 1]).map((share) => ({ name: quantity(top * share, track.unit), top: y(top * share) - 7 }));
  for (const { top: at } of labels) brush.rule(Math.round(at + 7));
  for (const series of shown) {
    const dense = count(series, view.from, view.to) > 2 * width;
    if (dense) brush.columns(columns(brush, series, y), series);
    else brush.curve(exact(brush, series, y), series, height);
  }
  return labels;
}

/**
 * @param {LineSeries} series
 * @param {number} from
 * @param {number} to
 */
function count(series, from, to) {
  return series.points.firstAtOrAfter(to) - series.points.firstAtOrAfter(from);
}

/**
 * Every point, as runs of pixel coordinates; a gap begins a new run.
 * @param {Brush} brush
 * @param {LineSeries} series
 * @param {(value: number) => number} y
 * @returns {number[][]}
 */
function exact(brush, series, y) {
  const { view, width } = brush;
  const { points } = series;
  const steps = series.shape.endsWith("step");
  const first = Math.max(0, points.firstAtOrAfter(view.from) - 1);
  const last = Math.min(points.length, points.firstAtOrAfter(view.to) + 1);
  /** @type {number[][]} */
  const runs = [];
  /** @type {number[]} */
  let run = [];
  for (let i = first; i < last; i += 1) {
    const value = points.values[i];
    const x = view.pixel(points.times[i], width);
    if (steps && run.length > 0) run.push(x, run[run.length - 1]);
    if (Number.isNaN(value)) {
      if (run.length > 0) runs.push(run);
      run = [];
    } else {
      run.push(x, y(value));
    }
  }
  // A step holds until the end of the data, or of the view.
  if (steps && run.length > 0 && last === points.length) {
    run.push(view.pixel(Math.min(view.to, view.end), width), run[run.length - 1]);
  }
  if (run.length > 0) runs.push(run);
  return runs;
}

/**
 * The smallest and the largest value of each column of pixels, as triples of pixels: column, bottom, top. It is what
 * drawing every point would fill.
 * @param {Brush} brush
 * @param {LineSeries} series
 * @param {(value: number) => number} y
 * @returns {number[]}
 */
export function columns(brush, series, y) {
  const { view, width } = brush;
  const { times, values } = series.points;
  const last = series.points.firstAtOrAfter(view.to);
  const scale = width / view.span;
  /** @type {number[]} */
  const run = [];
  let column = -1;
  let low = 0;
  let high = 0;
  for (let i = series.points.firstAtOrAfter(view.from); i < last; i += 1) {
    const value = values[i];
    if (value !== value) continue;
    const at = Math.floor((times[i] - view.from) * scale);
    if (at !== column) {
      if (column >= 0) run.push(column, y(low), y(high));
      column = at;
      low = high = value;
    } else if (value < low) low = value;
    else if (value > high) high = value;
  }
  if (column >= 0) run.push(column, y(low), y(high));
  return run;
}
