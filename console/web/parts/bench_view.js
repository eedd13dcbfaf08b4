// Results of a benchmark as a table of means; of two results also the second one's figures.

import { FIGURES, paired } from "../data/bench_file.js";
import { h } from "./dom.js";

/** @typedef {{name: string, bench: import("../data/bench_file.js").BenchFile}} OpenBench */

/**
 * @param {OpenBench[]} open the newest two are compared
 */
export function showBenches(open) {
  const [one, other] = open.slice(-2);
  if (!one) return null;
  const cells = (/** @type {import("../data/bench_file.js").BenchRow} */ row, /** @type {import("../data/bench_file.js").BenchRow | undefined} */ second) =>
    FIGURES.map(([name, , text]) => {
      const [a, b] = [row.means[name], second?.means[name]];
      const shown = a === undefined ? "–" : text(a);
      return h("td", { class: "number" }, b === undefined ? shown : `${shown} → ${text(b)}`);
    });
  const rows = paired(one.bench, other?.bench).map(([row, second]) => h("tr", {},
    h("th", { scope: "row" }, row.profile), h("th", { scope: "row" }, row.algorithm),
    h("td", { class: "number" }, row.failed > 0 ? `${row.runs} (${row.failed} failed)` : String(row.runs)), cells(row, second)));
  return h("div", { class: "card scroll" },
    h("h2", {}, other ? `${one.name} → ${other.name}` : one.name),
    h("p", {}, "Means over seeds, of the command ", h("code", {}, one.bench.command), ` by vsps ${one.bench.version}.`),
    h("table", {}, h("thead", {}, h("tr", {}, ["profile", "algorithm", "runs", ...FIGURES.map(([, name]) => name)].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows)));
}
