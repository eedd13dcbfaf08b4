// What the keys do on a timeline that has the focus.

/** @typedef {import("./timeline.js").Timeline} Timeline */

/** The keys, for the help text. */
export const KEYS = [
  ["← →", "move the cursor"],
  ["A D", "move the view"],
  ["W S or + −", "zoom in, zoom out"],
  ["0", "show everything"],
  ["L", "follow the newest"],
  ["N, Shift+N", "next, previous stall"],
  ["F, Shift+F", "next, previous fault"],
  ["C, Shift+C", "next, previous command"],
  ["[ and ]", "start and end of the selected range, at the cursor"],
  ["Escape", "clear the range"],
];

/**
 * Handles a key. Returns whether it has a meaning here.
 * @param {Timeline} timeline
 * @param {KeyboardEvent} event
 */
export function onKey(timeline, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { view } = timeline;
  const cursor = timeline.cursor ?? (view.from + view.to) / 2;
  const back = event.shiftKey;
  switch (event.key) {
    case "ArrowLeft":
      timeline.moveCursor(cursor - view.span / (back ? 10 : 100));
      return true;
    case "ArrowRight":
      timeline.moveCursor(cursor + view.span / (back ? 10 : 100));
      return true;
    case "Home":
      timeline.moveCursor(0);
      return true;
    case "End":
      timeline.moveCursor(view.end);
      return true;
  }
  switch (event.key.toLowerCase()) {
    case "a":
      timeline.change(() => view.pan(-0.25));
      return true;
    case "d":
      timeline.change(() => view.pan(0.25));
      return true;
    case "w":
    case "+":
    case "=":
      timeline.change(() => view.zoom(0.6, cursor));
      return true;
    case "s":
    case "-":
      timeline.change(() => view.zoom(1 / 0.6, cursor));
      return true;
    case "0":
      timeline.change(() => view.showAll());
      return true;
    case "l":
      timeline.followNewest();
      return true;
    case "n":
      timeline.jump("stall", back ? -1 : 1);
      return true;
    case "f":
      timeline.jump("fault", back ? -1 : 1);
      return true;
    case "c":
      timeline.jump("command", back ? -1 : 1);
      return true;
    case "[":
      timeline.select({ from: cursor, to: Math.max(timeline.range?.to ?? view.to, cursor + 1) });
      return true;
    case "]":
      timeline.select({ from: Math.min(timeline.range?.from ?? view.from, cursor - 1), to: cursor });
      return true;
    case "escape":
      timeline.select(null);
      return true;
  }
  return false;
}
