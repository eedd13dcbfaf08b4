/** The base of all errors of this package. */
export class VspsError extends Error {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** No program `vsps` was found. */
export class BinaryNotFoundError extends VspsError {}

/** The proxy did not start, or did not say in time where it listens. */
export class StartError extends VspsError {}

/** The control plane does not answer. */
export class UnreachableError extends VspsError {}

/** The awaited event did not happen in time. */
export class EventTimeoutError extends VspsError {}

/** The control plane refused a request, with a problem document (RFC 9457). */
export class ApiError extends VspsError {
  /**
   * @param {string} method
   * @param {string} path
   * @param {number} status
   * @param {Partial<import("./documents.js").Problem>} problem
   */
  constructor(method, path, status, problem) {
    const places = (problem.errors ?? []).map((error) => `; ${error.pointer}: ${error.detail}`);
    const said = problem.detail || problem.title || "no reason given";
    super(`${method} ${path}: ${status}: ${said}${places.join("")}`);
    this.status = status;
    /** The problem document: `title`, `detail`, and `errors` with a JSON pointer for each wrong value. */
    this.problem = problem;
  }
}
