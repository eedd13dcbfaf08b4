import { ABSOLUTE } from "./control.js";
import { EventStream } from "./events.js";

const MERGE_PATCH = { "content-type": "application/merge-patch+json" };

/** One session of a proxy: the network of one viewer. Each method sends one request to the control plane. */
export class Session {
  #path;

  /**
   * @param {import("./control.js").Control} control
   * @param {string} id
   * @param {string} url
   * @param {number | string} seed
   */
  constructor(control, id, url, seed) {
    this.control = control;
    this.id = id;
    /** The address that its player uses in place of the origin's root; it ends in `/-/s/ID/`. */
    this.url = url;
    /** Replays its network: the same seed and the same requests get the same verdicts. */
    this.seed = seed;
    this.#path = `/api/v1/sessions/${encodeURIComponent(id)}`;
  }

  /**
   * What a player loads: `target` is a path at the session's origin, or a URL of another origin.
   *
   * @param {string} target
   */
  address(target) {
    if (!ABSOLUTE.test(target)) return this.url + target.replace(/^\/+/, "");
    const { protocol, username, password, host, pathname, search } = new URL(target);
    if (!/^https?:$/.test(protocol) || username || password) {
      throw new TypeError(`${target}: write a path, or an http or https URL without a user name`);
    }
    return `${this.url}-/o/${protocol.slice(0, -1)}/${host}${pathname}${search}`;
  }

