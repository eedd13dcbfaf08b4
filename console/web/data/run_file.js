// Saved runs: reading them, with bounds, and saying what is wrong with one that cannot be read.

import { parse } from "../client/api.js";

/** @typedef {import("./shapes.js").RunFile} RunFile */
/** @typedef {import("./shapes.js").TimelineJson} TimelineJson */

/** The newest version of the format that is understood. */
export const VERSION = 1;
/** The largest file, in bytes. */
export const LARGEST = 256 * 1024 * 1024;

/** A file that is not a run, with what to do about it. */
export class RunFileError extends Error {}

/**
 * Reads the text of a saved run.
 * @param {string} text
 * @returns {RunFile}
 */
export function readRun(text) {
  if (text.length > LARGEST) throw new RunFileError(`The file is larger than ${LARGEST / 1024 / 1024} MiB.`);
  let value;
  try {
    value = parse(text);
  } catch (error) {
    throw new RunFileError(`The file is not JSON (${String(error)}). Save a run with “Save run” or GET …/run.`);
  }
  if (value === null || typeof value !== "object" || value.format !== "vsps-run") {
    throw new RunFileError("The file is not a saved run: it has no \"format\": \"vsps-run\".");
  }
  if (!(value.version >= 1 && value.version <= VERSION)) {
    throw new RunFileError(`The run has version ${String(value.version)}, this page reads versions 1 to ${VERSION}. ` +
      "Open it with the version of vsps that saved it, or a later one.");
  }
  if (!Array.isArray(value.sessions)) throw new RunFileError("The run has no list of sessions.");
  const sessions = value.sessions.map(checked);
  return { format: "vsps-run", version: value.version, meta: meta(value.meta), sessions };
}

/**
 * @param {any} saved
 * @param {number} n
 */
function checked(saved, n) {
  const timeline = saved?.timeline;
  if (!timeline || typeof timeline !== "object" || !timeline.session || typeof timeline.session !== "object") {
    throw new RunFileError(`Session ${n + 1} of the run has no timeline.`);
  }
  for (const key of ["requests", "renditions", "stalls", "rebuffers", "throughput", "live_latency", "marks"]) {
    timeline[key] = list(timeline[key]);
  }
  timeline.requests = timeline.requests.filter(isRequest);
  timeline.marks = timeline.marks.filter((/** @type {any} */ mark) => Number.isFinite(mark?.at_ms)).map(
    (/** @type {any} */ mark) => ({ ...mark, kind: String(mark.kind), text: String(mark.text) }));
  for (const key of ["renditions", "stalls", "rebuffers"]) {
    timeline[key] = timeline[key].filter((/** @type {any} */ one) => Number.isFinite(one?.at_ms));
  }
  timeline.link = { bin_ms: Number(timeline.link?.bin_ms) || 500, bins: list(timeline.link?.bins) };
  const timed = (/** @type {any} */ value) => list(value).filter((one) => Number.isFinite(one?.at_ms));
  timeline.buffer = { source: String(timeline.buffer?.source ?? "none"), points: timed(timeline.buffer?.points),
    player: timed(timeline.buffer?.player) };
  timeline.session.now_ms = Number(timeline.session.now_ms) || 0;
  return { timeline: /** @type {TimelineJson} */ (timeline), qoe: saved.qoe ?? null, events: list(saved.events) };
}

/** @param {any} request */
function isRequest(request) {
  const numbers = [request?.id, request?.start_ms, request?.end_ms];
  if (!numbers.every(Number.isFinite)) return false;
  request.path = String(request.path ?? "");
  request.kind = String(request.kind ?? "other");
  request.faults = list(request.faults);
  request.drops = Number(request.drops) || 0;
  request.upstream_failure ??= null;
  request.parts ??= null;
  return true;
}

/** @param {any} value */
function list(value) {
  return Array.isArray(value) ? value : [];
}

/** @param {any} value */
function meta(value) {
  return {
    vsps: String(value?.vsps ?? "?"),
    saved_unix_ms: Number(value?.saved_unix_ms) || 0,
    label: value?.label == null ? null : String(value.label),
    profile: String(value?.profile ?? "?"),
    seed: typeof value?.seed === "string" ? value.seed : Number(value?.seed) || 0,
  };
}
