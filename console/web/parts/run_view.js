// A run on the time axis, with its requests below: for a live session and for a saved run alike.

import { rangeText } from "../data/range.js";
import { runTracks } from "../data/run_tracks.js";
import { KEYS } from "../timeline/keyboard.js";
import { clock } from "../timeline/ticks.js";
import { fill, h, setText } from "./dom.js";
import { requestDetails } from "./request_details.js";
import { matches, requestTable } from "./request_table.js";
import { remember, route } from "./route.js";
import "../timeline/timeline.js";

/** @typedef {import("../data/run.js").Run} Run */
/** @typedef {import("../timeline/timeline.js").Timeline} Timeline */
/** @typedef {import("../timeline/tracks.js").Track} Track */

/** The table follows a change after this time, in milliseconds. */
const PACE = 200;

/** Shows a run. `base` is the session's address at the data plane, for links to its requests. */
export class RunView {
  /**
   * @param {Run} run
   * @param {{base?: string | null, address?: boolean}} [options] `address`: the state is kept in the page's address
   */
  constructor(run, { base = null, address = true } = {}) {
    this.run = run;
    this.base = base;
    this.address = address;
    /** @type {Track[]} tracks above those of the run */
    this.extra = [];
    this.timeline = /** @type {Timeline} */ (document.createElement("vsps-timeline"));
    this.timeline.setAttribute("label", "Timeline of the session. Arrow keys move the cursor, W and S zoom, N and F jump to the next stall and fault.");
    this.filter = h("input", { type: "search", placeholder: "Filter: segment 404 rung=3 retry failed", "aria-label": "Filter requests" });
    this.details = h("div", { class: "details" });
    this.table = requestTable((request) => this.#pick(request.id));
    this.range = h("span", { class: "muted", role: "status" });
    this.follow = h("button", { class: "small", onclick: () => this.timeline.followNewest() }, "Follow");
    this.clear = h("button", { class: "small", onclick: () => this.timeline.select(null) }, "Clear the range");
    this.element = h("div", { class: "stack" },
      h("div", { class: "card timeline-card" }, this.#toolbar(), this.timeline),
      h("div", { class: "card" }, h("div", { class: "row" }, h("h2", {}, "Requests"), h("div", { class: "grow" }, this.filter),
        this.table.count), this.table.element, this.details));
    this.#restore();
    this.#listen();
    this.update();
  }

  /** Shows what the run has now. */
  update() {
    const { timeline } = this;
    timeline.tracks = [...this.extra, ...runTracks(this.run)];
    timeline.extend(this.run.end);
    this.#showState();
    this.#filterLater();
  }

  #toolbar() {
    const { timeline } = this;
    const button = (/** @type {string} */ text, /** @type {string} */ title, /** @type {() => void} */ onclick) =>
      h("button", { class: "small", title, onclick }, text);
    const middle = () => timeline.cursor ?? (timeline.view.from + timeline.view.to) / 2;
    const help = h("dialog", { class: "help" }, h("h2", {}, "Keys of the timeline"),
      h("p", {}, "Drag to select a range: the table shows its requests. Shift and drag to move. Double click to zoom into the range. Wheel with Ctrl to zoom."),
      h("table", {}, h("tbody", {}, KEYS.map(([key, what]) => h("tr", {}, h("th", { scope: "row" }, key), h("td", {}, what))))),
      h("form", { method: "dialog" }, h("button", { class: "primary" }, "Close")));
    return h("div", { class: "toolbar" },
      button("+", "Zoom in (W)", () => timeline.change(() => timeline.view.zoom(0.6, middle()))),
      button("−", "Zoom out (S)", () => timeline.change(() => timeline.view.zoom(1 / 0.6, middle()))),
      button("All", "Show everything (0)", () => timeline.change(() => timeline.view.showAll())),
      button("1 min", "The last minute", () => this.#last(60e3)),
      this.follow,
      button("‹ stall", "Previous stall (Shift+N)", () => timeline.jump("stall", -1)),
      button("stall ›", "Next stall (N)", () => timeline.jump("stall", 1)),
      button("‹ fault", "Previous fault (Shift+F)", () => timeline.jump("fault", -1)),
      button("fault ›", "Next fault (F)", () => timeline.jump("fault", 1)),
      this.range, this.clear,
      h("span", { class: "push" }, button("Keys", "Keys of the timeline", () => help.showModal())), help);
  }

  /** @param {number} ms */
  #last(ms) {
    this.timeline.change(() => {
      this.timeline.view.show(this.timeline.view.end - ms, this.timeline.view.end);
      this.timeline.view.follow = true;
    });
  }

  #listen() {
    const { timeline } = this;
    timeline.addEventListener("viewchange", () => {
      this.#showState();
      this.#remember();
    });
    timeline.addEventListener("rangechange", () => {
      this.#showState();
      this.#remember();
      this.#filterLater();
    });
    timeline.addEventListener("pick", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      const id = detail?.bar?.id ?? detail?.mark?.request;
      if (typeof id === "number") this.#pick(id);
    });
    this.filter.addEventListener("input", () => {
      this.#remember();
      this.#filterLater();
    });
  }

  /** @param {number} id */
  #pick(id) {
    const request = this.run.request(id);
    if (!request) return;
    this.timeline.picked = id;
    this.timeline.view.reveal(request.start_ms);
    this.timeline.draw();
    this.table.select(id);
    const { id: session = "", profile = "", seed = 0 } = this.run.session ?? {};
    const manifest = this.run.requests.find(({ kind }) => /multivariant|mpd|manifest/.test(kind))?.path ?? "/master.m3u8";
    fill(this.details, requestDetails(request, { id: session, base: this.base, profile, seed, manifest }));
  }

  #showState() {
    const { range, view } = this.timeline;
    setText(this.range, range ? `${clock(range.from, 100)} to ${clock(range.to, 100)}: ${rangeText(this.run, range)}` : "");
    this.clear.hidden = range === null;
    this.follow.setAttribute("aria-pressed", String(view.follow));
  }

  #filterLater() {
    if (this.waiting) return;
    this.waiting = setTimeout(() => {
      this.waiting = undefined;
      const { range } = this.timeline;
      const filter = this.filter.value.trim();
      const shown = this.run.requests.filter((request) =>
        (!range || (request.end_ms >= range.from && request.start_ms <= range.to)) && matches(request, filter));
      this.table.update(shown, this.run.requests.length);
    }, PACE);
  }

  #remember() {
    if (!this.address) return;
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => {
      const { range, view } = this.timeline;
      const whole = view.from <= 0 && view.to >= view.end - 1;
      remember({
        view: whole || view.follow ? null : `${Math.round(view.from)}-${Math.round(view.to)}`,
        range: range ? `${Math.round(range.from)}-${Math.round(range.to)}` : null,
        q: this.filter.value || null,
      });
    }, 250);
  }

  #restore() {
    if (!this.address) return;
    const { query } = route();
    const pair = (/** @type {string} */ name) => {
      const match = /^(\d+)-(\d+)$/.exec(query.get(name) ?? "");
      return match && { from: Number(match[1]), to: Number(match[2]) };
    };
    const [view, range] = [pair("view"), pair("range")];
    this.filter.value = query.get("q") ?? "";
    this.timeline.extend(Math.max(this.run.end, view?.to ?? 0, range?.to ?? 0));
    if (view) this.timeline.view.show(view.from, view.to);
    if (view) this.timeline.view.follow = false;
    if (range) this.timeline.select(range);
  }
}
