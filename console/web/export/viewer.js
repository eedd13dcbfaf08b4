// The entry of an exported file: shows the run that the file holds.

import { readRun } from "../data/run_file.js";
import { fill, h } from "../parts/dom.js";
import { showRuns } from "../parts/saved_runs.js";

const main = /** @type {HTMLElement} */ (document.querySelector("#main"));
try {
  const run = readRun(document.querySelector("#run")?.textContent ?? "");
  fill(main, h("h1", {}, document.title), showRuns([{ name: "this file", run }], false));
} catch (error) {
  fill(main, h("h1", {}, "This run cannot be shown"), h("p", { role: "alert" }, String(error)));
}
