// Profiles: search, look at several seeds, compare, start a session.

import { get } from "../client/api.js";
import { catalogue } from "../parts/catalogue.js";
import { codeLine } from "../parts/code_line.js";
import { attempt, field, h, select } from "../parts/dom.js";
import { untilDone } from "../parts/poll.js";
import { plots, plotTracks } from "../parts/profile_picture.js";
import { startForm } from "../parts/start_form.js";
import "../timeline/timeline.js";

/** @typedef {import("../data/shapes.js").ProfileJson} ProfileJson */

/**
 * @param {HTMLElement} main
 * @param {string[]} rest
 * @returns {() => void}
 */
export function profilesPage(main, [chosen = ""]) {
  return untilDone(async () => {
    const [entries, status] = await Promise.all([get("/api/v1/profiles"), get("/api/v1/status")]);
    const name = chosen || status.profile;
    catalogue(main, {
      title: "Network profiles", page: "profiles", entries, chosen: name,
      show: (/** @type {ProfileJson} */ entry) => detail(entry, entries, status),
    });
  });
}

/**
 * @param {ProfileJson} entry
 * @param {ProfileJson[]} entries
 * @param {import("../data/shapes.js").StatusJson} status
 */
function detail(entry, entries, status) {
  const timeline = /** @type {import("../timeline/timeline.js").Timeline} */ (document.createElement("vsps-timeline"));
  timeline.setAttribute("label", `Rate, stalls and latency of ${entry.name}`);
  const seeds = select([["1", "seed 1"], ["1,2,3", "seeds 1, 2, 3"], ["7,8,9", "seeds 7, 8, 9"]]);
  const other = select([["", "nothing"], ...entries.map(({ name }) => /** @type {[string, string]} */ ([name, name]))]);
  const seconds = select([["60", "1 minute"], ["120", "2 minutes"], ["600", "10 minutes"], ["3600", "1 hour"]], { value: "120" });
  const text = h("pre", { class: "text", tabindex: "0" }, "…");
  const draw = () => void attempt(async () => {
    const runs = await plots(entry.name, other.value ? [seeds.value.split(",")[0]] : seeds.value.split(","), Number(seconds.value));
    if (other.value) runs.push(...(await plots(other.value, [seeds.value.split(",")[0]], Number(seconds.value))));
    timeline.tracks = plotTracks(runs);
    timeline.view.extend(Number(seconds.value) * 1000);
    timeline.view.showAll();
    timeline.draw();
  });
  seconds.value = "120";
  for (const control of [seeds, other, seconds]) control.addEventListener("change", draw);
  draw();
  void attempt(async () => {
    text.textContent = JSON.stringify(await get(`/api/v1/profiles/${encodeURIComponent(entry.name)}`), null, 2);
  });
  return h("div", { class: "stack" },
    h("section", { class: "card" }, h("h2", {}, entry.name), h("p", {}, entry.summary),
      h("div", { class: "fields" }, field("Runs", seeds), field("Compare with", other), field("Time", seconds)), timeline),
    h("section", { class: "card" }, h("h2", {}, "Start a session with it"), startForm(status, { profile: entry.name })),
    h("section", { class: "card" }, codeLine("Command", `vsps run --profile ${entry.name}`).element,
      h("details", {}, h("summary", {}, "In full"), text)));
}
