// One session: its time axis, its requests, its controls.

import { ApiError, get, request, requestText, sessionPath } from "../client/api.js";
import { subscribe } from "../client/event_stream.js";
import { bitRate, rateText, sizeText } from "../data/format.js";
import { Run } from "../data/run.js";
import { runTracks } from "../data/run_tracks.js";
import { ControlPanel } from "../parts/control_panel.js";
import { attempt, fill, h, setText } from "../parts/dom.js";
import { saveExport, saveFile } from "../parts/export_run.js";
import { figureList, figuresOf } from "../parts/figures.js";
import { poll } from "../parts/poll.js";
import { RunView } from "../parts/run_view.js";
import { quantity } from "../timeline/ticks.js";

/** @typedef {import("../data/shapes.js").FullSession} FullSession */

/** Each answer has this much of what the last one had, in milliseconds: bins and requests may still change. */
const OVERLAP = 3000;
/** The interval at which the rate is measured, in milliseconds. */
const SAMPLE = 400;

/**
 * @param {HTMLElement} main
 * @param {string[]} rest
 * @returns {() => void}
 */
export function sessionPage(main, [id = ""]) {
  const run = new Run();
  const heading = h("h1", {}, `Session ${id}`);
  const facts = h("dl", { class: "facts" });
  let known = "";
  /** Shows facts, and leaves them as they are if nothing changed: their text may be selected. @param {string[][]} values */
  const showFacts = (values) => {
    if (known === (known = JSON.stringify(values))) return;
    fill(facts, values.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
  };
  const figures = figureList();
  const live = figureList();
  const state = h("p", { role: "status", class: "muted" });
  const view = new RunView(run);
  let stopAll = () => {};
  const panel = new ControlPanel(id, () => refresh());
  fill(main, h("div", { class: "row" }, h("div", { class: "grow" }, heading), actions(id)), facts, state, live.element,
    h("div", { class: "session-layout" }, h("div", { class: "stack" }, view.element, h("section", { class: "card" },
      h("h2", {}, "What the viewer had"), figures.element)), h("div", { class: "side" }, panel.element)));

  /** @type {{bytes: number, at: number} | null} */
  let before = null;
  const sample = async () => {
    const session = /** @type {FullSession} */ (await get(sessionPath(id)));
    const now = performance.now();
    const at = (session.time_seconds ?? 0) * 1000;
    let bps = 0;
    if (before && session.time_seconds !== null && Number.isFinite(session.delivered_bytes)) {
      bps = ((session.delivered_bytes - before.bytes) * 8000) / Math.max(1, now - before.at);
      run.sample(at, bitRate(session.rate), bps);
    }
    before = { bytes: session.delivered_bytes, at: now };
    show(session, bps);
    // The rate is drawn as it is measured; the rest follows with the next timeline.
    view.timeline.extend(run.end);
  };
  const show = (/** @type {FullSession} */ session, /** @type {number} */ bps) => {
    view.base = session.url;
    setText(heading, session.label ? `${session.label} (${id})` : `Session ${id}`);
    document.title = `${session.label ?? id} · vsps`;
    setText(state, session.time_seconds === null ? "It waits for its player's first request." : "");
    showFacts([["profile", session.profile], ["seed", String(session.seed)], ["origin", session.origin], ["address", session.url],
      ...(session.link ? [["link", session.link.name]] : [])]);
    const rung = Object.entries(session.rung ?? {}).map(([media, value]) => `${media} ${value}`).join(", ");
    live.update([
      ["link rate", session.paused ? "paused" : rateText(bitRate(session.rate)), "of the network at this moment"],
      ["delivered", quantity(bps, "bit/s"), "in the last half second"],
      ["buffer", typeof session.buffer_ms === "number" ? quantity(session.buffer_ms, "ms") : "–", run.bufferSource],
      ["rung", rung || "–", "of the newest requests"],
      ["rebuffers", String(session.rebuffers ?? "–"), ""],
      ["under way", String(session.exchanges), "requests"],
      ["sent", sizeText(session.delivered_bytes), ""],
    ]);
    panel.update(session);
  };

  const showEnd = () => {
    setText(state, "The session has ended. This is what was recorded.");
    main.classList.add("ended");
    live.element.hidden = true;
  };

  const timeline = async () => {
    const since = Math.max(0, (run.session?.now_ms ?? 0) - OVERLAP);
    try {
      run.merge(await get(sessionPath(id, `/timeline?since_ms=${Math.floor(since)}`)), since);
      view.update();
      if (run.session && facts.childElementCount === 0) {
        const { label, profile, seed } = run.session;
        setText(heading, label ? `${label} (${id})` : `Session ${id}`);
        showFacts([["profile", profile], ["seed", String(seed)]]);
      }
      figures.update(figuresOf(await get(sessionPath(id, "/qoe"))));
    } catch (error) {
      ended(error);
    }
  };
  const ended = (/** @type {unknown} */ error) => {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    setText(state, `There is no session ${id}, and none of those that ended last had this name.`);
    stopAll();
  };
  const sampling = poll(SAMPLE, async () => {
    try {
      await sample();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      // The session has ended: its timeline is kept for a while.
      sampling();
      showEnd();
      await timeline();
      timelines();
    }
  });
  const timelines = poll(1000, timeline);
  const refresh = () => {
    sampling.nudge();
    timelines.nudge();
  };
  const unsubscribe = subscribe(sessionPath(id, "/events"), (name) => {
    if (["command_applied", "link_changed", "fault_injected", "session_ended"].includes(name)) refresh();
  });
  stopAll = () => {
    sampling();
    timelines();
    unsubscribe();
  };
  // For tests and for the developer tools: the data behind the drawing.
  Object.assign(main, { run, view, tracks: () => runTracks(run) });
  return () => {
    main.classList.remove("ended");
    stopAll();
  };
}

/** @param {string} id */
function actions(id) {
  const end = () => void attempt(async () => {
    await request("DELETE", sessionPath(id));
  });
  // Not a link: the request has the token, if one is needed.
  const save = (/** @type {string} */ rest, /** @type {string} */ name) => () => void attempt(async () =>
    saveFile(name, await requestText("GET", sessionPath(id, rest)), "application/json"));
  return h("div", { class: "row" },
    h("a", { class: "button", href: `#/play?session=${encodeURIComponent(id)}` }, "Play"),
    h("button", { onclick: save("/run", `vsps-run-${id}.json`) }, "Save run"),
    h("button", { onclick: () => void attempt(async () => saveExport(await get(sessionPath(id, "/run")))) }, "Export HTML"),
    h("button", { onclick: save("/har", `vsps-${id}.har`) }, "HAR"),
    h("button", { class: "danger", onclick: end }, "End it"));
}
