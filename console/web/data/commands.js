// Commands of the control panel: for each the request to the API, and the rule that does the same.

import { sessionPath } from "../client/api.js";

/**
 * What is controlled: a session, or all with a label.
 * @typedef {{session: string, label: string | null}} Target
 */

/**
 * A request to the API. `rule`, `query` and `option` do the same in a rule file, in an address, and for `vsps run`.
 * @typedef {{method: string, path: string, body?: object, rule?: string, query?: string, option?: string}} Command
 */

/**
 * The path of a resource of the target, such as `/faults`.
 * @param {Target} target
 * @param {string} rest
 */
function path({ session, label }, rest = "") {
  return label === null ? sessionPath(session, rest) : `/api/v1/sessions${rest}?label=${encodeURIComponent(label)}`;
}

/**
 * Settings, for as long as `ttl` says; an empty `ttl` = until changed.
 * @param {Target} target
 * @param {object} settings
 * @param {string} ttl
 * @returns {Command}
 */
export function change(target, settings, ttl) {
  return { method: "PATCH", path: path(target), body: { ...settings, ...(ttl && { ttl }) } };
}

/**
 * @param {Target} target
 * @param {number | null} bps null = the profile's rate
 * @param {string} ttl
 * @returns {Command}
 */
export function setRate(target, bps, ttl) {
  const rate = bps === null ? null : `${Math.round(bps)} bit/s`;
  if (rate === null) return change(target, { rate }, ttl);
  return { ...change(target, { rate }, ttl), query: `vsps.rate=${encodeURIComponent(rate)}`, option: `--rate '${rate}'` };
}

/**
 * Pauses the network, or resumes it. The rule does the same to each response from its start; without a time, nothing passes
 * until the player gives up.
 * @param {Target} target
 * @param {boolean} paused
 * @param {string} ttl
 * @returns {Command}
 */
export function setPaused(target, paused, ttl) {
  const command = change(target, { paused }, ttl);
  if (!paused) return command;
  if (ttl !== "") return { ...command, ...asRules([`:stall.at=0B,stall.for=${ttl.replaceAll(" ", "")}`]) };
  return { ...command, ...asRules([":hang=forever"]), query: `vsps.rate=${encodeURIComponent("0 bit/s")}`, option: "--rate '0 bit/s'" };
}

/**
 * Sets the round trip and the loss in place of the profile's; an empty text = the profile's.
 * @param {Target} target
 * @param {string} rttMs milliseconds
 * @param {string} lossPercent
 * @param {string} ttl
 * @returns {Command}
 */
export function setLatency(target, rttMs, lossPercent, ttl) {
  const rtt = rttMs === "" ? null : `${Number(rttMs)} ms`;
  const loss = lossPercent === "" ? null : `${Number(lossPercent)} %`;
  const given = Object.entries({ rtt, loss }).filter(([, value]) => value !== null);
  return {
    ...change(target, { rtt, loss }, ttl),
    query: given.map(([name, value]) => `vsps.${name}=${encodeURIComponent(/** @type {string} */ (value))}`).join("&"),
    option: given.map(([name, value]) => `--${name} '${value}'`).join(" "),
  };
}

/**
 * Arms a built-in fault, or a short rule such as `segment:status=404`.
 * @param {Target} target
 * @param {string} fault
 * @param {{times?: number, ttl?: string, name?: string}} [options]
 * @returns {Command}
 */
export function arm(target, fault, { times = 1, ttl = "", name = "" } = {}) {
  const body = { fault, ...(name && { name }), times, ...(ttl && { ttl }) };
  return { method: "POST", path: path(target, "/faults"), body, ...asRules([fault]) };
}

/** What can be delayed, and the condition that finds it, in the short form of rules. */
export const DELAYED = /** @type {const} */ ([
  ["audio", "Audio", "segment.audio"],
  ["video", "Video", "segment.video"],
  ["playlists", "Playlists and manifests", "manifest"],
]);

/**
 * The session's rules with delays as given; other rules of it stay.
 * @param {Target} target
 * @param {any[]} known the session's own rules
 * @param {Record<string, number>} seconds by name; 0 = no delay
 * @param {string} ttl
 * @returns {Command}
 */
export function setDelays(target, known, seconds, ttl) {
  const own = known.filter((rule) => !isDelay(rule));
  const delays = DELAYED.filter(([name]) => seconds[name] > 0).map(([name, , when]) =>
    `${when}:delay=${Math.round(seconds[name] * 1000)}ms`);
  return {
    ...change(target, { rules: [...delays, ...own] }, ttl),
    ...(delays.length > 0 && asRules(delays)),
  };
}

/**
 * The same rules in a rule file, in an address, and for `vsps run`.
 * @param {string[]} rules in short, or names of faults
 */
function asRules(rules) {
  return {
    rule: `rules = ${JSON.stringify(rules)}`,
    query: `vsps.rules=${encodeURIComponent(rules.join(";"))}`,
    option: `--rules '${rules.join(";")}'`,
  };
}

/**
 * Whether a rule is one of those that `setDelays` writes.
 * @param {any} rule
 */
export function isDelay(rule) {
  const name = typeof rule === "string" ? rule : rule?.name;
  return typeof name === "string" && DELAYED.some(([, , when]) => name.startsWith(`${when}:delay=`));
}

/**
 * The delays in force, in seconds by name.
 * @param {any[]} known the session's own rules
 */
export function delaysOf(known) {
  /** @type {Record<string, number>} */
  const seconds = {};
  for (const rule of known) {
    const name = String(typeof rule === "string" ? rule : rule?.name ?? "");
    for (const [what, , when] of DELAYED) {
      const match = new RegExp(`^${when.replace(".", "\\.")}:delay=(\\d+)ms$`).exec(name);
      if (match) seconds[what] = Number(match[1]) / 1000;
    }
  }
  return seconds;
}

/** @param {Target} target @returns {Command} */
export const undo = (target) => ({ method: "POST", path: path(target, "/undo") });

/** @param {Target} target @returns {Command} */
export const reset = (target) => ({ method: "POST", path: path(target, "/reset") });
