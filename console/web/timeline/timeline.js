// The timeline: curves, lanes, marks and a waterfall on one time axis.
//
// A page sets `tracks`, and calls `extend(end)` when data was added. Each track has a heading and a canvas of its own;
// the cursor and the selected range are elements above all of them, so that moving them draws nothing again.
//
// Events: `viewchange`, `rangechange`, `cursorchange`, and `pick` with the bar, mark or span that was clicked.

import { Brush, Palette } from "./brush.js";
import { barAt, drawBars } from "./draw_bars.js";
import { drawLane, drawMarks, markAt, spanAt } from "./draw_lane.js";
import { drawLines } from "./draw_lines.js";
import { drawGrid, drawRuler } from "./draw_ruler.js";
import { buildTrack, nameRows } from "./heading.js";
import { onKey } from "./keyboard.js";
import { listen } from "./pointer.js";
import { styleSheet } from "./style.js";
import { clock, quantity } from "./ticks.js";
import { HEIGHT, rowNames, trackEnd, trackHeight } from "./tracks.js";
import { Viewport } from "./viewport.js";

/** @typedef {import("./tracks.js").Track} Track */
/** @typedef {{from: number, to: number}} Range */
/** @typedef {import("./heading.js").Part} Part */

/** `<vsps-timeline>` */
export class Timeline extends HTMLElement {
  /** The visible part. Change it with `change`. */
  view = new Viewport();
  /** @type {number | null} the time at the cursor */
  cursor = null;
  /** @type {Range | null} the selected range */
  range = null;
  /** @type {number | null} the bar that is emphasised */
  picked = null;

