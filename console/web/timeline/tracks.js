// What a timeline shows: the kinds of tracks. A track is plain data.

/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./bars.js").Bars} Bars */

/**
 * One curve. `area` is a line that is filled down to zero; `step` holds each value until the next point. The colour is
 * the name of a CSS custom property of the timeline, as in `--series-delivered`. A series with `yields` does not
 * enlarge the scale to more than twice what the others need; what is above is cut off.
 * @typedef {{id: string, name: string, colour: string, shape: "line" | "step" | "area" | "area-step",
 *   points: Points, dashed?: boolean, yields?: boolean}} LineSeries
 */

/**
 * Curves with one scale, which starts at zero.
 * @typedef {{kind: "lines", id: string, title: string, unit: string, height?: number, series: LineSeries[]}} LinesTrack
 */

/**
 * A span of time with a text. `strength` from 0 to 1 is how opaque its colour is.
 * @typedef {{from: number, to: number, text: string, colour: string, strength?: number}} Span
 */

/**
 * Rows of spans.
 * @typedef {{kind: "lane", id: string, title: string, rows: {name: string, spans: Span[]}[]}} LaneTrack
 */

/**
 * A point in time with a text. `kind` groups marks in a row, and is what keys jump to.
 * @typedef {{at: number, kind: string, text: string, colour: string, request?: number | null}} Mark
 */

/**
 * Marks, with a row for each kind that occurs.
 * @typedef {{kind: "marks", id: string, title: string, marks: Mark[]}} MarksTrack
 */

/**
 * A waterfall: bars in rows, each split into parts.
 * @typedef {{kind: "bars", id: string, title: string, bars: Bars, legend: {name: string, colour: string}[]}} BarsTrack
 */

/** @typedef {LinesTrack | LaneTrack | MarksTrack | BarsTrack} Track */

/** Heights in CSS pixels. */
export const HEIGHT = { lines: 96, row: 18, mark: 14, bar: 12, ruler: 24 };

/** The kinds of marks that have a row, in order. Others share the last row. */
export const MARK_ROWS = ["command", "link", "fault", "drop", "switch", "error", "player", "session"];

/**
 * The kinds of marks in a track, in the order of their rows.
 * @param {MarksTrack} track
 */
export function markRows(track) {
  const present = new Set(track.marks.map((mark) => (MARK_ROWS.includes(mark.kind) ? mark.kind : "session")));
  return MARK_ROWS.filter((kind) => present.has(kind));
}

/**
 * The height of a track's drawing.
 * @param {Track} track
 */
export function trackHeight(track) {
  switch (track.kind) {
    case "lines":
      return track.height ?? HEIGHT.lines;
    case "lane":
      return Math.max(1, track.rows.length) * (HEIGHT.row + 2) + 2;
    case "marks":
      return Math.max(1, markRows(track).length) * HEIGHT.mark + 4;
    case "bars":
      return Math.max(2, track.bars.rowCount) * (HEIGHT.bar + 2) + track.bars.groups.length * 4 + 4;
  }
}

/**
 * The names of a track's rows, and where each row begins.
 * @param {Track} track
 * @returns {{name: string, top: number}[]}
 */
export function rowNames(track) {
  switch (track.kind) {
    case "lines":
      return [];
    case "lane":
      return track.rows.map(({ name }, n) => ({ name, top: n * (HEIGHT.row + 2) + 1 }));
    case "marks":
      return markRows(track).map((name, n) => ({ name, top: 2 + n * HEIGHT.mark - 2 }));
    case "bars":
      return track.bars.groups.map(({ name, first }) => ({ name, top: rowTop(track.bars, first) - 2 }));
  }
}

/**
 * The top of a row of bars: groups are 4 pixels apart.
 * @param {Bars} bars
 * @param {number} row
 */
export function rowTop(bars, row) {
  const group = bars.groups.findIndex((one) => row >= one.first && row < one.first + one.rows);
  return 2 + row * (HEIGHT.bar + 2) + group * 4;
}

/**
 * The time of the last thing in a track.
 * @param {Track} track
 * @returns {number}
 */
export function trackEnd(track) {
  switch (track.kind) {
    case "lines":
      return Math.max(0, ...track.series.map((series) => series.points.end));
    case "lane":
      return track.rows.reduce((end, row) => Math.max(end, row.spans[row.spans.length - 1]?.to ?? 0), 0);
    case "marks":
      return track.marks.reduce((end, mark) => Math.max(end, mark.at), 0);
    case "bars":
      return track.bars.end;
  }
}
