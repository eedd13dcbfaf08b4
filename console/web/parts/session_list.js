// The table of sessions. Rows are kept and updated, so that a thousand sessions stay smooth.

import { bitRate, rateText, sizeText, spanText } from "../data/format.js";
import { quantity } from "../timeline/ticks.js";
import { h, setText } from "./dom.js";
import { sessionLink } from "./route.js";

/** @typedef {import("../data/shapes.js").SessionJson} SessionJson */

const COLUMNS = ["Session", "Profile", "State", "Link rate", "Delivered", "Buffer", "Rung", "Rebuffers", "Sent"];
/** The most rows that are shown; the newest ones. */
const MOST = 1000;

/** A table of sessions. */
export function sessionList() {
  const body = h("tbody");
  const more = h("p", { class: "muted" });
  const empty = h("p", { class: "muted" }, "No session yet. A player that requests a manifest from the proxy starts one, and so does the form.");
  const table = h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map((name, n) =>
    h("th", { scope: "col", class: n > 2 ? "number" : "" }, name)))), body);
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Sessions" }, table);
  /** @type {Map<string, {row: HTMLTableRowElement, cells: HTMLElement[], bytes: number, at: number}>} */
  const rows = new Map();

  const update = (/** @type {SessionJson[]} */ sessions) => {
    const newest = sessions.slice(-MOST).reverse();
    empty.hidden = sessions.length > 0;
    scroll.hidden = sessions.length === 0;
    setText(more, sessions.length > MOST ? `The newest ${MOST} of ${sessions.length} sessions.` : "");
    const ids = new Set(newest.map((session) => session.id));
    for (const [id, { row }] of rows) {
      if (ids.has(id)) continue;
      row.remove();
      rows.delete(id);
    }
    newest.forEach((session, place) => {
      let known = rows.get(session.id);
      if (!known) rows.set(session.id, (known = newRow(session)));
      if (body.children[place] !== known.row) body.insertBefore(known.row, body.children[place] ?? null);
      show(session, known);
    });
  };
  return { element: h("div", {}, empty, scroll, more), update };
}

/** @param {SessionJson} session */
function newRow(session) {
  const name = h("th", { scope: "row" }, h("a", { href: sessionLink(session.id) }, session.label ?? session.id),
    session.label ? h("small", {}, ` ${session.id}`) : null);
  const cells = COLUMNS.slice(1).map((_, n) => h("td", { class: n > 1 ? "number" : "" }));
  return { row: h("tr", {}, name, cells), cells, bytes: session.delivered_bytes, at: performance.now() };
}

/**
 * @param {SessionJson} session
 * @param {{cells: HTMLElement[], bytes: number, at: number}} known
 */
function show(session, known) {
  const now = performance.now();
  const seconds = (now - known.at) / 1000;
  const bps = seconds > 0.2 ? ((session.delivered_bytes - known.bytes) * 8) / seconds : 0;
  Object.assign(known, { bytes: session.delivered_bytes, at: now });
  const state = session.paused ? "paused" : session.exchanges > 0 ? `${session.exchanges} under way`
    : session.time_seconds === null ? "waits for its player" : `idle ${spanText(session.idle_seconds)}`;
  const rung = session.rung?.video ?? session.rung?.muxed ?? Object.values(session.rung ?? {})[0];
  const texts = [
    session.profile, state, rateText(bitRate(session.rate)), quantity(bps, "bit/s"),
    session.buffer_ms === null || session.buffer_ms === undefined ? "–" : quantity(session.buffer_ms, "ms"),
    rung ?? "–", session.rebuffers ?? "–", sizeText(session.delivered_bytes),
  ];
  texts.forEach((text, n) => setText(known.cells[n], text));
}
