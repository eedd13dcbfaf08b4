// What a pointer does on a timeline: hover, brush a range, pan, zoom, pinch.

/** @typedef {import("./timeline.js").Timeline} Timeline */

/** A drag of fewer pixels is a click. */
const CLICK = 4;

/**
 * Adds the listeners to the element that holds the tracks.
 * @param {Timeline} timeline
 * @param {HTMLElement} frame
 */
export function listen(timeline, frame) {
  /** @type {Map<number, number>} pointers that are down, and where */
  const down = new Map();
  /** @type {{x: number, from: number, to: number, pans: boolean} | undefined} */
  let drag;
  const x = (/** @type {MouseEvent} */ event) => event.clientX - timeline.left;
  const time = (/** @type {MouseEvent} */ event) => timeline.view.time(x(event), timeline.width);

  frame.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || !(event.target instanceof HTMLCanvasElement)) return;
    const { view } = timeline;
    const pans = event.shiftKey || event.button === 1 || event.target.classList.contains("ruler");
    if (down.size === 0) drag = { x: x(event), from: view.from, to: view.to, pans: pans || event.pointerType === "touch" };
    down.set(event.pointerId, x(event));
    frame.setPointerCapture(event.pointerId);
  });

  frame.addEventListener("pointermove", (event) => {
    if (down.size === 2 && down.has(event.pointerId)) {
      pinch(timeline, down, event.pointerId, x(event));
      return;
    }
    timeline.moveCursor(time(event), event);
    if (!drag || down.size === 0) return;
    const moved = x(event) - drag.x;
    if (Math.abs(moved) < CLICK) return;
    if (drag.pans) {
      const { from, to } = drag;
      const by = (-moved / timeline.width) * (to - from);
      timeline.change(() => timeline.view.show(from + by, to + by));
    } else {
      const start = timeline.view.time(drag.x, timeline.width);
      timeline.select({ from: Math.min(start, time(event)), to: Math.max(start, time(event)) });
    }
  });

  const up = (/** @type {PointerEvent} */ event) => {
    if (!down.delete(event.pointerId)) return;
    if (drag && event.type === "pointerup" && Math.abs(x(event) - drag.x) < CLICK) timeline.pick(event);
    if (down.size === 0) drag = undefined;
  };
  frame.addEventListener("pointerup", up);
  frame.addEventListener("pointercancel", up);
  frame.addEventListener("pointerleave", () => {
    if (down.size === 0) timeline.leave();
  });
  frame.addEventListener("dblclick", (event) => {
    if (!(event.target instanceof HTMLCanvasElement)) return;
    const { range } = timeline;
    timeline.change(() => (range ? timeline.view.show(range.from, range.to) : timeline.view.zoom(0.5, time(event))));
  });
  frame.addEventListener(
    "wheel",
    (event) => {
      const zooms = event.ctrlKey || event.metaKey || timeline.shadowRoot?.activeElement === frame;
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      if (!zooms && !sideways) return;
      event.preventDefault();
      const by = sideways && event.deltaX !== 0 ? event.deltaX : event.deltaY;
      const at = time(event);
      timeline.change(() => {
        if (sideways) timeline.view.pan(by / timeline.width);
        else timeline.view.zoom(Math.exp(by / 400), at);
      });
    },
    { passive: false },
  );
}

/**
 * Two fingers: the times below them stay below them.
 * @param {Timeline} timeline
 * @param {Map<number, number>} down
 * @param {number} moved the pointer that moved
 * @param {number} to where it is now
 */
function pinch(timeline, down, moved, to) {
  const { width } = timeline;
  const other = [...down].find(([id]) => id !== moved)?.[1] ?? 0;
  const before = down.get(moved) ?? to;
  down.set(moved, to);
  const [wide, narrow] = [Math.abs(before - other), Math.abs(to - other)];
  if (wide < 8 || narrow < 8) return;
  const centre = timeline.view.time(other, width);
  timeline.change(() => timeline.view.zoom(wide / narrow, centre));
}
