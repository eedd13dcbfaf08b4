// The same as a form in other words: URL, rule, curl, a test, a CI job.

import { authorization } from "../client/api.js";

/**
 * What a session is started with.
 * @typedef {{profile?: string, seed?: string, faults?: string[], origin?: string, label?: string, link?: string}} Arming
 */

/** The streams of the built-in origin. */
export const STREAMS = /** @type {[string, string][]} */ ([
  ["/demo/hls/master.m3u8", "HLS, on demand"],
  ["/demo/live/hls/master.m3u8", "HLS, live"],
  ["/demo/dash/manifest.mpd", "DASH, on demand"],
  ["/demo/live/dash/manifest.mpd", "DASH, live"],
]);

/**
 * A text as one argument of a shell.
 * @param {string} text
 */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A request as a command. One to the API names the token by a variable of the shell if this page was given a token.
 * @param {string} method
 * @param {string} url
 * @param {unknown} [body]
 */
export function curl(method, url, body) {
  const parts = ["curl", ...(method === "GET" ? [] : ["-X", method]), quoted(url)];
  if (url.includes("/api/v1/") && "authorization" in authorization()) parts.push("-H", '"authorization: Bearer $VSPS_ADMIN_TOKEN"');
  if (body !== undefined) {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    parts.push("-H", quoted(`content-type: ${type}`), "-d", quoted(JSON.stringify(body)));
  }
  return parts.join(" ");
}

/**
 * The body of the POST that starts a session.
 * @param {Arming} arming
 */
export function armingBody({ profile, seed, faults, origin, label, link }) {
  return {
    ...(profile && { profile }),
    // A number above 2^53 would be rounded; the API accepts digits as text.
    ...(seed && { seed: Number.isSafeInteger(Number(seed)) ? Number(seed) : seed }),
    ...(faults && faults.length > 0 && { rules: faults }),
    ...(origin && { origin }),
    ...(label && { label }),
    ...(link && { link }),
  };
}

/**
 * The address that starts such a session by itself, at its first request.
 * @param {string} players the base URL of the data plane
 * @param {string} path of the manifest
 * @param {Arming} arming
 */
export function startingUrl(players, path, { profile, seed, faults, origin, label, link }) {
  const url = new URL(origin ? `${players}/-/o/${origin.replace("://", "/")}${path}` : `${players}${path}`);
  const values = { profile, seed, rules: faults?.join(";"), label, link };
  for (const [name, value] of Object.entries(values)) if (value) url.searchParams.set(`vsps.${name}`, value);
  return url.href;
}

/**
 * Steps of a CI job that play a stream under the same conditions, and fail if playback is bad.
 * @param {string} path
 * @param {Arming} arming
 */
export function ciSteps(path, { profile, seed, faults, origin }) {
  const options = ["--log json"];
  if (origin) options.push(`--origin ${quoted(origin)}`);
  if (profile) options.push(`--profile ${quoted(profile)}`);
  if (seed) options.push(`--seed ${quoted(seed)}`);
  if (faults && faults.length > 0) options.push(`--rules ${quoted(faults.join(";"))}`);
  return `- run: vsps run ${options.join(" ")} &
- run: curl --retry 20 --retry-connrefused --retry-delay 1 -fs http://127.0.0.1:8081/readyz
- run: vsps play ${quoted(`http://127.0.0.1:8080${path}`)} --duration 60s --assert 'rebuffer_ratio < 1%' --junit play.xml`;
}

/**
 * Splits an address into origin and path; `null` if it is not an http address.
 * @param {string} text
 */
export function splitUrl(text) {
  try {
    const url = new URL(text);
    if (!["http:", "https:"].includes(url.protocol)) return null;
    return { origin: url.origin, path: url.pathname + url.search };
  } catch {
    return null;
  }
}

/**
 * The status of a request that failed; for others one that makes it fail.
 * @param {import("./shapes.js").RequestJson} request
 */
const failure = ({ status }) => (status >= 400 ? status : 503);

/**
 * A rule that makes requests like one that was seen fail, with the status that was seen.
 * @param {import("./shapes.js").RequestJson} request
 */
export function ruleFor(request) {
  const when = [`kind = ${JSON.stringify(request.kind)}`];
  if (["video", "audio", "text"].includes(request.media)) when.push(`media = ${JSON.stringify(request.media)}`);
  if (request.rung) when.push(`rung = ${request.rung}`);
  if (request.kind === "segment" && Number.isFinite(request.index ?? NaN)) when.push(`index = ${request.index}`);
  return `[[rule]]\nwhen = { ${when.join(", ")} }\nthen = { status = ${failure(request)} }`;
}

/** @param {import("./shapes.js").RequestJson} request */
const failingRule = (request) => ({ when: { kind: request.kind, ...(request.rung ? { rung: request.rung } : {}) }, then: { status: failure(request) } });

/**
 * A command that makes the next request of the same kind and rung fail.
 * @param {import("./shapes.js").RequestJson} request
 * @param {string} admin base URL of the API
 * @param {string} session
 */
export function failAgain(request, admin, session) {
  return curl("POST", `${admin}/api/v1/sessions/${encodeURIComponent(session)}/faults`, { rule: failingRule(request), times: 1 });
}

/**
 * A test for Playwright, with the fixtures of `clients/node`: one such request fails, and playback goes on.
 * @param {import("./shapes.js").RequestJson} request
 * @param {{profile: string, seed: number | string, manifest: string}} session `manifest` is the path of its first manifest
 */
export function testFor(request, { profile, seed, manifest }) {
  const name = [request.media, request.kind, request.rung ? `of rung ${request.rung}` : null].filter((word) => word && word !== "other").join(" ");
  return `import { test, expect } from "vsps/playwright";

test.use({ vsps: { profile: ${JSON.stringify(profile)}, seed: ${JSON.stringify(seed)} } });

test(${JSON.stringify(`plays on after a ${name} failed`)}, async ({ page, session }) => {
  // Put your page in place of /player.html.
  await page.goto("/player.html?src=" + encodeURIComponent(session.address(${JSON.stringify(manifest)})));
  await expect(session).toHavePlayedAtLeast(2, { timeout: 60_000 });
  await session.addFault(${JSON.stringify(failingRule(request))}, { name: "seen", times: 1 });
  await expect(session).toHaveAppliedFault("seen", { timeout: 60_000 });
  await expect(session).toHaveRebufferRatioBelow(0.02);
});`;
}
