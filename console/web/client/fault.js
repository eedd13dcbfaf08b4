// Errors of the page itself. They are not of the network, and not of the proxy.

/**
 * Reports an error as the browser reports one that was not caught: in its console, and to `window.onerror`. The caller
 * goes on.
 * @param {unknown} error
 */
export function reportFault(error) {
  if (typeof globalThis.reportError === "function") globalThis.reportError(error);
  else console.error(error);
}
