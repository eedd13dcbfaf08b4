// The tracks that show a run.

import { Bars } from "../timeline/bars.js";
import { quantity } from "../timeline/ticks.js";

/** @typedef {import("./run.js").Run} Run */
/** @typedef {import("./shapes.js").RequestJson} RequestJson */
/** @typedef {import("../timeline/tracks.js").Track} Track */
/** @typedef {import("../timeline/tracks.js").LineSeries} LineSeries */
/** @typedef {import("../timeline/tracks.js").Span} Span */

/** The parts of a request's time, in the order in which they are drawn. */
export const PARTS = /** @type {const} */ ([
  ["latency", "latency", "--part-latency"],
  ["fault", "delay by a rule", "--part-fault"],
  ["origin", "waiting for the origin", "--part-origin"],
  ["token", "waiting for the rate", "--part-token"],
  ["stall", "link stalled", "--part-stall"],
  ["transfer", "transfer", "--part-transfer"],
]);

/** @type {Record<string, string>} */
const MARK_COLOURS = {
  command: "--mark-command",
  link: "--mark-command",
  fault: "--mark-fault",
  drop: "--mark-drop",
  switch: "--mark-switch",
  error: "--mark-error",
  player: "--mark-player",
};

/**
 * The tracks of a run, from top to bottom.
 * @param {Run} run
 * @returns {Track[]}
 */
export function runTracks(run) {
  return [rateTrack(run), bufferTrack(run), rungTrack(run), standstillTrack(run), markTrack(run), waterfall(run)].filter(
    (track) => track !== null,
  );
}

/** @param {Run} run @returns {Track} */
function rateTrack(run) {
  /** @type {LineSeries[]} */
  const series = [
    { id: "delivered", name: "delivered", colour: "--series-delivered", shape: "area-step", points: run.delivered },
    { id: "granted", name: "link rate", colour: "--series-granted", shape: "step", points: run.granted, yields: true },
  ];
  if (run.mtp.length > 0) {
    series.push({ id: "mtp", name: "player's estimate", colour: "--series-mtp", shape: "step", points: run.mtp,
      dashed: true, yields: true });
  }
  return { kind: "lines", id: "rate", title: "Link", unit: "bit/s", height: 120, series };
}

/** @param {Run} run @returns {Track | null} */
function bufferTrack(run) {
  /** @type {LineSeries[]} */
  const series = [];
  if (run.player.length > 0) {
    series.push({ id: "player", name: "the player's own (Play page)", colour: "--series-player", shape: "line",
      points: run.player });
  }
  if (run.cmcd.length > 0) {
    series.push({ id: "cmcd", name: "as the player reports (CMCD)", colour: "--series-cmcd", shape: "line",
      points: run.cmcd });
  }
  series.push({ id: "estimated", name: "estimated", colour: "--series-estimated", shape: "line",
    points: run.estimated, dashed: run.cmcd.length > 0 || run.player.length > 0 });
  if (run.latency.length > 0) {
    series.push({ id: "live", name: "behind live", colour: "--series-other", shape: "step", points: run.latency,
      yields: true });
  }
  return { kind: "lines", id: "buffer", title: "Buffer", unit: "ms", height: 84, series };
}

/** @param {Run} run @returns {Track | null} */
function rungTrack(run) {
  const media = [...new Set(run.renditions.map((change) => change.media))];
  if (media.length === 0) return null;
  const top = Math.max(1, ...run.renditions.map((change) => change.rung ?? 1));
  const rows = media.map((name) => {
    const changes = run.renditions.filter((change) => change.media === name);
    /** @type {Span[]} */
    const spans = changes.map((change, n) => ({
      from: change.at_ms,
      to: changes[n + 1]?.at_ms ?? run.end,
      text: rungText(change),
      colour: name === "video" ? "--rung-video" : name === "audio" ? "--rung-audio" : "--rung-text",
      strength: 0.25 + 0.75 * ((change.rung ?? 1) / top),
    }));
    return { name, spans };
  });
  return { kind: "lane", id: "rungs", title: "Renditions requested", rows };
}

/** @param {import("./shapes.js").TimelineJson["renditions"][number]} change */
function rungText({ rung, bandwidth_bps, rendition }) {
  const parts = [rung ? `rung ${rung}` : rendition ?? "?"];
  if (bandwidth_bps) parts.push(quantity(bandwidth_bps, "bit/s"));
  return parts.join(" · ");
}

