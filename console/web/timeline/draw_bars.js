// Draws a waterfall.

import { HEIGHT, rowTop } from "./tracks.js";

/** @typedef {import("./tracks.js").BarsTrack} BarsTrack */
/** @typedef {import("./brush.js").Brush} Brush */

/** Below this width in pixels a bar has one colour. */
const SPLIT_FROM = 4;

/**
 * @param {Brush} brush
 * @param {BarsTrack} track
 * @param {number | null} picked the id of the bar that is emphasised
 */
export function drawBars(brush, track, picked) {
  const { view, width } = brush;
  const { bars } = track;
  const tops = Array.from({ length: bars.rowCount }, (_, row) => rowTop(bars, row));
  for (const group of bars.groups) {
    const height = group.rows * (HEIGHT.bar + 2) - 2;
    brush.block(0, tops[group.first], width, height, "--grid", 0.35);
  }
  const drawnTo = new Float64Array(bars.rowCount).fill(-1);
  const [first, last] = bars.visible(view.from, view.to);
  for (let i = first; i < last; i += 1) {
    const bar = bars.bars[i];
    const row = bars.rows[i];
    const from = view.pixel(bar.from, width);
    const to = Math.max(view.pixel(bar.to, width), from + 1.5);
    if (to <= drawnTo[row] && !bar.alert) continue;
    drawnTo[row] = Math.ceil(to);
    const top = tops[row];
    if (to - from < SPLIT_FROM) {
      brush.block(from, top, to - from, HEIGHT.bar, bar.alert ? "--part-fault" : "--part-transfer");
    } else {
      parts(brush, bar, from, to, top);
    }
    if (bar.alert && to - from >= SPLIT_FROM) brush.block(from, top + HEIGHT.bar - 2, to - from, 2, "--part-fault");
    if (bar.id === picked) outline(brush, from, top, to - from);
  }
}

/**
 * @param {Brush} brush
 * @param {import("./bars.js").Bar} bar
 * @param {number} from
 * @param {number} to
 * @param {number} top
 */
function parts(brush, bar, from, to, top) {
  const total = bar.parts.reduce((sum, part) => sum + part.ms, 0);
  if (total <= 0) {
    brush.block(from, top, to - from, HEIGHT.bar, "--part-pending", 0.7);
    return;
  }
  let x = from;
  for (const part of bar.parts) {
    const wide = (part.ms / total) * (to - from);
    if (wide > 0) brush.block(x, top, wide, HEIGHT.bar, part.colour);
    x += wide;
  }
}

/**
 * @param {Brush} brush
 * @param {number} x
 * @param {number} y
 * @param {number} width
 */
function outline(brush, x, y, width) {
  brush.context.strokeStyle = brush.colour("--ink");
  brush.context.lineWidth = 2;
  brush.context.strokeRect(x - 1, y - 1, width + 2, HEIGHT.bar + 2);
}

/**
 * The bar at a pixel.
 * @param {BarsTrack} track
 * @param {number} y
 * @param {number} time
 * @param {number} slack
 */
export function barAt(track, y, time, slack) {
  for (let row = 0; row < track.bars.rowCount; row += 1) {
    const top = rowTop(track.bars, row);
    if (y >= top - 1 && y <= top + HEIGHT.bar + 1) return track.bars.at(row, time, slack);
  }
  return undefined;
}
