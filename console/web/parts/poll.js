// Repeats work at an interval, one at a time, and not while nobody looks.

import { ApiError } from "../client/api.js";
import { reportFault } from "../client/fault.js";
import { attempt } from "./dom.js";

/**
 * Calls `work` until it succeeds: a page that was opened while the proxy did not answer is built when it does. An error that
 * the proxy answers with is shown, and ends it; a missing token does not.
 * @param {() => Promise<unknown>} work
 * @returns {() => void} ends it
 */
export function untilDone(work) {
  const stop = poll(1000, async () => {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && [0, 401].includes(error.status)) throw error;
      stop();
      await attempt(() => Promise.reject(error));
    }
    stop();
  });
  return stop;
}

/**
 * Calls `work` now and then every `ms` milliseconds after its end, until the returned function is called. While the page
 * is hidden, it waits. `nudge` of the returned function makes the next call happen now.
 * @param {number} ms
 * @param {() => Promise<unknown>} work
 * @returns {(() => void) & {nudge: () => void}}
 */
export function poll(ms, work) {
  let stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let running = false;
  const tick = async () => {
    if (stopped || running) return;
    clearTimeout(timer);
    running = true;
    try {
      if (!document.hidden) await work();
    } catch (error) {
      // The client tells that the proxy does not answer; the next call tries again.
      if (!(error instanceof ApiError)) reportFault(error);
    } finally {
      running = false;
      if (!stopped) timer = setTimeout(() => void tick(), ms);
    }
  };
  void tick();
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  return Object.assign(stop, { nudge: () => void tick() });
}
