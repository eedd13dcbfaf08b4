import { randomInt } from "node:crypto";
import { Control } from "./control.js";
import { EventStream } from "./events.js";
import { Group, Session } from "./session.js";

/** The control plane of a proxy, and the sessions that are armed over it. */
export class Proxy {
  /** @param {Control} control */
  constructor(control) {
    this.control = control;
  }

  /** The address of the control plane. */
  get adminUrl() {
    return this.control.url;
  }

  /**
   * Arms a session: `arm({ profile: "3g", seed: 7 })`. Its time starts with its player's first request. Without a seed,
   * one of 32 bits is drawn; one above 2^53 is given as a bigint or a string.
   *
   * @param {import("./documents.js").Arming} [arming]
   */
  async arm(arming = {}) {
    const sent = { seed: randomInt(2 ** 32), ...arming };
    const { id, url, seed } = await this.control.json("POST", "/api/v1/sessions", sent);
    return new Session(this.control, id, url, seed);
  }

  /** A session that runs, such as one that a player has started. @param {string} id */
  async session(id) {
    const { url, seed } = await this.control.json("GET", `/api/v1/sessions/${encodeURIComponent(id)}`);
    return new Session(this.control, id, url, seed);
  }

  /** All sessions, oldest first. @returns {Promise<import("./documents.js").SessionSummary[]>} */
  sessions() {
    return this.control.json("GET", "/api/v1/sessions");
  }

  /** All sessions with this label. @param {string} label */
  group(label) {
    return new Group(this.control, label);
  }

  /** The events of all sessions; see `Session.events`. @param {{ after?: number }} [options] */
  events({ after } = {}) {
    return new EventStream(this.control, "/api/v1/events", after).connect();
  }

  /** Version, addresses, defaults. @returns {Promise<import("./documents.js").Status>} */
  status() {
    return this.control.json("GET", "/api/v1/status");
  }

  /** The profiles by name. @returns {Promise<import("./documents.js").ProfileSummary[]>} */
  profiles() {
    return this.control.json("GET", "/api/v1/profiles");
  }

  /** The faults that have a name. @returns {Promise<import("./documents.js").FaultSummary[]>} */
  readyFaults() {
    return this.control.json("GET", "/api/v1/faults");
  }

  /** The rules of all sessions. @returns {Promise<import("./documents.js").Rules>} */
  rules() {
    return this.control.json("GET", "/api/v1/rules");
  }

  /**
   * Replaces the rules of all sessions.
   *
   * @param {import("./documents.js").Rules["rules"]} rules
   * @returns {Promise<import("./documents.js").Rules>}
   */
  setRules(rules) {
    return this.control.json("PUT", "/api/v1/rules", { rules });
  }

  /** Makes all sessions as they were armed, and the rules of all as at the start. @returns {Promise<void>} */
  reset() {
    return this.control.json("POST", "/api/v1/reset");
  }

  /** The metrics, in the text format of Prometheus. */
  metrics() {
    return this.control.text("GET", "/metrics");
  }
}

/**
 * Connects to a proxy that runs: at `VSPS_ADMIN_URL` and with `VSPS_ADMIN_TOKEN` where nothing is said.
 *
 * @param {string} [adminUrl]
 * @param {{ token?: string, timeout?: number }} [options]
 */
export async function connect(adminUrl, { token, timeout } = {}) {
  const url = adminUrl ?? process.env.VSPS_ADMIN_URL ?? "http://127.0.0.1:8081";
  const proxy = new Proxy(new Control(url, { token: token ?? process.env.VSPS_ADMIN_TOKEN, timeout }));
  await proxy.status();
  return proxy;
}
