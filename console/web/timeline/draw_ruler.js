// Draws the time axis.

import { clock, timeTicks } from "./ticks.js";

/** @param {import("./brush.js").Brush} brush */
export function drawRuler(brush) {
  const { view, width, height } = brush;
  const { step, times } = timeTicks(view.from, view.to, Math.max(2, width / 90));
  brush.rule(height - 1);
  for (const time of times) {
    const x = view.pixel(time, width);
    brush.block(x, height - 6, 1, 5, "--muted");
    const text = clock(time, step);
    brush.label(text, Math.min(x + 3, width - brush.context.measureText(text).width - 2), height - 9);
  }
}

/**
 * Thin vertical lines at the ticks of the axis.
 * @param {import("./brush.js").Brush} brush
 */
export function drawGrid(brush) {
  const { view, width, height } = brush;
  for (const time of timeTicks(view.from, view.to, Math.max(2, width / 90)).times) {
    brush.block(Math.round(view.pixel(time, width)), 0, 1, height, "--grid", 0.6);
  }
}
