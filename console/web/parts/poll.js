// Repeats work at an interval, one at a time, and less often while nobody looks.

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
    } catch {
      // The client tells that the proxy does not answer; the next call tries again.
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
