// The figures of a run: what the viewer had of it.

import { quantity } from "../timeline/ticks.js";
import { fill, h } from "./dom.js";

/** @typedef {import("../data/shapes.js").QoeJson} QoeJson */

/** @param {number | null | undefined} value @param {(value: number) => string} how */
const known = (value, how) => (typeof value === "number" && Number.isFinite(value) ? how(value) : "–");
const seconds = (/** @type {number} */ value) => quantity(value * 1000, "ms");
const rate = (/** @type {number} */ value) => quantity(value, "bit/s");

/**
 * Names and values of what is shown.
 * @param {QoeJson} json
 * @returns {[string, string, string][]} name, value, explanation
 */
export function figuresOf({ qoe, source, player_error }) {
  const by = (/** @type {string} */ what) => (source?.[what] ? `${source[what] === "cmcd" ? "reported by the player" : source[what]}` : "");
  const mtp = player_error?.mtp;
  return [
    ["startup", known(qoe.startup_seconds, seconds), by("startup")],
    ["rebuffering", known(qoe.rebuffer_seconds, seconds), by("rebuffer")],
    ["rebuffer ratio", known(qoe.rebuffer_ratio, (value) => `${(value * 100).toFixed(1)} %`), by("rebuffer")],
    ["mean bitrate", known(qoe.mean_bitrate_bps, rate), "declared bitrate of what was played, weighted by time"],
    ["switches", known(qoe.switches, String), ""],
    ["retries", known(qoe.retries, String), "requests that were made again"],
    ["errors", known(qoe.errors, String), "requests that failed"],
    ["QoE (linear)", known(qoe.qoe_linear, (value) => value.toFixed(2)), "bitrate − changes − 4.3 × rebuffering; see docs/abr.md"],
    ["player's estimate", known(mtp?.mean_ratio, (value) => `${Math.round(value * 100)} %`), "throughput that the player reports, of what was delivered"],
  ];
}

/** A list of figures, and what updates it. */
export function figureList() {
  const element = h("dl", { class: "figures" });
  let shown = "";
  return {
    element,
    /** @param {[string, string, string][]} figures */
    update(figures) {
      const text = JSON.stringify(figures);
      if (text === shown) return;
      shown = text;
      fill(element, figures.map(([name, value, title]) => h("div", { title }, h("dt", {}, name), h("dd", {}, value))));
    },
  };
}