  /** What is set, its faults, its ladder, its counters. @returns {Promise<import("./documents.js").FullSession>} */
  state() {
    return this.control.json("GET", this.#path);
  }

  /**
   * Changes a running session, also for responses in flight: `change({ rate: "500 kbit/s", ttl: "10 s" })`. Null restores
   * what the profile says.
   *
   * @param {import("./documents.js").Change} members
   * @returns {Promise<import("./documents.js").FullSession>}
   */
  change(members) {
    return this.control.json("PATCH", this.#path, members, MERGE_PATCH);
  }

  /**
   * Stops the network; it resumes after `ttl`, or with `resume`.
   *
   * @param {string} [ttl]
   */
  pause(ttl) {
    return this.change(ttl === undefined ? { paused: true } : { paused: true, ttl });
  }

  /** Ends a pause. */
  resume() {
    return this.change({ paused: null });
  }

  /**
   * Arms a ready fault, by name, or a rule: `addFault("segment-404", { times: 3 })`, `addFault({ when, then })`. It
   * applies once, or as often as `times` says.
   *
   * @param {import("./documents.js").Schemas["RuleItem"]} fault
   * @param {{ name?: string, times?: number, ttl?: string }} [options]
   * @returns {Promise<import("./documents.js").Fired>}
   */
  addFault(fault, options = {}) {
    const ready = typeof fault === "string" && !fault.includes(":");
    return this.control.json("POST", `${this.#path}/faults`, { ...(ready ? { fault } : { rule: fault }), ...options });
  }

  /** The faults that were added, and how often each has applied. @returns {Promise<import("./documents.js").Fault[]>} */
  faults() {
    return this.control.json("GET", `${this.#path}/faults`);
  }

  /** One of them. @param {string} name @returns {Promise<import("./documents.js").Fault>} */
  fault(name) {
    return this.control.json("GET", `${this.#path}/faults/${encodeURIComponent(name)}`);
  }

  /** Removes a fault that was added. @param {string} name @returns {Promise<void>} */
  removeFault(name) {
    return this.control.json("DELETE", `${this.#path}/faults/${encodeURIComponent(name)}`);
  }

  /** Takes the last command back. @returns {Promise<import("./documents.js").FullSession>} */
  undo() {
    return this.control.json("POST", `${this.#path}/undo`);
  }

  /** Makes the session as it was armed. @returns {Promise<import("./documents.js").FullSession>} */
  reset() {
    return this.control.json("POST", `${this.#path}/reset`);
  }

  /** Ends the session. Its analytics can still be read. @returns {Promise<void>} */
  end() {
    return this.control.json("DELETE", this.#path);
  }

  /** The quality of experience so far. @returns {Promise<import("./documents.js").Qoe>} */
  qoe() {
    return this.control.json("GET", `${this.#path}/qoe`);
  }

  /**
   * Requests, link, buffer, renditions, stalls and marks over the session's time.
   *
   * @param {{ sinceMs?: number }} [options]
   * @returns {Promise<import("./documents.js").Timeline>}
   */
  timeline({ sinceMs } = {}) {
    return this.control.json("GET", `${this.#path}/timeline${sinceMs === undefined ? "" : `?since_ms=${sinceMs}`}`);
  }

  /** Its exchanges as HAR 1.2. @returns {Promise<import("./documents.js").Har>} */
  har() {
    return this.control.json("GET", `${this.#path}/har`);
  }

  /**
   * Timeline, quality of experience and events in one document, which the console opens.
   *
   * @returns {Promise<import("./documents.js").Run>}
   */
  runFile() {
    return this.control.json("GET", `${this.#path}/run`);
  }

  /**
   * Its events from now on; with `after: 0`, those before come first, as far as they are kept. Close the stream in the end.
   *
   * @param {{ after?: number }} [options]
   */
  events({ after } = {}) {
    return new EventStream(this.control, `${this.#path}/events`, after).connect();
  }

  /**
   * Waits for an event from now on; with `after: 0`, one that has happened counts too. `during` is called once no event is
   * missed any more: what it does may cause the event.
   *
   * @param {string | undefined} name
   * @param {{ where?: import("./events.js").Predicate, timeout?: number, after?: number, during?: () => unknown }} [options]
   */
  async waitForEvent(name, { where, timeout, after, during } = {}) {
    const stream = await this.events({ after });
    try {
      await during?.();
      return await stream.waitFor(name, { where, timeout });
    } finally {
      stream.close();
    }
  }
}

/** All sessions with one label. */
export class Group {
  #query;

  /**
   * @param {import("./control.js").Control} control
   * @param {string} label
   */
  constructor(control, label) {
    this.control = control;
    this.label = label;
    this.#query = `?label=${encodeURIComponent(label)}`;
  }

  /** Those that run. @returns {Promise<import("./documents.js").SessionSummary[]>} */
  sessions() {
    return this.#send("GET", "sessions");
  }

  /**
   * Changes all of them, or none.
   *
   * @param {import("./documents.js").Change} members
   * @returns {Promise<import("./documents.js").Result[]>}
   */
  change(members) {
    return this.#send("PATCH", "sessions", members, MERGE_PATCH);
  }

  /**
   * Arms a fault in all of them, or none.
   *
   * @param {import("./documents.js").Fire} fault
   * @returns {Promise<import("./documents.js").Result[]>}
   */
  addFault(fault) {
    return this.#send("POST", "sessions/faults", fault);
  }

  /** Takes the last command of each back. @returns {Promise<import("./documents.js").Result[]>} */
  undo() {
    return this.#send("POST", "sessions/undo");
  }

  /** Makes each as it was armed. @returns {Promise<import("./documents.js").Result[]>} */
  reset() {
    return this.#send("POST", "sessions/reset");
  }

  /** The quality of experience of each, and of all together. @returns {Promise<import("./documents.js").Qoes>} */
  qoe() {
    return this.#send("GET", "qoe");
  }

  /** The timeline of each. @returns {Promise<import("./documents.js").Timelines>} */
  timeline() {
    return this.#send("GET", "timeline");
  }

  /** A run file with all of them. @returns {Promise<import("./documents.js").Run>} */
  runFile() {
    return this.#send("GET", "run");
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   */
  #send(method, path, body, headers) {
    return this.control.json(method, `/api/v1/${path}${this.#query}`, body, headers);
  }
}
