// What happened in a range of a run.

import { quantity } from "../timeline/ticks.js";
import { failed } from "./run_tracks.js";

/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./shapes.js").RequestJson} RequestJson */

/**
 * The mean of values that each hold until the next point, weighted by time; `NaN` if there is none.
 * @param {import("../timeline/points.js").Points} points
 * @param {number} from
 * @param {number} to
 */
export function meanOver(points, from, to) {
  let sum = 0;
  let known = 0;
  for (let i = Math.max(0, points.firstAtOrAfter(from) - 1); i < points.length && points.times[i] < to; i += 1) {
    const start = Math.max(points.times[i], from);
    const end = Math.min(i + 1 < points.length ? points.times[i + 1] : to, to);
    if (end <= start || Number.isNaN(points.values[i])) continue;
    sum += points.values[i] * (end - start);
    known += end - start;
  }
  return known > 0 ? sum / known : NaN;
}

/**
 * How long the spans are together, within the range.
 * @param {{at_ms: number, lasts_ms: number | null}[]} spans
 * @param {number} from
 * @param {number} to
 */
export function timeWithin(spans, from, to) {
  return spans.reduce((sum, { at_ms, lasts_ms }) =>
    sum + Math.max(0, Math.min(at_ms + (lasts_ms ?? 0), to) - Math.max(at_ms, from)), 0);
}

/** The failed requests of runs: they are looked for once, not at each move of a pointer. @type {WeakMap<Run, {version: number, list: RequestJson[]}>} */
const failures = new WeakMap();

/** @param {Run} run */
function failuresOf(run) {
  const known = failures.get(run);
  if (known?.version === run.version) return known.list;
  const list = run.requests.filter(failed);
  failures.set(run, { version: run.version, list });
  return list;
}

/**
 * A range in words, as in `9.8 Mbit/s delivered, 3 failed requests, rebuffering 1.2 s`.
 * @param {Run} run
 * @param {{from: number, to: number}} range
 */
export function rangeText(run, { from, to }) {
  const parts = [];
  const mean = meanOver(run.delivered, from, to);
  if (Number.isFinite(mean)) parts.push(`${quantity(mean, "bit/s")} delivered`);
  const bad = failuresOf(run).filter((request) => request.end_ms >= from && request.start_ms <= to).length;
  if (bad > 0) parts.push(bad === 1 ? "one failed request" : `${bad} failed requests`);
  const [stalled, rebuffered] = [timeWithin(run.stalls, from, to), timeWithin(run.rebuffers, from, to)];
  if (stalled > 0) parts.push(`link stalled ${quantity(stalled, "ms")}`);
  if (rebuffered > 0) parts.push(`rebuffering ${quantity(rebuffered, "ms")}`);
  return parts.join(", ");
}
