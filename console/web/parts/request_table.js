// The table of requests. Only the visible rows exist as elements, so that 10,000 requests stay smooth.

import { failed, PARTS } from "../data/run_tracks.js";
import { sizeText } from "../data/format.js";
import { clock, quantity } from "../timeline/ticks.js";
import { h, setText } from "./dom.js";

/** @typedef {import("../data/shapes.js").RequestJson} RequestJson */

const ROW = 26;
const COLUMNS = ["time", "status", "kind", "path", "size", "duration", "how it was spent"];

/**
 * Whether a request is what the filter asks for: each word is in its path, kind, media, status or faults.
 * @param {RequestJson} request
 * @param {string} filter
 */
export function matches(request, filter) {
  if (filter === "") return true;
  const text = searchText(request);
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** The texts in which a filter searches, by request: a live session is filtered again and again. @type {WeakMap<RequestJson, string>} */
const searched = new WeakMap();

/** @param {RequestJson} request */
function searchText(request) {
  const known = searched.get(request);
  if (known !== undefined) return known;
  const text = [request.path, request.kind, request.media, request.status, request.outcome, request.method,
    request.rung ? `rung=${request.rung}` : "", request.attempt > 1 ? "retry" : "", failed(request) ? "failed" : "",
    ...request.faults.map((fault) => `${fault.effect} ${fault.rule}`)].join(" ").toLowerCase();
  searched.set(request, text);
  return text;
}

/**
 * A table of requests.
 * @param {(request: RequestJson) => void} onPick
 */
export function requestTable(onPick) {
  const sheet = h("div", { role: "rowgroup" });
  const head = h("div", { role: "rowgroup", class: "requests-top" }, h("div", { class: "requests-head", role: "row" },
    COLUMNS.map((name) => h("span", { role: "columnheader" }, name))));
  const box = h("div", { class: "requests", role: "table", tabindex: "0", "aria-label": "Requests" }, head, sheet);
  const count = h("span", { class: "muted", role: "status" });
  /** @type {RequestJson[]} */
  let shown = [];
  /** @type {Map<RequestJson, HTMLElement>} the rows that exist. A request that changed is another object. */
  let rows = new Map();
  /** @type {number | null} */
  let picked = null;

  const draw = () => {
    sheet.style.height = `${shown.length * ROW}px`;
    sheet.style.position = "relative";
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 4);
    const last = Math.min(shown.length, first + Math.ceil(box.clientHeight / ROW) + 9);
    const visible = shown.slice(first, last);
    const kept = new Map(visible.map((request) => [request, rows.get(request) ?? row(request)]));
    for (const [request, element] of rows) if (!kept.has(request)) element.remove();
    rows = kept;
    visible.forEach((request, n) => {
      const element = /** @type {HTMLElement} */ (rows.get(request));
      if (sheet.children[n] !== element) sheet.insertBefore(element, sheet.children[n] ?? null);
      place(element, request, first + n);
    });
  };
  const row = (/** @type {RequestJson} */ request) => h("div", {
    class: `request-row${failed(request) ? " alert" : ""}`, role: "row", tabindex: "-1", onclick: () => pick(request),
  }, cells(request).map((cell) => h("span", { role: "cell", class: cell.class ?? "", title: cell.title ?? false }, cell.content)));
  const place = (/** @type {HTMLElement} */ element, /** @type {RequestJson} */ request, /** @type {number} */ at) => {
    element.setAttribute("aria-selected", String(request.id === picked));
    element.setAttribute("aria-rowindex", String(at + 2));
    element.style.top = `${at * ROW}px`;
  };
  const pick = (/** @type {RequestJson} */ request) => {
    picked = request.id;
    onPick(request);
    draw();
  };
  box.addEventListener("scroll", () => requestAnimationFrame(draw));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const at = shown.findIndex((request) => request.id === picked) + (event.key === "ArrowDown" ? 1 : -1);
    const next = shown[Math.max(0, Math.min(shown.length - 1, at))];
    if (!next) return;
    reveal(next.id);
    pick(next);
  });
  const reveal = (/** @type {number} */ id) => {
    const at = shown.findIndex((request) => request.id === id);
    if (at < 0) return;
    const top = at * ROW;
    if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 3 * ROW) box.scrollTop = top - box.clientHeight / 2;
  };

  return {
    element: box,
    count,
    /** @param {RequestJson[]} requests @param {number} total */
    update(requests, total) {
      const atEnd = box.scrollTop + box.clientHeight >= shown.length * ROW - ROW;
      shown = requests;
      box.setAttribute("aria-rowcount", String(shown.length + 1));
      setText(count, shown.length === total ? `${total} requests` : `${shown.length} of ${total} requests`);
      draw();
      if (atEnd && picked === null) box.scrollTop = box.scrollHeight;
    },
    /** @param {number} id */
    select(id) {
      picked = id;
      reveal(id);
      draw();
    },
  };
}

/**
 * @param {RequestJson} request
 * @returns {{content: string | HTMLElement, class?: string, title?: string}[]}
 */
function cells(request) {
  const state = request.under_way ? "…" : String(request.status || "–");
  const kind = [request.kind, request.rung ? `· ${request.rung}` : "", request.attempt > 1 ? `(${request.attempt}.)` : ""];
  return [
    { content: clock(request.start_ms, 100) },
    { content: state, class: "status", title: request.outcome ?? "" },
    { content: kind.filter(Boolean).join(" ") },
    { content: request.path, title: request.path },
    { content: sizeText(request.bytes) },
    { content: quantity(request.end_ms - request.start_ms, "ms") },
    { content: splitBar(request) },
  ];
}

/** @param {RequestJson} request */
export function splitBar(request) {
  const { parts } = request;
  const bar = h("span", { class: "split" });
  if (!parts) return bar;
  const total = PARTS.reduce((sum, [key]) => sum + (parts[key] ?? 0), 0);
  for (const [key, name] of PARTS) {
    const share = total > 0 ? (parts[key] ?? 0) / total : 0;
    if (share < 0.002) continue;
    const part = h("span", { class: `part-${key}`, title: `${name}: ${quantity(parts[key], "ms")}` });
    part.style.width = `${share * 100}%`;
    bar.append(part);
  }
  return bar;
}