/** @param {Run} run @returns {Track} */
function standstillTrack(run) {
  /** @type {Span[]} */
  const stalls = run.stalls.map(({ at_ms, lasts_ms }) => ({
    from: at_ms, to: at_ms + lasts_ms, text: `link stalled ${quantity(lasts_ms, "ms")}`, colour: "--stall",
  }));
  /** @type {Span[]} */
  const rebuffers = run.rebuffers.map(({ at_ms, lasts_ms, source }) => ({
    from: at_ms, to: at_ms + (lasts_ms ?? 0), colour: "--rebuffer",
    text: `rebuffering ${lasts_ms === null ? "" : quantity(lasts_ms, "ms")} (${source === "cmcd" ? "reported" : source})`,
  }));
  return {
    kind: "lane", id: "standstill", title: "Standstill",
    rows: [{ name: "link stalls", spans: [...pauses(run), ...stalls].sort((a, b) => a.from - b.from) },
      { name: "rebuffers", spans: rebuffers }],
  };
}

/**
 * Times at which the link's rate was zero, as after a pause over the API.
 * @param {Run} run
 * @returns {Span[]}
 */
function pauses(run) {
  /** @type {Span[]} */
  const found = [];
  const { times, values, length } = run.granted;
  for (let i = 0; i < length; i += 1) {
    if (values[i] !== 0) continue;
    const from = times[i];
    while (i < length && values[i] === 0) i += 1;
    const to = i < length ? times[i] : Math.max(run.end, from);
    const known = run.stalls.some((stall) => stall.at_ms <= to && stall.at_ms + stall.lasts_ms >= from);
    if (!known && to - from >= 400) {
      found.push({ from, to, text: `network paused ${quantity(to - from, "ms")}`, colour: "--pause" });
    }
  }
  return found;
}

/** @param {Run} run @returns {Track} */
function markTrack(run) {
  const marks = run.marks.filter((mark) => mark.kind !== "stall").map((mark) => ({
    at: mark.at_ms, kind: mark.kind, text: mark.text, request: mark.request,
    colour: MARK_COLOURS[mark.kind] ?? "--mark-session",
  }));
  return { kind: "marks", id: "marks", title: "Commands and events", marks };
}

/** @param {RequestJson} request */
export function failed(request) {
  return request.status >= 400 || request.faults.length > 0 || request.upstream_failure !== null ||
    (request.outcome !== null && !["complete", "player-gone"].includes(request.outcome));
}

/** @param {RequestJson} request */
function groupOf(request) {
  if (/playlist|mpd|manifest|steering/.test(request.kind)) return "manifests";
  return ["video", "audio", "text"].includes(request.media) ? request.media : "other";
}

/** @param {RequestJson} request */
export function requestText(request) {
  const what = [request.kind, request.rung ? `rung ${request.rung}` : null].filter(Boolean).join(" ");
  const state = request.under_way ? "under way" : `${request.status || "no status"} ${request.outcome ?? ""}`;
  const lines = [`${what}: ${shortPath(request.path)}`,
    `${state}, ${Math.round(request.bytes / 1000)} kB in ${quantity(request.end_ms - request.start_ms, "ms")}`];
  if (request.attempt > 1) lines.push(`attempt ${request.attempt}`);
  for (const fault of request.faults) lines.push(`fault: ${fault.effect} (${fault.rule})`);
  return lines.join("\n");
}

/** @param {string} path */
export function shortPath(path) {
  return path.length > 60 ? `…${path.slice(-58)}` : path;
}

/**
 * The bars of requests that are over. Such a request does not change, and a page makes the tracks of a live session again
 * and again.
 * @type {WeakMap<RequestJson, import("../timeline/bars.js").Bar>}
 */
const finished = new WeakMap();

/**
 * The bar of a request.
 * @param {RequestJson} request
 * @param {number} end of the run
 */
function barOf(request, end) {
  let bar = finished.get(request);
  if (bar) return bar;
  bar = {
    id: request.id,
    from: request.start_ms,
    to: request.under_way ? Math.max(request.end_ms, end) : request.end_ms,
    group: groupOf(request),
    label: requestText(request),
    parts: request.parts ? PARTS.map(([key, , colour]) => ({ ms: request.parts?.[key] ?? 0, colour })) : [],
    alert: failed(request),
  };
  if (!request.under_way) finished.set(request, bar);
  return bar;
}

/** @param {Run} run @returns {Track} */
function waterfall(run) {
  const bars = run.requests.map((request) => barOf(request, run.end));
  return {
    kind: "bars", id: "requests", title: "Requests",
    bars: new Bars(bars, ["manifests", "video", "audio", "text", "other"]),
    legend: PARTS.map(([, name, colour]) => ({ name, colour })),
  };
}
