// The picture of a profile: its rate, stalls and latency over time.

import { get } from "../client/api.js";
import { Points } from "../timeline/points.js";
import "../timeline/timeline.js";

/** @typedef {import("../data/shapes.js").PlotJson} PlotJson */
/** @typedef {import("../timeline/tracks.js").Track} Track */
/** @typedef {import("../timeline/timeline.js").Timeline} Timeline */

/** The time that the picture of a form shows. */
const SECONDS = 120;
const COLOURS = ["--series-delivered", "--series-estimated", "--series-cmcd", "--series-other"];

/**
 * The tracks of runs of one or more profiles or seeds.
 * @param {{name: string, plot: PlotJson}[]} runs
 * @param {{latency?: boolean}} [options]
 * @returns {Track[]}
 */
export function plotTracks(runs, { latency = true } = {}) {
  const curve = (/** @type {[number, number][]} */ pairs) =>
    Points.of(pairs.map(([at]) => at * 1000), pairs.map(([, value]) => value));
  /** @type {Track[]} */
  const tracks = [{
    kind: "lines", id: "rate", title: runs.every(({ plot }) => plot.rates.length === 0) ? "Rate: no limit" : "Rate",
    unit: "bit/s", height: 84,
    series: runs.map(({ name, plot }, n) => ({
      id: `rate-${n}`, name, colour: COLOURS[n % COLOURS.length], shape: runs.length === 1 ? "area-step" : "step",
      points: curve(plot.rates),
    })),
  }];
  if (runs.some(({ plot }) => plot.stalls.length > 0)) {
    tracks.push({
      kind: "lane", id: "stalls", title: "Stalls",
      rows: runs.map(({ name, plot }) => ({
        name,
        spans: plot.stalls.map(([at, lasts]) => ({
          from: at * 1000, to: (at + lasts) * 1000, text: `stalled ${lasts.toFixed(1)} s`, colour: "--stall",
        })),
      })),
    });
  }
  if (latency && runs.some(({ plot }) => plot.latencies.length > 0)) {
    tracks.push({
      kind: "lines", id: "latency", title: "Latency of a request", unit: "ms", height: 64,
      series: runs.map(({ name, plot }, n) => ({
        id: `latency-${n}`, name, colour: COLOURS[n % COLOURS.length], shape: "line", points: curve(plot.latencies),
      })),
    });
  }
  return tracks;
}

/**
 * Runs of a profile under several seeds.
 * @param {string} name
 * @param {(number | string)[]} seeds
 * @param {number} seconds
 * @returns {Promise<{name: string, plot: PlotJson}[]>}
 */
export function plots(name, seeds, seconds) {
  return Promise.all(seeds.map(async (seed) => ({
    name: seeds.length === 1 ? name : `seed ${seed}`,
    plot: await get(`/api/v1/profiles/${encodeURIComponent(name)}/plot?seed=${encodeURIComponent(seed)}&seconds=${seconds}`),
  })));
}

/**
 * Shows the picture of a profile in a timeline.
 * @param {Timeline} timeline
 * @param {string} name
 * @param {number | string} seed
 */
export async function showPicture(timeline, name, seed) {
  timeline.tracks = plotTracks(await plots(name, [seed], SECONDS), { latency: false });
  // A profile without a limit has no points.
  timeline.view.extend(SECONDS * 1000);
  timeline.view.showAll();
  timeline.draw();
}
