import { parse } from "./control.js";
import { ApiError, EventTimeoutError, UnreachableError, VspsError } from "./errors.js";

/** The version of the events' data that this package reads. */
const SCHEMA = 1;
/** Without a byte for so long, a connection counts as lost: the proxy writes a comment every 15 s. */
const LONGEST_SILENCE_MS = 40_000;
/** Without a connection for so long, the proxy counts as gone. */
const LONGEST_OUTAGE_MS = 30_000;
const FIRST_BACKOFF_MS = 100;
const LAST_BACKOFF_MS = 2_000;

/**
 * One event of the data plane: its number among the events of the process (`lost` has none), its name
 * (`request_planned`, `request_finished`, `fault_injected`, `stalled`, …; `lost` where events were missed), and the same
 * object as a line of the event log.
 *
 * @typedef {{ id: number | undefined, name: string, data: any }} VspsEvent
 * @typedef {(event: VspsEvent) => boolean} Predicate
 */

/**
 * Events as they happen, until the stream is closed, or until its session has ended. A lost connection is made again, and
 * goes on after the last event that was received; if the proxy does not answer for 30 s, an UnreachableError is thrown.
 */
export class EventStream {
  #control;
  #path;
  #silence;
  #outage;
  /** @type {number | undefined} */
  #last;
  /** @type {AbortController | undefined} */
  #abort;
  /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */
  #reader;
  /** @type {Promise<ReadableStreamReadResult<Uint8Array>> | undefined} */
  #reading;
  /** When the last byte was received. */
  #heard = 0;
  /** Since when there is no connection. @type {number | undefined} */
  #lost;
  #unread = "";
  #decoder = new TextDecoder();
  #ended = false;

  /**
   * @param {import("./control.js").Control} control
   * @param {string} path
   * @param {number} [after] the number of the last event that is already known: 0 for all that the proxy has kept
   * @param {{ silence?: number, outage?: number }} [limits] in ms: without a byte a connection counts as lost, without a
   *   connection the proxy counts as gone
   */
  constructor(control, path, after, { silence = LONGEST_SILENCE_MS, outage = LONGEST_OUTAGE_MS } = {}) {
    this.#control = control;
    this.#path = path;
    this.#last = after;
    this.#silence = silence;
    this.#outage = outage;
  }

  /** The number of the last event that was received. */
  get lastId() {
    return this.#last;
  }

  /**
   * Connects; no event after that is missed.
   *
   * @param {number} [timeout] in ms
   */
  async connect(timeout = this.#control.timeout) {
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(new Error("no answer in time")), timeout);
    /** @type {Record<string, string>} */
    const headers = { accept: "text/event-stream" };
    if (this.#last !== undefined) headers["last-event-id"] = String(this.#last);
    try {
      const response = await this.#control.open("GET", this.#path, { headers, signal: abort.signal });
      if (!response.body) throw new UnreachableError(`GET ${this.#path}: no body`);
      this.#abort = abort;
      this.#reader = response.body.getReader();
      this.#heard = performance.now();
      this.#unread = "";
      this.#decoder = new TextDecoder();
    } finally {
      clearTimeout(late);
    }
    return this;
  }

