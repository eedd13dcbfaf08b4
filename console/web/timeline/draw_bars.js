// Draws a waterfall.

import { HEIGHT, rowTop } from "./tracks.js";

/** @typedef {import("./tracks.js").BarsTrack} BarsTrack */
/** @typedef {import("./brush.js").Brush} Brush */

/** Below this width in pixels a bar has one colour: that of its largest part. */
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
  const narrow = new NarrowBars(brush, tops);
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
      narrow.add(row, from, to, bar.alert ? "--part-fault" : largestPart(bar));
    } else {
      narrow.draw(row);
      parts(brush, bar, from, to, top);
    }
    if (bar.alert && to - from >= SPLIT_FROM) brush.block(from, top + HEIGHT.bar - 2, to - from, 2, "--part-fault");
    if (bar.id === picked) {
      narrow.draw(row);
      outline(brush, from, top, to - from);
    }
  }
  tops.forEach((_, row) => narrow.draw(row));
}

/**
 * The colour of a bar that is too narrow to be split: that of its largest part.
 * @param {import("./bars.js").Bar} bar
 */
export function largestPart({ parts: all }) {
  let largest = 0;
  let colour = "--part-transfer";
  for (const part of all) {
    if (part.ms > largest) ({ ms: largest, colour } = part);
  }
  return colour;
}

/** Narrow bars of one colour that follow each other within a pixel are drawn as one: there may be thousands. */
class NarrowBars {
  /**
   * @param {Brush} brush
   * @param {number[]} tops of the rows
   */
  constructor(brush, tops) {
    this.brush = brush;
    this.tops = tops;
    /** @type {({from: number, to: number, colour: string} | undefined)[]} what is not drawn yet, by row */
    this.waiting = tops.map(() => undefined);
  }

  /**
   * @param {number} row
   * @param {number} from
   * @param {number} to
   * @param {string} colour
   */
  add(row, from, to, colour) {
    const last = this.waiting[row];
    if (last && last.colour === colour && from <= last.to + 1) {
      last.to = Math.max(last.to, to);
      return;
    }
    this.draw(row);
    this.waiting[row] = { from, to, colour };
  }

  /** @param {number} row */
  draw(row) {
    const last = this.waiting[row];
    if (last) this.brush.block(last.from, this.tops[row], last.to - last.from, HEIGHT.bar, last.colour);
    this.waiting[row] = undefined;
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
