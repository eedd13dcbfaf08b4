// Requests to the API of the control plane.

/** An error response of the API: what it says, and each fault in the body that was sent. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 = no answer
   * @param {string} message
   * @param {{pointer: string, detail: string}[]} faults
   */
  constructor(status, message, faults = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }

  /** All of it as text. */
  get text() {
    return [this.message, ...this.faults.map((fault) => `${fault.pointer} ${fault.detail}`)].join("\n");
  }
}

const TOKEN = "vsps-admin-token";

/** Whether the proxy answered the last request. Its events are `lost`, `back` and `token`. */
export const connection = new (class extends EventTarget {
  alive = true;

  /** @param {boolean} alive */
  report(alive) {
    if (this.alive === alive) return;
    this.alive = alive;
    this.dispatchEvent(new Event(alive ? "back" : "lost"));
  }
})();

/** @param {string} token kept until the browser's tab is closed, and never part of an address */
export function setToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

/** The headers that each request has. @returns {Record<string, string>} */
export function authorization() {
  const token = globalThis.sessionStorage?.getItem(TOKEN);
  return token ? { authorization: `Bearer ${token}` } : {};
}

/**
 * Sends a request and returns the JSON of the response.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function request(method, path, body) {
  const text = await requestText(method, path, body);
  return text === "" ? null : parse(text);
}

/**
 * Sends a request and returns the text of the response.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<string>}
 */
export async function requestText(method, path, body) {
  const headers = authorization();
  if (body !== undefined) headers["content-type"] = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  let response;
  let text;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    text = await response.text();
  } catch {
    connection.report(false);
    throw new ApiError(0, "The proxy does not answer.");
  }
  connection.report(true);
  if (response.ok) return text;
  if (response.status === 401) connection.dispatchEvent(new Event("token"));
  const problem = (response.headers.get("content-type") ?? "").includes("json") ? parse(text) : null;
  throw new ApiError(response.status, problem?.detail ?? `the response has status ${response.status}`, problem?.errors ?? []);
}

/**
 * Reads JSON. A seed has up to 64 bits, and a number of JavaScript 53: a long one is kept as text.
 * @param {string} text
 */
export function parse(text) {
  return JSON.parse(text.replace(/"seed":\s*(\d{16,20})(?=\s*[,}])/g, '"seed":"$1"'));
}

/** @param {string} path */
export const get = (path) => request("GET", path);

/**
 * The path of a session's resource.
 * @param {string} id
 * @param {string} [rest]
 */
export const sessionPath = (id, rest = "") => `/api/v1/sessions/${encodeURIComponent(id)}${rest}`;
