import { ApiError, UnreachableError } from "./errors.js";

/** An integer that a number of JavaScript may not hold exactly. */
const LARGE_SEED = /"seed":\s*(\d{16,})/g;

/** An absolute URL: a scheme at its start. `://` may also be in a query. */
export const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\//i;

/** Requests to the control plane (`--admin`) of one proxy. */
export class Control {
  #token;

  /**
   * @param {string} url the address of the control plane
   * @param {{ token?: string, timeout?: number }} [options] the token of `--admin-token`; the longest wait for an answer, in ms
   */
  constructor(url, { token, timeout = 10_000 } = {}) {
    const parsed = new URL(ABSOLUTE.test(url) ? url : `http://${url}`);
    if (!/^https?:$/.test(parsed.protocol)) throw new TypeError(`${url} is no address of a control plane; write http://HOST:PORT`);
    this.url = (parsed.origin + parsed.pathname).replace(/\/+$/, "");
    this.timeout = timeout;
    this.#token = token;
  }

  /**
   * Sends a request, and returns the JSON of the answer; undefined if it has no body.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<any>}
   */
  async json(method, path, body, headers) {
    const text = await this.text(method, path, body, headers);
    return text ? parse(text) : undefined;
  }

  /**
   * Sends a request, and returns the body of the answer.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<string>}
   */
  async text(method, path, body, headers) {
    const signal = AbortSignal.timeout(this.timeout);
    const response = await this.open(method, path, { body, headers, signal });
    return this.#reached(method, path, response.text());
  }

  /**
   * Sends a request, and returns the answer, whose body is still to be read.
   *
   * @param {string} method
   * @param {string} path
   * @param {{ body?: unknown, headers?: Record<string, string>, signal?: AbortSignal }} [options]
   * @returns {Promise<Response>}
   */
  async open(method, path, { body, headers = {}, signal } = {}) {
    /** @type {Record<string, string>} */
    const sent = { ...headers };
    if (this.#token) sent.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) sent["content-type"] ??= "application/json";
    const payload = body === undefined ? undefined : write(body);
    const asked = fetch(this.url + path, { method, headers: sent, body: payload, signal });
    const response = await this.#reached(method, path, asked);
    if (response.ok) return response;
    const text = await this.#reached(method, path, response.text());
    throw new ApiError(method, path, response.status, problemOf(text, response.statusText));
  }

  /**
   * @template T
   * @param {string} method
   * @param {string} path
   * @param {Promise<T>} answer
   */
  async #reached(method, path, answer) {
    try {
      return await answer;
    } catch (error) {
      const cause = /** @type {any} */ (error)?.cause ?? error;
      throw new UnreachableError(`${method} ${this.url}${path}: ${cause?.message || cause}`, { cause: error });
    }
  }
}

/**
 * Reads JSON of the control plane; a seed that a number can't hold exactly becomes a string.
 *
 * @param {string} text
 * @returns {any}
 */
export function parse(text) {
  return JSON.parse(
    text.replace(LARGE_SEED, (found, digits) => (Number.isSafeInteger(Number(digits)) ? found : `"seed":"${digits}"`)),
  );
}

/**
 * Writes JSON for the control plane; a seed that is a bigint becomes a string. A number above 2^53 is refused, since it may
 * not be the one that was meant.
 *
 * @param {unknown} value
 */
function write(value) {
  return JSON.stringify(value, (key, member) => {
    if (typeof member === "bigint") return String(member);
    if (key === "seed" && typeof member === "number" && member > Number.MAX_SAFE_INTEGER) {
      throw new TypeError(`the seed ${member} is above 2^53: write it as a bigint or a string`);
    }
    return member;
  });
}

/**
 * The first characters of a text. A character of two UTF-16 code units is not cut in half.
 *
 * @param {string} text
 * @param {number} most
 */
export function beginning(text, most) {
  return Array.from(text.slice(0, 2 * most)).slice(0, most).join("");
}

/** @param {string} text @param {string} title */
function problemOf(text, title) {
  try {
    const problem = parse(text);
    if (problem && typeof problem === "object") return problem;
  } catch {
    // It is no JSON: an intermediary has answered.
  }
  return { title, detail: beginning(text.trim(), 500) };
}
