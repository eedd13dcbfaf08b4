// Round numbers for axes, and how they are written.

const TIME_STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3,
  3600e3, 7200e3, 14400e3, 43200e3, 86400e3,
];

/**
 * Times at which an axis has its labels: at most `most` of them.
 * @param {number} from
 * @param {number} to
 * @param {number} most
 * @returns {{step: number, times: number[]}}
 */
export function timeTicks(from, to, most) {
  const wanted = (to - from) / Math.max(1, most);
  const step = TIME_STEPS.find((candidate) => candidate >= wanted) ?? TIME_STEPS[TIME_STEPS.length - 1];
  const times = [];
  for (let n = Math.ceil(from / step); n * step <= to && times.length < 1000; n += 1) times.push(n * step);
  return { step, times };
}

/**
 * A time as `1:05`, `1:02:03`, or with decimals if `step` is below a second.
 * @param {number} ms
 * @param {number} [step] the distance of ticks, in milliseconds
 */
export function clock(ms, step = 1000) {
  const decimals = step >= 1000 ? 0 : step >= 100 ? 1 : step >= 10 ? 2 : 3;
  const total = Number((Math.max(0, ms) / 1000).toFixed(decimals));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const seconds = (total % 60).toFixed(decimals).padStart(decimals ? decimals + 3 : 2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

/**
 * The smallest round number (1, 2, 2.5, 4, 5, 6 or 8 times a power of ten) that is at least `value`.
 * @param {number} value
 */
export function roundUp(value) {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const digit = [1, 2, 2.5, 4, 5, 6, 8, 10].find((candidate) => candidate * power >= value * 0.999999) ?? 10;
  return digit * power;
}

/**
 * A value with its unit. Rates are bit/s with decimal prefixes; milliseconds from a second on are seconds.
 * @param {number} value
 * @param {string} unit
 */
export function quantity(value, unit) {
  if (!Number.isFinite(value)) return "–";
  if (unit === "bit/s") {
    if (value >= 1e9) return `${digits(value / 1e9)} Gbit/s`;
    if (value >= 1e6) return `${digits(value / 1e6)} Mbit/s`;
    if (value >= 1e3) return `${digits(value / 1e3)} kbit/s`;
    return `${Math.round(value)} bit/s`;
  }
  if (unit === "ms") return value >= 1000 ? `${digits(value / 1000)} s` : `${Math.round(value)} ms`;
  return unit ? `${digits(value)} ${unit}` : digits(value);
}

/** @param {number} value */
function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return String(Math.round(value));
  return size >= 10 ? String(Number(value.toFixed(1))) : String(Number(value.toFixed(2)));
}
