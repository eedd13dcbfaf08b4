import { parse } from "./control.js";
import { ApiError, EventTimeoutError, UnreachableError, VspsError } from "./errors.js";

/** The version of the events' data that this package reads. */
const SCHEMA = 1;
/** Without a byte for so long, a connection is taken for dead: the proxy writes a comment every 15 s. */
const LONGEST_SILENCE_MS = 40_000;
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
 * goes on after the last event that was received.
 */
export class EventStream {
  #control;
  #path;
  /** @type {number | undefined} */
  #last;
  /** @type {AbortController | undefined} */
  #abort;
  /** @type {ReadableStreamDefaultReader<Uint8Array> | undefined} */
  #reader;
  /** @type {Promise<ReadableStreamReadResult<Uint8Array>> | undefined} */
  #reading;
  #unread = "";
  #decoder = new TextDecoder();
  #ended = false;

  /**
   * @param {import("./control.js").Control} control
   * @param {string} path
   * @param {number} [after] the number of the last event that is already known: 0 for all that the proxy has kept
   */
  constructor(control, path, after) {
    this.#control = control;
    this.#path = path;
    this.#last = after;
  }

  /** The number of the last event that was received. */
  get lastId() {
    return this.#last;
  }

  /** Connects; no event after that is missed. */
  async connect() {
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(new Error("no answer in time")), this.#control.timeout);
    /** @type {Record<string, string>} */
    const headers = { accept: "text/event-stream" };
    if (this.#last !== undefined) headers["last-event-id"] = String(this.#last);
    try {
      const response = await this.#control.open("GET", this.#path, { headers, signal: abort.signal });
      if (!response.body) throw new UnreachableError(`GET ${this.#path}: no body`);
      this.#abort = abort;
      this.#reader = response.body.getReader();
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
        if (!this.#reader) await this.connect();
        return await this.#read(deadline);
      } catch (error) {
        if (this.#ended) return undefined;
        if (error instanceof ApiError && error.status === 404) {
          // The session has ended while the connection was lost.
          this.#ended = true;
          return undefined;
        }
        if (error instanceof VspsError && !(error instanceof UnreachableError)) throw error;
        this.#disconnect();
        if (performance.now() + backoff >= deadline) {
          throw new EventTimeoutError("no event in time: the connection is lost", { cause: error });
        }
        await new Promise((resolve) => setTimeout(resolve, backoff));
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
    for (;;) {
      let event;
      try {
        event = await this.next(Math.max(deadline - performance.now(), 0));
      } catch (error) {
        if (!(error instanceof EventTimeoutError)) throw error;
        const counts = [...seen].map(([name, count]) => `${count} ${name}`).join(", ") || "none";
        throw new EventTimeoutError(`no ${wanted} within ${timeout} ms; events meanwhile: ${counts}`, { cause: error });
      }
      if (!event) throw new EventTimeoutError(`no ${wanted}: the session has ended`);
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

  /** @param {number} deadline @returns {Promise<VspsEvent>} */
  async #read(deadline) {
    for (;;) {
      const end = this.#unread.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#unread.slice(0, end);
        this.#unread = this.#unread.slice(end + 2);
        const event = this.#parse(block);
        if (event) return event;
        continue;
      }
      const { done, value } = await this.#receive(deadline);
      // A stream ends with its session, and when the proxy is gone; a new connection tells which.
      if (done) throw new UnreachableError("the stream ended");
      this.#unread += this.#decoder.decode(value, { stream: true });
    }
  }

  /** @param {number} deadline */
  async #receive(deadline) {
    this.#reading ??= /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (this.#reader).read();
    const left = deadline - performance.now();
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      const error =
        left < LONGEST_SILENCE_MS ? new EventTimeoutError("no event in time") : new UnreachableError("it is silent");
      timer = setTimeout(() => reject(error), Math.max(Math.min(left, LONGEST_SILENCE_MS), 0));
    });
    try {
      const piece = await Promise.race([this.#reading, late]);
      this.#reading = undefined;
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
    const name = fields.event ?? "message";
    if (name === "schema") {
      if (data.schema !== SCHEMA) throw new VspsError(`events have schema ${data.schema}; this package reads ${SCHEMA}`);
      return undefined;
    }
    const id = fields.id === undefined ? undefined : Number(fields.id);
    this.#last = id ?? this.#last;
    if (name === "session_ended" && this.#path !== "/api/v1/events") this.#ended = true;
    return { id, name, data };
  }
}
