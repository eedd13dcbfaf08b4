// What is known of one session: the timeline of the API, merged answer by answer.

import { Points } from "../timeline/points.js";

/** @typedef {import("./shapes.js").TimelineJson} TimelineJson */
/** @typedef {import("./shapes.js").RequestJson} RequestJson */

/** The newest timeline schema that is understood. */
export const SCHEMA = 1;

/** One session's timeline. It grows with each `merge`. */
export class Run {
  constructor() {
    /** @type {import("./shapes.js").SessionInfo | null} */
    this.session = null;
    /** @type {RequestJson[]} ordered by start */
    this.requests = [];
    this.granted = new Points();
    this.delivered = new Points();
    this.estimated = new Points();
    this.cmcd = new Points();
    /** The player's own buffer, as the page that played it measured it. */
    this.player = new Points();
    this.measured = new Points();
    this.mtp = new Points();
    this.latency = new Points();
    this.bufferSource = "none";
    this.leftOff = 0;
    /** It grows with each answer that was merged. */
    this.version = 0;
    /** @type {TimelineJson["renditions"]} */
    this.renditions = [];
    /** @type {TimelineJson["stalls"]} */
    this.stalls = [];
    /** @type {TimelineJson["rebuffers"]} */
    this.rebuffers = [];
    /** @type {TimelineJson["marks"]} */
    this.marks = [];
    /** @type {Map<number, number>} */
    this.places = new Map();
    /** @type {[number, number | null, number][]} what `sample` was given */
    this.samples = [];
  }

  /** @param {TimelineJson} json */
  static from(json) {
    const run = new Run();
    run.merge(json, 0);
    return run;
  }

  /** The end of the data, in milliseconds of session time. */
  get end() {
    return this.session?.now_ms ?? 0;
  }

  /**
   * Takes over an answer that has everything from `since` on. What was known from there on is replaced.
   * @param {TimelineJson} json
   * @param {number} since
   */
  merge(json, since) {
    if (json.schema > SCHEMA) {
      throw new Error(`the timeline has schema ${json.schema}, this page knows ${SCHEMA}: load the page again`);
    }
    this.session = json.session;
    this.version += 1;
    this.leftOff = json.requests_left_off ?? 0;
    this.bufferSource = json.buffer?.source ?? "none";
    this.#requests(json.requests ?? []);
    this.#rates(json.link, since);
    for (const points of [this.estimated, this.cmcd, this.player, this.measured, this.mtp, this.latency]) points.truncate(since);
    for (const { at_ms, estimated_ms, cmcd_ms, media } of json.buffer?.points ?? []) {
      if (estimated_ms !== null && media !== "audio") this.estimated.push(at_ms, estimated_ms);
      if (cmcd_ms !== null) this.cmcd.push(at_ms, cmcd_ms);
    }
    for (const { at_ms, buffer_ms } of json.buffer?.player ?? []) this.player.push(at_ms, buffer_ms);
    for (const { at_ms, delivered_bps, mtp_bps } of json.throughput ?? []) {
      if (delivered_bps !== null) this.measured.push(at_ms, delivered_bps);
      if (mtp_bps !== null) this.mtp.push(at_ms, mtp_bps);
    }
    for (const { at_ms, latency_ms } of json.live_latency ?? []) this.latency.push(at_ms, latency_ms);
    this.renditions = merged(this.renditions, json.renditions, since);
    this.stalls = merged(this.stalls, json.stalls, since);
    this.rebuffers = merged(this.rebuffers, json.rebuffers, since);
    this.marks = merged(this.marks, json.marks, since);
  }

  /**
   * Adds a rate that the page measured itself. The bins of the API are ignored from there on: bytes count there when
   * they are known, here when they pass.
   * @param {number} at session time in milliseconds
   * @param {number | null} granted bit/s; null = no limit
   * @param {number} delivered bit/s
   */
  sample(at, granted, delivered) {
    if (this.samples.length === 0) {
      this.granted.truncate(at);
      this.delivered.truncate(at);
    }
    this.samples.push([at, granted, delivered]);
    this.granted.push(at, granted ?? NaN);
    this.delivered.push(at, delivered);
    if (this.session) this.session.now_ms = Math.max(this.session.now_ms, at);
  }

  /**
   * Adds a mark that only this page knows, such as an event of a player in it.
   * @param {number} at
   * @param {string} kind
   * @param {string} text
   */
  note(at, kind, text) {
    this.marks.push({ at_ms: at, kind, text, rule: null, request: null });
  }

  /**
   * The request with an id.
   * @param {number | null} id
   */
  request(id) {
    const place = id === null ? undefined : this.places.get(id);
    return place === undefined ? undefined : this.requests[place];
  }

  /** @param {RequestJson[]} incoming */
  #requests(incoming) {
    let ordered = true;
    for (const request of incoming) {
      const place = this.places.get(request.id);
      if (place !== undefined) {
        this.requests[place] = request;
        continue;
      }
      const last = this.requests[this.requests.length - 1];
      ordered &&= !last || last.start_ms <= request.start_ms;
      this.places.set(request.id, this.requests.length);
      this.requests.push(request);
    }
    if (ordered) return;
    this.requests.sort((one, other) => one.start_ms - other.start_ms);
    this.requests.forEach((request, place) => this.places.set(request.id, place));
  }

  /**
   * @param {TimelineJson["link"] | undefined} link
   * @param {number} since
   */
  #rates(link, since) {
    const live = this.samples[0]?.[0] ?? Infinity;
    if (!link || since >= live) return;
    this.granted.truncate(since);
    this.delivered.truncate(since);
    let expected = since;
    for (const { at_ms, granted_bps, delivered_bps } of link.bins) {
      if (at_ms >= live) break;
      // A bin that is absent had nothing to deliver.
      if (at_ms >= expected + link.bin_ms - 1) this.delivered.push(expected, 0);
      this.granted.push(at_ms, granted_bps ?? NaN);
      this.delivered.push(at_ms, delivered_bps);
      expected = at_ms + link.bin_ms;
    }
    if (link.bins.length > 0 && expected < Math.min(this.end, live)) this.delivered.push(expected, 0);
    for (const [at, granted, delivered] of this.samples) {
      this.granted.push(at, granted ?? NaN);
      this.delivered.push(at, delivered);
    }
  }
}

/**
 * `known` up to `since`, then `incoming`.
 * @template {{at_ms: number}} T
 * @param {T[]} known
 * @param {T[] | undefined} incoming
 * @param {number} since
 */
function merged(known, incoming, since) {
  if (!incoming) return known;
  let length = known.length;
  while (length > 0 && known[length - 1].at_ms >= since) length -= 1;
  // What began before and is still reported replaces its earlier version.
  const times = new Set(incoming.filter((one) => one.at_ms < since).map((one) => one.at_ms));
  const kept = known.slice(0, length).filter((one) => !times.has(one.at_ms));
  return [...kept, ...incoming].sort((one, other) => one.at_ms - other.at_ms);
}
