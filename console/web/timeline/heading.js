// The elements of one track: its heading with the legend, and its canvas.

/** @typedef {import("./tracks.js").Track} Track */

/**
 * The elements of a track. `key` tells whether they fit another version of it.
 * @typedef {{track: Track, key: string, section: HTMLElement, canvas: HTMLCanvasElement, names: HTMLElement,
 *   outputs: Map<string, HTMLOutputElement>}} Part
 */

/**
 * Makes the elements of a track.
 * @param {Track} track
 * @param {string} key
 * @param {Set<string>} hidden ids of series that are not shown
 * @param {(id: string) => void} toggle shows or hides a series
 * @returns {Part}
 */
export function buildTrack(track, key, hidden, toggle) {
  const section = document.createElement("section");
  const header = document.createElement("header");
  const title = document.createElement("h3");
  title.textContent = track.title;
  header.append(title);
  /** @type {Map<string, HTMLOutputElement>} */
  const outputs = new Map();
  if (track.kind === "lines") {
    for (const series of track.series) {
      const output = document.createElement("output");
      outputs.set(series.id, output);
      header.append(legendButton(series, output, hidden, toggle));
    }
  } else if (track.kind === "bars") {
    for (const { name, colour } of track.legend) {
      const item = document.createElement("span");
      item.className = "legend";
      item.append(swatch(colour), name);
      header.append(item);
    }
  }
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${track.title}, drawn over time`);
  const names = document.createElement("div");
  names.className = "names";
  const plot = document.createElement("div");
  plot.className = "plot";
  plot.append(names, canvas);
  section.append(header, plot);
  return { track, key, section, canvas, names, outputs };
}

/**
 * Writes the names of a track's rows at the left of its drawing.
 * @param {Part} part
 * @param {{name: string, top: number}[]} rows
 */
export function nameRows({ names }, rows) {
  const text = rows.map(({ name, top }) => `${name} ${top}`).join("|");
  if (names.dataset.rows === text) return;
  names.dataset.rows = text;
  names.replaceChildren(...rows.map(({ name, top }) => {
    const label = document.createElement("span");
    label.textContent = name;
    label.title = name;
    label.style.top = `${top}px`;
    return label;
  }));
}

/**
 * @param {import("./tracks.js").LineSeries} series
 * @param {HTMLOutputElement} output
 * @param {Set<string>} hidden
 * @param {(id: string) => void} toggle
 */
function legendButton(series, output, hidden, toggle) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "legend";
  button.setAttribute("aria-pressed", String(!hidden.has(series.id)));
  button.append(swatch(series.colour), series.name, output);
  output.setAttribute("aria-live", "off");
  button.addEventListener("click", () => {
    toggle(series.id);
    button.setAttribute("aria-pressed", String(!hidden.has(series.id)));
  });
  return button;
}

/** @param {string} colour the name of a custom property */
function swatch(colour) {
  const square = document.createElement("i");
  square.style.background = `var(${colour})`;
  return square;
}