  /**
   * The next event; undefined if there is none any more.
   *
   * @param {number} [timeout] in ms; then an EventTimeoutError is thrown, and the stream can still be read
   * @returns {Promise<VspsEvent | undefined>}
   */
  async next(timeout = Infinity) {
    const deadline = performance.now() + timeout;
    for (let backoff = FIRST_BACKOFF_MS; !this.#ended; backoff = Math.min(2 * backoff, LAST_BACKOFF_MS)) {
      try {
        const left = Math.max(deadline - performance.now(), 1);
        if (!this.#reader) await this.connect(Math.min(left, this.#control.timeout));
        return await this.#read(deadline);
      } catch (error) {
        if (this.#ended) return undefined;
        if (error instanceof ApiError && error.status === 404) {
          // The session has ended while the connection was lost.
          this.#ended = true;
          return undefined;
        }
        if (error instanceof VspsError && !(error instanceof UnreachableError)) throw error;
        await this.#waitAfter(error, backoff, deadline);
      }
    }
    return undefined;
  }

  /**
   * Waits for an event of this name for which `where` is true.
   *
   * @param {string | undefined} name
   * @param {{ where?: Predicate, timeout?: number }} [options] `timeout` in ms, 30 s unless given
   * @returns {Promise<VspsEvent>}
   */
  async waitFor(name, { where, timeout = 30_000 } = {}) {
    const deadline = performance.now() + timeout;
    /** @type {Map<string, number>} */
    const seen = new Map();
    const wanted = (name ?? "event") + (where ? " with the condition" : "");
    /** @param {unknown} [cause] */
    const late = (cause) => {
      const counts = [...seen].map(([name, count]) => `${count} ${name}`).join(", ") || "none";
      return new EventTimeoutError(`no ${wanted} within ${timeout} ms; events meanwhile: ${counts}`, { cause });
    };
    for (let first = true; ; first = false) {
      const left = deadline - performance.now();
      let event;
      try {
        // After the deadline, events that were received before it still count, and no others.
        event = left > 0 || first ? await this.next(Math.max(left, 0)) : this.#received();
      } catch (error) {
        throw error instanceof EventTimeoutError ? late(error) : error;
      }
      if (!event && this.#ended) throw new EventTimeoutError(`no ${wanted}: the session has ended`);
      if (!event) throw late();
      if ((name === undefined || event.name === name) && (!where || where(event))) return event;
      seen.set(event.name, (seen.get(event.name) ?? 0) + 1);
    }
  }

  /** @returns {AsyncGenerator<VspsEvent, void, void>} */
  async *[Symbol.asyncIterator]() {
    try {
      for (let event = await this.next(); event; event = await this.next()) yield event;
    } finally {
      this.close();
    }
  }

  /** Ends the stream. */
  close() {
    this.#ended = true;
    this.#disconnect();
  }

  [Symbol.dispose]() {
    this.close();
  }

  #disconnect() {
    this.#abort?.abort();
    // What is still read is of no interest.
    this.#reading?.catch(() => {});
    this.#abort = this.#reader = this.#reading = undefined;
  }

  /**
   * Disconnects, and waits before the next attempt to connect.
   *
   * @param {unknown} error why the connection is lost
   * @param {number} backoff
   * @param {number} deadline
   */
  async #waitAfter(error, backoff, deadline) {
    this.#disconnect();
    const now = performance.now();
    this.#lost ??= now;
    if (now - this.#lost >= this.#outage) {
      // A later call tries for as long again.
      this.#lost = undefined;
      throw error instanceof UnreachableError ? error : new UnreachableError("the stream is lost", { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(Math.min(backoff, deadline - now), 0)));
    if (now + backoff >= deadline) {
      throw new EventTimeoutError("no event in time: the connection is lost", { cause: error });
    }
  }

  /** @param {number} deadline @returns {Promise<VspsEvent>} */
  async #read(deadline) {
    for (;;) {
      const event = this.#received();
      if (event) return event;
      const { done, value } = await this.#receive(deadline);
      // A stream ends with its session, and when the proxy is gone; a new connection tells which.
      if (done) throw new UnreachableError(`GET ${this.#control.url}${this.#path}: the stream ended`);
      this.#unread += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The next event of what has been received. */
  #received() {
    for (let end = this.#unread.indexOf("\n\n"); end >= 0; end = this.#unread.indexOf("\n\n")) {
      const block = this.#unread.slice(0, end);
      this.#unread = this.#unread.slice(end + 2);
      const event = this.#parse(block);
      if (event) return event;
    }
    return undefined;
  }

  /** @param {number} deadline */
  async #receive(deadline) {
    this.#reading ??= /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (this.#reader).read();
    const now = performance.now();
    const left = Math.max(deadline - now, 0);
    const silent = Math.max(this.#heard + this.#silence - now, 0);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      const error = left < silent ? new EventTimeoutError("no event in time") : new UnreachableError("it is silent");
      timer = setTimeout(() => reject(error), Math.min(left, silent));
    });
    try {
      const piece = await Promise.race([this.#reading, late]);
      this.#reading = undefined;
      this.#heard = performance.now();
      this.#lost = undefined;
      return /** @type {ReadableStreamReadResult<Uint8Array>} */ (piece);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param {string} block @returns {VspsEvent | undefined} */
  #parse(block) {
    /** @type {Record<string, string>} */
    const fields = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
    }
    if (fields.data === undefined) return undefined;
    const data = parse(fields.data);
    const id = fields.id === undefined ? undefined : Number(fields.id);
    const name = fields.event ?? "message";
    if (name === "schema") {
      if (data.schema !== SCHEMA) throw new VspsError(`events have schema ${data.schema}; this package reads ${SCHEMA}`);
      // With the number of the last event before the stream: where it goes on if it is lost before its first event.
      this.#last ??= id;
      return undefined;
    }
    this.#last = id ?? this.#last;
    if (name === "session_ended" && this.#path !== "/api/v1/events") this.#ended = true;
    return { id, name, data };
  }
}
