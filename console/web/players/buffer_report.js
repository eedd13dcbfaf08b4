// Tells the proxy the player's own buffer, so that the page of its session can show it, and a saved run has it.

import { ApiError, request, sessionPath } from "../client/api.js";

/** Samples are sent together, at this interval in milliseconds. */
const INTERVAL = 1000;
/** The most that are kept while the proxy does not answer, and the oldest that it takes, in milliseconds. */
const MOST = 100;
const OLDEST = 50000;

/** The buffer of one player, on its way to the proxy. */
export class BufferReport {
  /** @param {string} session */
  constructor(session) {
    this.session = session;
    /** @type {{at: number, ms: number}[]} */
    this.unsent = [];
    this.sending = false;
    /** When they were sent last. */
    this.sentAt = -Infinity;
    /** The proxy does not want them: the session has ended, or the token may only read. */
    this.refused = false;
  }

  /**
   * @param {number} at milliseconds, as of `performance.now()`
   * @param {number} ms the media that is buffered
   */
  measured(at, ms) {
    if (this.refused) return;
    this.unsent.push({ at, ms });
    this.unsent = this.unsent.filter((sample) => sample.at > at - OLDEST).slice(-MOST);
    if (this.sending || at < this.sentAt + INTERVAL) return;
    this.sentAt = at;
    void this.#send();
  }

  async #send() {
    const sent = this.unsent;
    this.unsent = [];
    this.sending = true;
    try {
      const now = performance.now();
      const samples = sent.map(({ at, ms }) => ({ age_ms: Math.max(0, now - at), buffer_ms: ms }));
      await request("POST", sessionPath(this.session, "/player"), { samples });
    } catch (error) {
      if (error instanceof ApiError && error.status === 0) this.unsent = [...sent, ...this.unsent];
      else this.refused = error instanceof ApiError && [403, 404].includes(error.status);
    } finally {
      this.sending = false;
    }
  }
}
