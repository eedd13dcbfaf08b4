// The tracks of players that play side by side.

/** @typedef {import("./seat.js").Seat} Seat */
/** @typedef {import("../timeline/tracks.js").Track} Track */
/** @typedef {import("../timeline/points.js").Points} Points */

const COLOURS = ["--series-delivered", "--series-estimated", "--series-cmcd", "--series-other"];

/**
 * @param {Seat[]} seats
 * @returns {Track[]}
 */
export function seatTracks(seats) {
  const lines = (/** @type {string} */ id, /** @type {string} */ title, /** @type {string} */ unit,
    /** @type {"line" | "step"} */ shape, /** @type {(seat: Seat) => Points} */ points) => /** @type {Track} */ ({
    kind: "lines", id, title, unit, height: 72,
    series: seats.map((seat, n) => ({ id: `${id}-${n}`, name: seat.kind.name, colour: COLOURS[n % COLOURS.length], shape, points: points(seat) })),
  });
  const rate = lines("delivered", "Delivered to each", "bit/s", "step", (seat) => seat.delivered);
  if (rate.kind === "lines" && seats.length > 0) {
    rate.series.push({ id: "granted", name: "link rate", colour: "--series-granted", shape: "step", points: seats[0].granted, yields: true });
  }
  return [
    rate,
    // The browser's own player does not tell it.
    ...(seats.some((seat) => seat.bitrate.maximum(0, Infinity) > 0)
      ? [lines("bitrate", "Bitrate that the player chose", "bit/s", "step", (seat) => seat.bitrate)] : []),
    lines("buffer", "Buffer of the player", "ms", "line", (seat) => seat.buffer),
    lines("dropped", "Dropped frames", "", "step", (seat) => seat.dropped),
    { kind: "lane", id: "waits", title: "Rebuffering", rows: seats.map((seat) => ({
      name: seat.kind.name, spans: seat.waits.map((wait) => ({ ...wait, text: "rebuffering", colour: "--rebuffer" })),
    })) },
    { kind: "marks", id: "marks", title: "Events of the players",
      marks: seats.flatMap((seat) => seat.marks).sort((one, other) => one.at - other.at) },
  ];
}
