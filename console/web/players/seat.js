// One player on the page: its video, its session, and what is measured of both.

import { get, sessionPath } from "../client/api.js";
import { BufferReport } from "./buffer_report.js";
import { bitRate } from "../data/format.js";
import { h, setText } from "../parts/dom.js";
import { sessionLink } from "../parts/route.js";
import { Points } from "../timeline/points.js";
import { quantity } from "../timeline/ticks.js";
import { load } from "./adapter.js";

/** @typedef {import("./adapter.js").PlayerKind} PlayerKind */
/** @typedef {import("../timeline/tracks.js").Mark} Mark */

/** The seconds that are buffered ahead of the position. @param {HTMLVideoElement} video */
export function bufferAhead(video) {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i += 1) {
    if (currentTime >= buffered.start(i) - 0.1 && currentTime <= buffered.end(i)) return buffered.end(i) - currentTime;
  }
  return 0;
}

/** A player with a session. Times on its axis are those of the page: milliseconds since `zero`. */
export class Seat {
  /**
   * @param {PlayerKind} kind
   * @param {{id: string, url: string}} session
   * @param {number} zero
   */
  constructor(kind, session, zero) {
    this.kind = kind;
    this.session = session;
    this.zero = zero;
    this.buffer = new Points();
    this.bitrate = new Points();
    this.dropped = new Points();
    this.delivered = new Points();
    this.granted = new Points();
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {{from: number, to: number}[]} times in which the video waited for data, after its start */
    this.waits = [];
    this.video = h("video", { controls: true, playsinline: true, muted: true, "aria-label": `Video in ${kind.name}` });
    this.video.muted = true;
    this.video.autoplay = true;
    this.state = h("p", { class: "muted", role: "status" }, "loading");
    this.element = h("section", { class: "card stack", "aria-label": kind.name }, h("div", { class: "row" }, h("h3", {}, kind.name),
      h("a", { href: sessionLink(session.id) }, `session ${session.id}`)), this.video, this.state);
    /** @type {import("./adapter.js").Playing | null} */
    this.playing = null;
    /** @type {{bytes: number, at: number} | null} */
    this.before = null;
    this.report = new BufferReport(session.id);
    this.#listen();
  }

  /** Milliseconds on the axis. */
  get now() {
    return performance.now() - this.zero;
  }

  /** Loads the player and plays. */
  async start() {
    await load(this.kind);
    this.playing = this.kind.start(this.video, this.session.url, (kind, text) => this.note(kind, text));
  }

  /**
   * @param {"error" | "switch" | "player"} kind
   * @param {string} text
   */
  note(kind, text) {
    const colour = { error: "--mark-error", switch: "--mark-switch", player: "--mark-player" }[kind];
    if (this.marks.length < 5000) this.marks.push({ at: this.now, kind, text: `${this.kind.name}: ${text}`, colour });
    if (kind === "error") setText(this.state, text);
  }

  /** Measures the player and its session. */
  async sample() {
    const { now, video } = this;
    const bps = this.playing?.bitrate() ?? null;
    const quality = video.getVideoPlaybackQuality();
    const buffer = bufferAhead(video) * 1000;
    this.buffer.push(now, buffer);
    this.report.measured(performance.now(), buffer);
    this.bitrate.push(now, bps ?? NaN);
    this.dropped.push(now, quality.droppedVideoFrames);
    const session = await get(sessionPath(this.session.id));
    const at = this.now;
    if (this.before) {
      this.delivered.push(at, Math.max(0, ((session.delivered_bytes - this.before.bytes) * 8000) / (at - this.before.at)));
      this.granted.push(at, bitRate(session.rate) ?? NaN);
    }
    this.before = { bytes: session.delivered_bytes, at };
    if (video.error === null) setText(this.state, this.#summary(bps, quality.droppedVideoFrames));
  }

  /** Stops playing. */
  end() {
    this.playing?.end();
  }

  /**
   * @param {number | null} bps
   * @param {number} dropped
   */
  #summary(bps, dropped) {
    const { video } = this;
    const size = video.videoHeight > 0 ? `${video.videoWidth}×${video.videoHeight}` : "no picture yet";
    const waited = this.waits.reduce((sum, wait) => sum + wait.to - wait.from, 0);
    return [size, bps === null ? null : quantity(bps, "bit/s"), `buffer ${quantity(bufferAhead(video) * 1000, "ms")}`,
      `${dropped} frames dropped`, `${this.waits.length} rebuffers, ${quantity(waited, "ms")}`].filter(Boolean).join(" · ");
  }

  #listen() {
    let waiting = -1;
    let started = false;
    this.video.addEventListener("waiting", () => {
      if (started && !this.video.seeking) waiting = this.now;
    });
    this.video.addEventListener("playing", () => {
      if (!started) this.note("player", "first picture");
      if (waiting >= 0) this.waits.push({ from: waiting, to: this.now });
      started = true;
      waiting = -1;
    });
    this.video.addEventListener("ended", () => this.note("player", "ended"));
  }
}