  /** @type {Track[]} */
  #tracks = [];
  /** @type {Part[]} */
  #parts = [];
  /** @type {Set<string>} */
  #hidden = new Set();
  #waiting = false;
  /** @type {{ruler: DOMRect, frame: DOMRect, canvases: DOMRect[]} | null} */
  #measured = null;
  #root = this.attachShadow({ mode: "open" });
  #frame = document.createElement("div");
  #ruler = document.createElement("canvas");
  #cursorLine = document.createElement("div");
  #rangeBox = document.createElement("div");
  #tip = document.createElement("div");
  #readout = document.createElement("div");
  #resize = new ResizeObserver(() => this.draw());
  #scheme = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  #redraw = () => this.draw();

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [styleSheet()];
    this.#frame.className = "frame";
    this.#frame.tabIndex = 0;
    this.#frame.setAttribute("role", "group");
    this.#ruler.className = "ruler";
    this.#ruler.setAttribute("aria-hidden", "true");
    this.#ruler.style.height = `${HEIGHT.ruler}px`;
    this.#cursorLine.className = "cursor";
    this.#rangeBox.className = "range";
    this.#tip.className = "tip";
    this.#readout.className = "readout";
    this.#readout.setAttribute("role", "status");
    this.#frame.append(this.#ruler, this.#rangeBox, this.#cursorLine, this.#tip);
    this.#root.append(this.#frame, this.#readout);
    listen(this, this.#frame);
    this.#frame.addEventListener("keydown", (event) => {
      if (event.target === this.#frame && onKey(this, event)) event.preventDefault();
    });
  }

  connectedCallback() {
    this.#frame.setAttribute("aria-label", this.getAttribute("label") ?? "Timeline. Use arrow keys to move the cursor.");
    this.#resize.observe(this);
    this.#scheme?.addEventListener("change", this.#redraw);
  }

  disconnectedCallback() {
    this.#resize.disconnect();
    this.#scheme?.removeEventListener("change", this.#redraw);
  }

  /** The width of the axis in pixels. */
  get width() {
    return this.#boxes().ruler.width;
  }

  /** Where the axis begins in the window, in pixels. */
  get left() {
    return this.#boxes().ruler.left;
  }

  /** Where everything is in the window. After a change it costs a layout, so it is read once a frame. */
  #boxes() {
    if (!this.#measured) {
      this.#measured = {
        ruler: this.#ruler.getBoundingClientRect(),
        frame: this.#frame.getBoundingClientRect(),
        canvases: this.#parts.map(({ canvas }) => canvas.getBoundingClientRect()),
      };
      requestAnimationFrame(() => (this.#measured = null));
    }
    return this.#measured;
  }

  /** What is shown, from top to bottom. */
  get tracks() {
    return this.#tracks;
  }

  set tracks(tracks) {
    const same = (/** @type {Track} */ track, /** @type {number} */ n) => {
      const part = this.#parts[n];
      return part !== undefined && part.key === keyOf(track);
    };
    const kept = tracks.length === this.#parts.length && tracks.every(same);
    this.#tracks = tracks;
    if (!kept) this.#build();
    this.#parts.forEach((part, n) => (part.track = tracks[n]));
    this.extend(Math.max(1000, ...tracks.map(trackEnd)));
  }

  /**
   * Draws again, after data was added up to the time `end`.
   * @param {number} end
   */
  extend(end) {
    this.view.extend(Math.max(end, this.#endOfTracks()));
    this.draw();
  }

  /**
   * Changes the view, as in `change(() => timeline.view.zoom(0.5, at))`.
   * @param {() => void} how
   */
  change(how) {
    how();
    this.draw();
    this.#tell("viewchange");
  }

  /** Follows the newest data. */
  followNewest() {
    this.change(() => {
      this.view.follow = true;
      this.view.extend(this.view.end);
    });
  }

  /**
   * Selects a range, or none.
   * @param {Range | null} range
   */
  select(range) {
    this.range = range && { from: Math.max(0, range.from), to: Math.min(this.view.end, range.to) };
    this.#place();
    this.#tell("rangechange");
  }

  /**
   * Moves the cursor, and shows what is there.
   * @param {number} time
   * @param {PointerEvent} [event] the pointer that did it
   */
  moveCursor(time, event) {
    this.cursor = Math.min(Math.max(0, time), this.view.end);
    // It is looked up before anything is changed: a change would cost a layout.
    const text = event && this.#below(event)?.text;
    if (!event) {
      this.view.reveal(this.cursor);
      this.draw();
      this.#announce();
    }
    this.#place();
    this.#values();
    this.#hover(text, event);
    this.#tell("cursorchange");
  }

  /** The pointer left. */
  leave() {
    this.cursor = null;
    this.#tip.style.display = "none";
    this.#place();
    this.#values();
    this.#tell("cursorchange");
  }

  /**
   * Moves the cursor to the next or previous mark of a kind. Stalls and rebufferings are spans with this kind of colour.
   * @param {string} kind
   * @param {1 | -1} direction
   */
  jump(kind, direction) {
    const from = this.cursor ?? (direction > 0 ? this.view.from - 1 : this.view.to);
    const times = this.#timesOf(kind).filter((time) => (direction > 0 ? time > from + 0.5 : time < from - 0.5));
    if (times.length === 0) {
      this.#readout.textContent = `No further ${kind}.`;
      return;
    }
    this.moveCursor(direction > 0 ? Math.min(...times) : Math.max(...times));
    this.#tell("viewchange");
  }

  /**
   * Reports what is below the pointer.
   * @param {PointerEvent} event
   */
  pick(event) {
    const found = this.#below(event);
    if (found?.bar) this.picked = found.bar.id;
    this.draw();
    if (this.range && !found) this.select(null);
    this.dispatchEvent(new CustomEvent("pick", { detail: found ?? null }));
  }

  /** Draws at the next frame. */
  draw() {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      if (this.isConnected && this.clientWidth > 0) this.#drawAll();
    });
  }

  #drawAll() {
    const palette = new Palette(getComputedStyle(this));
    drawRuler(new Brush(this.#ruler, this.view, palette));
    for (const part of this.#parts) {
      const { track, canvas } = part;
      const height = `${trackHeight(track)}px`;
      if (canvas.style.height !== height) canvas.style.height = height;
      const brush = new Brush(canvas, this.view, palette);
      drawGrid(brush);
      nameRows(part, this.#drawTrack(brush, track));
    }
    this.#place();
    this.#values();
  }

  /**
   * Draws a track, and returns the names at its left.
   * @param {Brush} brush
   * @param {Track} track
   */
  #drawTrack(brush, track) {
    if (track.kind === "lines") return drawLines(brush, track, this.#hidden);
    if (track.kind === "lane") drawLane(brush, track);
    else if (track.kind === "marks") drawMarks(brush, track);
    else drawBars(brush, track, this.picked);
    return rowNames(track);
  }

  #build() {
    for (const part of this.#parts) part.section.remove();
    const toggle = (/** @type {string} */ id) => {
      if (!this.#hidden.delete(id)) this.#hidden.add(id);
      this.draw();
    };
    this.#parts = this.#tracks.map((track) => buildTrack(track, keyOf(track), this.#hidden, toggle));
    this.#frame.append(...this.#parts.map((part) => part.section));
    this.#measured = null;
  }

  #place() {
    const { view, width } = this;
    const shown = this.cursor !== null && this.cursor >= view.from && this.cursor <= view.to;
    this.#cursorLine.style.display = shown ? "block" : "none";
    if (shown) this.#cursorLine.style.transform = `translateX(${view.pixel(this.cursor ?? 0, width)}px)`;
    const { range } = this;
    this.#rangeBox.style.display = range ? "block" : "none";
    if (range) {
      const from = Math.max(0, view.pixel(range.from, width));
      const to = Math.min(width, view.pixel(range.to, width));
      this.#rangeBox.style.transform = `translateX(${from}px) scaleX(${Math.max(0, to - from)})`;
    }
  }

  /** Writes the values at the cursor, or the newest ones, into the headings. */
  #values() {
    const time = this.cursor ?? this.view.end;
    for (const { track, outputs } of this.#parts) {
      if (track.kind !== "lines") continue;
      for (const series of track.series) {
        const output = outputs.get(series.id);
        const text = quantity(series.points.valueAt(time), track.unit);
        if (output && output.textContent !== text) output.textContent = text;
      }
    }
  }

  #announce() {
    const values = this.#parts.flatMap(({ track }) =>
      track.kind === "lines"
        ? track.series.map((one) => `${one.name} ${quantity(one.points.valueAt(this.cursor ?? 0), track.unit)}`)
        : [],
    );
    this.#readout.textContent = `${clock(this.cursor ?? 0, 100)}: ${values.join(", ")}`;
  }

  /**
   * Shows a text beside the pointer: at the side at which there is more room.
   * @param {string | undefined} text
   * @param {PointerEvent | undefined} event
   */
  #hover(text, event) {
    this.#tip.style.display = text ? "block" : "none";
    if (!text || !event) return;
    if (this.#tip.textContent !== text) this.#tip.textContent = text;
    const { left, top, width } = this.#boxes().frame;
    const [x, y] = [event.clientX - left, event.clientY - top + 16];
    this.#tip.style.transform = x < width / 2 ? `translate(${x + 12}px, ${y}px)` : `translate(${x - 12}px, ${y}px) translateX(-100%)`;
  }

  /**
   * @param {PointerEvent} event
   * @returns {{text: string, bar?: import("./bars.js").Bar, mark?: import("./tracks.js").Mark} | undefined}
   */
  #below(event) {
    const { canvases } = this.#boxes();
    const place = canvases.findIndex(({ top, bottom }) => event.clientY >= top && event.clientY < bottom);
    const [part, box] = [this.#parts[place], canvases[place]];
    if (!part) return undefined;
    const time = this.view.time(event.clientX - box.left, box.width);
    const slack = (this.view.span / box.width) * 6;
    const y = event.clientY - box.top;
    const { track } = part;
    if (track.kind === "bars") {
      const bar = barAt(track, y, time, slack / 3);
      return bar && { text: bar.label, bar };
    }
    if (track.kind === "marks") {
      const mark = markAt(track, y, time, slack);
      return mark && { text: `${clock(mark.at, 100)} ${mark.text}`, mark };
    }
    if (track.kind === "lane") {
      const span = spanAt(track, y, time, slack / 3);
      return span && { text: `${span.text}\n${clock(span.from, 100)} to ${clock(span.to, 100)}` };
    }
    return undefined;
  }

  /** @param {string} kind */
  #timesOf(kind) {
    return this.#tracks.flatMap((track) => {
      if (track.kind === "marks") return track.marks.filter((mark) => mark.kind === kind).map((mark) => mark.at);
      if (track.kind !== "lane" || kind !== "stall") return [];
      const stalls = (/** @type {import("./tracks.js").Span} */ span) => ["--stall", "--rebuffer"].includes(span.colour);
      return track.rows.flatMap((row) => row.spans.filter(stalls).map((span) => span.from));
    });
  }

  #endOfTracks() {
    return Math.max(0, ...this.#tracks.map(trackEnd));
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new CustomEvent(name));
  }
}

/**
 * What must be the same for a track to keep its elements.
 * @param {Track} track
 */
function keyOf(track) {
  const names =
    track.kind === "lines" ? track.series.map((series) => `${series.id} ${series.name}`).join("|") : "";
  return `${track.kind} ${track.id} ${track.title} ${names}`;
}

if (!customElements.get("vsps-timeline")) customElements.define("vsps-timeline", Timeline);
