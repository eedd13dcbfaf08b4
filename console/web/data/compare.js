// Two runs on one time axis, and the difference of their figures.

import { Points } from "../timeline/points.js";
import { quantity } from "../timeline/ticks.js";
import { runTracks } from "./run_tracks.js";

/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./shapes.js").QoeJson} QoeJson */
/** @typedef {import("../timeline/tracks.js").Track} Track */

/** The time between two values of a difference, in milliseconds. */
const STEP = 500;

/**
 * The difference of two curves that hold each value until the next; a gap where one of them has none.
 * @param {Points} one
 * @param {Points} other
 */
export function difference(one, other) {
  const result = new Points();
  const end = Math.min(one.end, other.end);
  for (let time = 0; time <= end; time += STEP) result.push(time, other.valueAt(time) - one.valueAt(time));
  return result;
}

/** @param {Points} points */
const magnitude = (points) => Points.of(points.times.subarray(0, points.length), points.values.subarray(0, points.length).map(Math.abs));

/**
 * @param {[Run, Run]} runs
 * @returns {Track[]}
 */
export function compareTracks([one, other]) {
  const pair = (/** @type {string} */ id, /** @type {string} */ title, /** @type {string} */ unit,
    /** @type {Points} */ a, /** @type {Points} */ b, /** @type {"line" | "step"} */ shape) => /** @type {Track} */ ({
    kind: "lines", id, title, unit, series: [
      { id: `${id}-a`, name: "A", colour: "--series-delivered", shape, points: a },
      { id: `${id}-b`, name: "B", colour: "--series-estimated", shape, points: b },
      { id: `${id}-difference`, name: "|B − A|", colour: "--series-granted", shape, dashed: true, points: magnitude(difference(a, b)) },
    ],
  });
  const lanes = ([/** @type {const} */ (["A", one]), /** @type {const} */ (["B", other])]).flatMap(([name, run]) =>
    runTracks(run).filter((track) => track.kind !== "lines").map((track) => ({ ...track, id: `${track.id}-${name}`, title: `${name}: ${track.title}` })));
  const buffer = (/** @type {Run} */ run) => (run.cmcd.length > 0 ? run.cmcd : run.estimated);
  return [
    pair("delivered", "Delivered", "bit/s", one.delivered, other.delivered, "step"),
    pair("buffer", "Buffer", "ms", buffer(one), buffer(other), "line"),
    ...lanes,
  ];
}

/** How each figure is written. @type {[string, string, (value: number) => string][]} */
const FIGURES = [
  ["startup_seconds", "startup", (value) => quantity(value * 1000, "ms")],
  ["rebuffer_count", "rebuffers", String],
  ["rebuffer_seconds", "rebuffering", (value) => quantity(value * 1000, "ms")],
  ["rebuffer_ratio", "rebuffer ratio", (value) => `${(value * 100).toFixed(2)} %`],
  ["mean_bitrate_bps", "mean bitrate", (value) => quantity(value, "bit/s")],
  ["switches", "switches", String],
  ["segments", "segments", String],
  ["bytes", "bytes", (value) => `${(value / 1e6).toFixed(1)} MB`],
  ["errors", "errors", String],
  ["retries", "retries", String],
  ["qoe_linear", "QoE (linear)", (value) => value.toFixed(2)],
];

/**
 * Rows of a table: name, A, B, difference.
 * @param {QoeJson | null} one
 * @param {QoeJson | null} other
 * @returns {string[][]}
 */
export function compareRows(one, other) {
  return FIGURES.map(([key, name, how]) => {
    const [a, b] = [one?.qoe?.[key], other?.qoe?.[key]];
    const text = (/** @type {number | null | undefined} */ value) => (typeof value === "number" ? how(value) : "–");
    if (typeof a !== "number" || typeof b !== "number") return [name, text(a), text(b), "–"];
    const sign = b > a ? "+" : b < a ? "−" : "±";
    return [name, text(a), text(b), `${sign}${how(Math.abs(b - a))}`];
  });
}
