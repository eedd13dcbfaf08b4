// Results of a benchmark (`vsps bench --json`): reading them, and their means for each profile and algorithm.

import { parse } from "../client/api.js";
import { quantity } from "../timeline/ticks.js";
import { LARGEST, RunFileError } from "./run_file.js";

/** The form of the file that is understood. */
const FORMAT = "vsps-bench/1";
/** The most runs of a file. */
const MOST_RUNS = 200_000;

/** @typedef {Record<string, number>} Means */
/** @typedef {{profile: string, algorithm: string, runs: number, failed: number, means: Means}} BenchRow */
/** @typedef {{command: string, version: string, rows: BenchRow[]}} BenchFile */

/** How each figure is written: its key, its name, its text. @type {[string, string, (value: number) => string][]} */
export const FIGURES = [
  ["bitrate_kbps", "bitrate", (value) => quantity(value * 1000, "bit/s")],
  ["rebuffer_ratio", "rebuffering", (value) => `${(value * 100).toFixed(2)} %`],
  ["rebuffer_count", "rebuffers", (value) => value.toFixed(1)],
  ["startup_s", "startup", (value) => quantity(value * 1000, "ms")],
  ["switches", "switches", (value) => value.toFixed(1)],
  ["qoe_mpc", "QoE (MPC)", (value) => value.toFixed(0)],
  ["qoe_pensieve", "QoE (Pensieve)", (value) => value.toFixed(3)],
  ["utilization", "link use", (value) => `${(value * 100).toFixed(1)} %`],
];

/**
 * Whether a text may be results of a benchmark, told from its beginning.
 * @param {string} text
 */
export function isBench(text) {
  return /^\s*\{\s*"format"\s*:\s*"vsps-bench\//.test(text.slice(0, 200));
}

/**
 * @param {string} text
 * @returns {BenchFile}
 */
export function readBench(text) {
  if (text.length > LARGEST) throw new RunFileError(`The file is larger than ${LARGEST / 1024 / 1024} MiB.`);
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new RunFileError(`The file is not JSON (${String(error)}). Write it with vsps bench --json FILE.`);
  }
  if (value?.format !== FORMAT) {
    throw new RunFileError(`The results have the format ${String(value?.format)}, this page reads ${FORMAT}. ` +
      "Open them with the version of vsps that wrote them, or a later one.");
  }
  if (!Array.isArray(value.runs)) throw new RunFileError("The results have no list of runs.");
  if (value.runs.length > MOST_RUNS) throw new RunFileError(`The results have more than ${MOST_RUNS} runs.`);
  return { command: String(value.command ?? ""), version: String(value.version ?? "?"), rows: rows(value.runs) };
}

/**
 * The means over the runs of each profile and algorithm, in the order of the file.
 * @param {any[]} runs
 * @returns {BenchRow[]}
 */
function rows(runs) {
  /** @type {Map<string, BenchRow>} */
  const found = new Map();
  for (const run of runs) {
    const [profile, algorithm] = [String(run?.profile), String(run?.abr)];
    const key = JSON.stringify([profile, algorithm]);
    const row = found.get(key) ?? { profile, algorithm, runs: 0, failed: 0, means: {} };
    found.set(key, row);
    row.runs += 1;
    if (run?.error !== undefined) {
      row.failed += 1;
      continue;
    }
    for (const [name] of FIGURES) row.means[name] = (row.means[name] ?? 0) + (Number(run?.[name]) || 0);
  }
  for (const row of found.values()) {
    for (const name of Object.keys(row.means)) row.means[name] = row.means[name] / (row.runs - row.failed);
  }
  return [...found.values()];
}

/**
 * The rows of the first results, with the same row of the second one if there is one.
 * @param {BenchFile} one
 * @param {BenchFile | undefined} other
 * @returns {[BenchRow, BenchRow | undefined][]}
 */
export function paired(one, other) {
  const same = (/** @type {BenchRow} */ row) => other?.rows.find(({ profile, algorithm }) => profile === row.profile && algorithm === row.algorithm);
  return one.rows.map((row) => [row, same(row)]);
}
