// Saved runs: one on its time axis, or two laid over each other.

import { Run } from "../data/run.js";
import { compareTracks, compareRows } from "../data/compare.js";
import { field, fill, h, select } from "./dom.js";
import { figureList, figuresOf } from "./figures.js";
import { RunView } from "./run_view.js";
import "../timeline/timeline.js";

/** @typedef {import("../data/shapes.js").RunFile} RunFile */
/** @typedef {import("../data/shapes.js").SavedSession} SavedSession */
/** @typedef {{name: string, run: RunFile}} OpenRun */

/**
 * The sessions of open runs.
 * @param {OpenRun[]} open
 */
function sessionsOf(open) {
  return open.flatMap(({ name, run }) => run.sessions.map((saved) => {
    const { session } = saved.timeline;
    return { name: `${session.label ?? session.id} (${run.meta.profile}, seed ${run.meta.seed}; ${name})`, saved };
  }));
}

/**
 * Shows runs: the sessions in a list; one alone, or two compared.
 * @param {OpenRun[]} open
 * @param {boolean} address whether the state is kept in the page's address
 */
export function showRuns(open, address) {
  const sessions = sessionsOf(open);
  const stage = h("div", { class: "stack" });
  if (sessions.length === 0) return h("p", {}, "The run has no session.");
  const options = sessions.map(({ name }, n) => /** @type {[string, string]} */ ([String(n), name]));
  const first = select(options);
  const second = select([["", "nothing"], ...options]);
  if (sessions.length > 1 && open.length > 1) second.value = String(sessions.length - 1);
  const show = () => {
    const one = sessions[Number(first.value)];
    const other = second.value === "" ? undefined : sessions[Number(second.value)];
    fill(stage, other ? compared(one, other) : single(one.saved, address));
  };
  first.addEventListener("change", show);
  second.addEventListener("change", show);
  show();
  const choice = sessions.length > 1 ? h("div", { class: "fields" }, field("Session", first), field("Compare with", second)) : null;
  return h("div", { class: "stack" }, choice, stage);
}

/**
 * @param {SavedSession} saved
 * @param {boolean} address
 */
function single(saved, address) {
  const run = Run.from(saved.timeline);
  const figures = figureList();
  if (saved.qoe?.qoe) figures.update(figuresOf(saved.qoe));
  const { session } = saved.timeline;
  const facts = [["session", session.label ?? session.id], ["profile", session.profile], ["seed", String(session.seed)],
    ["started", session.started_unix_ms > 0 ? new Date(session.started_unix_ms).toLocaleString() : "–"]];
  return h("div", { class: "stack" },
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    figures.element, new RunView(run, { address }).element);
}

/**
 * @param {{name: string, saved: SavedSession}} one
 * @param {{name: string, saved: SavedSession}} other
 */
function compared(one, other) {
  const runs = /** @type {[Run, Run]} */ ([Run.from(one.saved.timeline), Run.from(other.saved.timeline)]);
  const timeline = /** @type {import("../timeline/timeline.js").Timeline} */ (document.createElement("vsps-timeline"));
  timeline.setAttribute("label", "Two runs on one time axis");
  timeline.tracks = compareTracks(runs);
  timeline.view.showAll();
  const rows = compareRows(one.saved.qoe, other.saved.qoe);
  return h("div", { class: "stack" }, h("div", { class: "card timeline-card" }, timeline),
    h("div", { class: "card scroll" }, h("h2", {}, "Difference"), h("table", {},
      h("thead", {}, h("tr", {}, ["", `A: ${one.name}`, `B: ${other.name}`, "B − A"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map(([name, ...values]) => h("tr", {}, h("th", { scope: "row" }, name), values.map((value) => h("td", { class: "number" }, value))))))));
}
