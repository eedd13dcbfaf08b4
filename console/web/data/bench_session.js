// A session of a benchmark, as a report has it: its tracks on a timeline.

import { Points } from "../timeline/points.js";

/** @typedef {import("../timeline/tracks.js").Track} Track */
/** @typedef {[number, number][]} Pairs */

/**
 * Times are in milliseconds, rates in bit/s, the buffer is in seconds, rungs count from 1. `link` is empty without a limit. A
 * download is its first byte, its end, and its throughput; a stall is its start and its end, and the first is the startup.
 * @typedef {{end: number, link: Pairs, downloads: [number, number, number][], buffer: Pairs, rungs: Pairs, stalls: Pairs}} SessionData
 */

/**
 * Rate, buffer, rung, and when nothing was shown.
 * @param {SessionData} session
 * @returns {Track[]}
 */
export function sessionTracks({ end, link, downloads, buffer, rungs, stalls }) {
  const throughput = new Points();
  for (const [first, last, rate] of downloads) {
    throughput.push(first, rate);
    throughput.push(Math.max(last, first + 1), NaN);
  }
  return [
    { kind: "lines", id: "rate", title: "Rate", unit: "bit/s", series: [
      ...(link.length > 0 ? [/** @type {const} */ ({ id: "link", name: "link", colour: "--series-granted", shape: "area-step",
        points: points(link, end), yields: true })] : []),
      { id: "downloads", name: "downloads", colour: "--series-estimated", shape: "step", points: throughput },
    ] },
    { kind: "lines", id: "buffer", title: "Buffer", unit: "s", series: [
      { id: "buffer", name: "buffer", colour: "--series-delivered", shape: "line", points: points(buffer, end) },
    ] },
    { kind: "lines", id: "rung", title: "Rung shown (1 = lowest)", unit: "", series: [
      { id: "rung", name: "rung", colour: "--series-cmcd", shape: "step", points: points(rungs, end) },
    ] },
    { kind: "lane", id: "standstill", title: "Standstill", rows: [{ name: "not shown", spans: stalls.map(([from, to], n) => ({
      from, to, text: n === 0 ? "startup" : "rebuffering", colour: n === 0 ? "--pause" : "--rebuffer" })) }] },
  ];
}

/**
 * The points, and the last value once more at the end.
 * @param {Pairs} pairs
 * @param {number} end
 */
function points(pairs, end) {
  const made = Points.of(pairs.map(([at]) => at), pairs.map(([, value]) => value));
  if (made.length > 0 && made.end < end) made.push(end, made.values[made.length - 1]);
  return made;
}
