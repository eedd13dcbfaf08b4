// Draws tracks of spans and of marks.

import { HEIGHT, MARK_ROWS, markRows } from "./tracks.js";

/** @typedef {import("./tracks.js").LaneTrack} LaneTrack */
/** @typedef {import("./tracks.js").MarksTrack} MarksTrack */
/** @typedef {import("./tracks.js").Mark} Mark */
/** @typedef {import("./brush.js").Brush} Brush */

/**
 * @param {Brush} brush
 * @param {LaneTrack} track
 */
export function drawLane(brush, track) {
  const { view, width } = brush;
  track.rows.forEach((row, n) => {
    const y = n * (HEIGHT.row + 2) + 1;
    brush.block(0, y, width, HEIGHT.row, "--grid", 0.35);
    let drawnTo = -1;
    for (const span of row.spans) {
      if (span.to < view.from || span.from > view.to) continue;
      const from = view.pixel(span.from, width);
      const to = Math.max(view.pixel(Math.min(span.to, view.end), width), from + 2);
      // Many spans within one pixel look like one.
      if (to <= drawnTo) continue;
      drawnTo = to;
      brush.block(from, y, Math.max(to - from - 1, 1), HEIGHT.row, span.colour, span.strength ?? 1);
      brush.inside(span.text, from, to, y + 13);
    }
  });
}

/**
 * @param {Brush} brush
 * @param {MarksTrack} track
 */
export function drawMarks(brush, track) {
  const { view, width, context } = brush;
  const rows = markRows(track);
  rows.forEach((_, n) => brush.block(0, 2 + n * HEIGHT.mark, width, HEIGHT.mark - 2, "--grid", 0.35));
  /** @type {Map<string, number>} */
  const drawnTo = new Map();
  for (const mark of track.marks) {
    if (mark.at < view.from || mark.at > view.to) continue;
    const x = view.pixel(mark.at, width);
    const kind = MARK_ROWS.includes(mark.kind) ? mark.kind : "session";
    if (x < (drawnTo.get(kind) ?? -1)) continue;
    drawnTo.set(kind, x + 1);
    const y = 2 + rows.indexOf(kind) * HEIGHT.mark + (HEIGHT.mark - 2) / 2;
    context.fillStyle = brush.colour(mark.colour);
    context.beginPath();
    if (kind === "command" || kind === "link") {
      context.moveTo(x, y - 5);
      context.lineTo(x + 5, y + 5);
      context.lineTo(x - 5, y + 5);
    } else if (kind === "switch") {
      context.rect(x - 4, y - 4, 8, 8);
    } else if (kind === "drop") {
      context.rect(x - 1, y - 5, 2, 10);
    } else {
      context.arc(x, y, 4.5, 0, 7);
    }
    context.fill();
  }
}

/**
 * The mark nearest to `time` within `slack` milliseconds, in the row at `y`.
 * @param {MarksTrack} track
 * @param {number} y
 * @param {number} time
 * @param {number} slack
 * @returns {Mark | undefined}
 */
export function markAt(track, y, time, slack) {
  const kind = markRows(track)[Math.floor((y - 2) / HEIGHT.mark)];
  /** @type {Mark | undefined} */
  let best;
  for (const mark of track.marks) {
    const row = MARK_ROWS.includes(mark.kind) ? mark.kind : "session";
    if (row !== kind || Math.abs(mark.at - time) > slack) continue;
    if (!best || Math.abs(mark.at - time) < Math.abs(best.at - time)) best = mark;
  }
  return best;
}

/**
 * The span in the row at `y` that covers `time`.
 * @param {LaneTrack} track
 * @param {number} y
 * @param {number} time
 * @param {number} slack
 */
export function spanAt(track, y, time, slack) {
  const row = track.rows[Math.floor((y - 1) / (HEIGHT.row + 2))];
  return row?.spans.find((span) => time >= span.from - slack && time <= span.to + slack);
}
