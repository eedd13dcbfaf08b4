// The table of sessions. Only the visible rows exist as elements, so that thousands of sessions stay smooth.

import { bitRate, rateText, sizeText, spanText } from "../data/format.js";
import { quantity } from "../timeline/ticks.js";
import { fill, h, setText } from "./dom.js";
import { sessionLink } from "./route.js";

/** @typedef {import("../data/shapes.js").SessionJson} SessionJson */
/** @typedef {{row: HTMLTableRowElement, cells: HTMLElement[]}} Row */

const COLUMNS = ["Session", "Profile", "State", "Link rate", "Delivered", "Buffer", "Rung", "Rebuffers", "Sent"];
/** The height of a row in pixels, as in the style. */
const ROW = 34;
/** So many rows exist above and below the visible ones. */
const BEYOND = 8;

/**
 * Whether a session is what the filter asks for: each word is in its label, id, profile or state.
 * @param {SessionJson} session
 * @param {string} filter
 */
export function matchesSession(session, filter) {
  const text = `${session.label ?? ""} ${session.id} ${session.profile} ${stateOf(session)}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/**
 * The rate at which each session was delivered to, from its bytes at two times.
 * @param {Map<string, {bytes: number, at: number, bps: number}>} known changed to the newest state
 * @param {SessionJson[]} sessions
 * @param {number} now in milliseconds
 */
export function measureRates(known, sessions, now) {
  const before = new Map(known);
  known.clear();
  for (const { id, delivered_bytes: bytes } of sessions) {
    const last = before.get(id);
    const seconds = last ? (now - last.at) / 1000 : 0;
    // Too short a time says nothing: the older measurement goes on.
    if (last && seconds <= 0.2) known.set(id, last);
    else known.set(id, { bytes, at: now, bps: last ? ((bytes - last.bytes) * 8) / seconds : 0 });
  }
}

/** A table of sessions, the newest first, with a filter. */
export function sessionList() {
  const filter = h("input", { type: "search", placeholder: "Filter: label, id, profile, state", "aria-label": "Filter sessions", oninput: () => draw() });
  const count = h("span", { class: "muted", role: "status" });
  const empty = h("p", { class: "muted" }, "No session yet. A player that requests a manifest from the proxy starts one, and so does the form.");
  const [above, below] = [spacer(), spacer()];
  const body = h("tbody");
  const table = h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map((name, n) =>
    h("th", { scope: "col", class: n > 2 ? "number" : "" }, name)))), above.element, body, below.element);
  const scroll = h("div", { class: "sessions", tabindex: "0", role: "region", "aria-label": "Sessions" }, table);
  const bar = h("div", { class: "row" }, h("div", { class: "grow" }, filter), count);
  /** @type {Map<string, Row>} the rows that exist, by session */
  const rows = new Map();
  /** @type {Map<string, {bytes: number, at: number, bps: number}>} */
  const rates = new Map();
  /** @type {SessionJson[]} */
  let all = [];
  let waiting = false;

  const draw = () => {
    const shown = filter.value.trim() === "" ? all : all.filter((session) => matchesSession(session, filter.value.trim()));
    setText(count, shown.length === all.length ? `${all.length} sessions` : `${shown.length} of ${all.length} sessions`);
    const first = Math.max(0, Math.min(Math.floor(scroll.scrollTop / ROW) - BEYOND, shown.length - 1));
    const visible = shown.slice(first, first + Math.ceil(scroll.clientHeight / ROW) + 2 * BEYOND);
    above.resize(first * ROW);
    below.resize((shown.length - first - visible.length) * ROW);
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    const ids = new Set(visible.map((session) => session.id));
    for (const [id, { row }] of rows) {
      if (ids.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    visible.forEach((session, place) => {
      let known = rows.get(session.id);
      if (!known) rows.set(session.id, (known = newRow(session)));
      if (body.children[place] !== known.row) body.insertBefore(known.row, body.children[place] ?? null);
      known.row.setAttribute("aria-rowindex", String(first + place + 2));
      show(session, rates.get(session.id)?.bps ?? 0, known.cells);
    });
  };
  scroll.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  });
  const update = (/** @type {SessionJson[]} */ sessions) => {
    measureRates(rates, sessions, performance.now());
    all = sessions.slice().reverse();
    empty.hidden = all.length > 0;
    scroll.hidden = bar.hidden = all.length === 0;
    draw();
  };
  bar.hidden = scroll.hidden = true;
  return { element: h("div", { class: "stack" }, empty, bar, scroll), update };
}

/** A row group that takes the place of rows that do not exist. */
function spacer() {
  const cell = h("td", { colspan: COLUMNS.length });
  const element = h("tbody", { "aria-hidden": "true", class: "spacer" }, h("tr", {}, cell));
  return {
    element,
    /** @param {number} height in pixels */
    resize(height) {
      element.hidden = height <= 0;
      cell.style.height = `${height}px`;
    },
  };
}

/** @param {SessionJson} session @returns {Row} */
function newRow(session) {
  const name = h("th", { scope: "row", title: `${session.label ?? ""} ${session.id}`.trim() });
  fill(name, h("a", { href: sessionLink(session.id) }, session.label ?? session.id), session.label ? h("small", {}, ` ${session.id}`) : null);
  const cells = COLUMNS.slice(1).map((_, n) => h("td", { class: n > 1 ? "number" : "" }));
  return { row: h("tr", {}, name, cells), cells };
}

/** @param {SessionJson} session */
function stateOf(session) {
  if (session.paused) return "paused";
  if (session.exchanges > 0) return `${session.exchanges} under way`;
  return session.time_seconds === null ? "waits for its player" : `idle ${spanText(session.idle_seconds)}`;
}

/**
 * @param {SessionJson} session
 * @param {number} bps
 * @param {HTMLElement[]} cells
 */
function show(session, bps, cells) {
  const rung = session.rung?.video ?? session.rung?.muxed ?? Object.values(session.rung ?? {})[0];
  const texts = [
    session.profile, stateOf(session), rateText(bitRate(session.rate)), quantity(bps, "bit/s"),
    session.buffer_ms === null || session.buffer_ms === undefined ? "–" : quantity(session.buffer_ms, "ms"),
    rung ?? "–", session.rebuffers ?? "–", sizeText(session.delivered_bytes),
  ];
  texts.forEach((text, n) => setText(cells[n], text));
}
