// Faults: search the built-in ones, read their rules, start a session with one.

import { get } from "../client/api.js";
import { catalogue } from "../parts/catalogue.js";
import { codeLine } from "../parts/code_line.js";
import { h } from "../parts/dom.js";
import { untilDone } from "../parts/poll.js";
import { startForm } from "../parts/start_form.js";

/** @typedef {import("../data/shapes.js").FaultSummary} FaultSummary */

/**
 * @param {HTMLElement} main
 * @param {string[]} rest
 * @returns {() => void}
 */
export function faultsPage(main, [chosen = ""]) {
  return untilDone(async () => {
    const [entries, status] = await Promise.all([get("/api/v1/faults"), get("/api/v1/status")]);
    catalogue(main, {
      title: "Built-in faults", page: "faults", entries, chosen: chosen || entries[0]?.name || "",
      words: (/** @type {FaultSummary} */ entry) => `${entry.id ?? ""} ${entry.text}`,
      show: (/** @type {FaultSummary} */ entry) => h("div", { class: "stack" },
        h("section", { class: "card" }, h("h2", {}, entry.id ? `${entry.id} ${entry.name}` : entry.name), h("p", {}, entry.summary),
          entry.source ? h("p", { class: "muted" }, entry.source) : null, h("pre", { class: "text", tabindex: "0" }, entry.text)),
        h("section", { class: "card" }, h("h2", {}, "Start a session with it"), startForm(status, { fault: entry.name })),
        h("section", { class: "card" }, codeLine("Command", `vsps run --rules ${entry.name}`).element,
          codeLine("URL", `${status.players_url}/demo/hls/master.m3u8?vsps.rules=${entry.name}`).element)),
    });
  });
}
