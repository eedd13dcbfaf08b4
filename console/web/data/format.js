// Values as people read them.

import { quantity } from "../timeline/ticks.js";

/**
 * The rate that the API writes with a unit, in bit/s; `null` for no limit.
 * @param {string | null} text
 * @returns {number | null}
 */
export function bitRate(text) {
  if (text === null) return null;
  const match = /^([\d.]+)\s*(bit|kbit|Mbit|Gbit)\/s$/.exec(text);
  if (!match) return null;
  return Number(match[1]) * { bit: 1, kbit: 1e3, Mbit: 1e6, Gbit: 1e9 }[/** @type {"bit"} */ (match[2])];
}

/**
 * The span that the API writes with units, as `1 s 500 ms`, in milliseconds.
 * @param {string} text
 */
export function milliseconds(text) {
  const units = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)\s*(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(number) * units[/** @type {keyof typeof units} */ (unit)];
  }
  return sum;
}

/** @param {number | null} bps */
export const rateText = (bps) => (bps === null ? "no limit" : quantity(bps, "bit/s"));

/** @param {number} bytes */
export function sizeText(bytes) {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return bytes >= 1e3 ? `${Math.round(bytes / 1e3)} kB` : `${bytes} B`;
}

/** @param {number} seconds */
export function spanText(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
