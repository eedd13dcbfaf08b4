// What is known of one request, and ways to repeat it.

import { curl, failAgain, ruleFor, testFor } from "../data/recipes.js";
import { sizeText } from "../data/format.js";
import { PARTS } from "../data/run_tracks.js";
import { clock, quantity } from "../timeline/ticks.js";
import { codeLine } from "./code_line.js";
import { h } from "./dom.js";

/** @typedef {import("../data/shapes.js").RequestJson} RequestJson */

/**
 * @param {RequestJson} request
 * @param {{id: string, base: string | null, profile: string, seed: number | string, manifest: string}} session `base` is the
 *   session's address at the data plane, if it is known; `manifest` is the path of its first manifest
 */
export function requestDetails(request, session) {
  const url = session.base ? session.base.replace(/\/$/, "") + request.path : request.path;
  const facts = [
    ["at", clock(request.start_ms, 10)],
    ["status", request.under_way ? "under way" : `${request.status || "none"}, ${request.outcome ?? ""}`],
    ["size", sizeText(request.bytes)],
    ["duration", quantity(request.end_ms - request.start_ms, "ms")],
    ["attempt", String(request.attempt)],
    ["media", [request.protocol, request.media, request.rung ? `rung ${request.rung}` : null].filter(Boolean).join(", ")],
    ["declared", request.bandwidth_bps ? quantity(request.bandwidth_bps, "bit/s") : "–"],
    ["origin failed", request.upstream_failure ?? ""],
    ["dropped packets", request.drops > 0 ? String(request.drops) : ""],
    ...PARTS.map(([key, name]) => [name, request.parts && request.parts[key] >= 0.5 ? quantity(request.parts[key], "ms") : ""]),
  ];
  const faults = request.faults.map((fault) =>
    h("li", {}, `${fault.effect} by rule “${fault.rule}”${fault.at_byte === null ? "" : ` at byte ${fault.at_byte}`}`));
  return h("div", { class: "stack" },
    h("h3", {}, `${request.method} ${request.path}`),
    h("dl", { class: "facts" }, facts.filter(([, value]) => value !== "").map(([name, value]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    faults.length > 0 ? h("ul", {}, faults) : null,
    codeLine("curl", curl(request.method, url)).element,
    codeLine("Rule", ruleFor(request)).element,
    codeLine("Fail again", failAgain(request, location.origin, session.id)).element,
    codeLine("Test", testFor(request, session)).element);
}
