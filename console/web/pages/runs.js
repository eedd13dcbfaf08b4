// Runs: open saved ones, and results of benchmarks, by file or by address, and compare two. Works without a proxy.

import { attempt, fill, h } from "../parts/dom.js";
import { saveExport } from "../parts/export_run.js";
import { showRuns } from "../parts/saved_runs.js";
import { isBench, readBench } from "../data/bench_file.js";
import { LARGEST, readRun } from "../data/run_file.js";
import { showBenches } from "../parts/bench_view.js";

/** @typedef {import("../parts/saved_runs.js").OpenRun} OpenRun */
/** @typedef {import("../parts/bench_view.js").OpenBench} OpenBench */

/** The most runs that are open at a time. */
const MOST = 8;

/**
 * @param {HTMLElement} main
 * @returns {() => void}
 */
export function runsPage(main) {
  /** @type {OpenRun[]} */
  const open = [];
  /** @type {OpenBench[]} */
  const benches = [];
  const stage = h("div", { class: "stack" });
  const names = h("ul", { class: "plain" });
  const input = h("input", { type: "file", accept: ".json,application/json", multiple: true, id: "run-files",
    onchange: () => void addFiles(input.files) });
  const url = h("input", { type: "url", placeholder: "https://ci.example/run.json", "aria-label": "Address of a saved run" });
  const drop = h("div", { class: "drop card" }, h("h1", {}, "Saved runs"),
    h("p", {}, "Drop a file here that “Save run” of a session made, or results of “vsps bench --json”, or choose it. Two runs are compared. Nothing is sent anywhere."),
    h("div", { class: "fields" }, h("label", { class: "field" }, h("span", {}, "Files"), input),
      h("form", { class: "field", onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        void addUrl(url.value);
      } }, h("span", {}, "Address"), h("div", { class: "row" }, h("div", { class: "grow" }, url), h("button", {}, "Open")))), names);

  const show = () => {
    fill(names, open.map((one) => h("li", { class: "row" }, h("span", { class: "tag" }, one.name),
      `${one.run.sessions.length === 1 ? "one session" : `${one.run.sessions.length} sessions`}, saved by vsps ${one.run.meta.vsps}`,
      h("button", { class: "small", onclick: () => void attempt(() => saveExport(one.run)) }, "Export HTML"),
      h("button", { class: "small", "aria-label": `Close ${one.name}`, onclick: () => {
        open.splice(open.indexOf(one), 1);
        show();
      } }, "Close"))),
    benches.map((one) => h("li", { class: "row" }, h("span", { class: "tag" }, one.name), `a benchmark by vsps ${one.bench.version}`,
      h("button", { class: "small", "aria-label": `Close ${one.name}`, onclick: () => {
        benches.splice(benches.indexOf(one), 1);
        show();
      } }, "Close"))));
    fill(stage, showBenches(benches), open.length > 0 ? showRuns(open, true) : null);
  };
  const add = (/** @type {string} */ name, /** @type {string} */ text) => {
    if (isBench(text)) {
      benches.push({ name, bench: readBench(text) });
      if (benches.length > MOST) benches.shift();
    } else {
      open.push({ name, run: readRun(text) });
      if (open.length > MOST) open.shift();
    }
    show();
  };
  const addFiles = (/** @type {FileList | null | undefined} */ files) => attempt(async () => {
    for (const file of files ?? []) {
      if (file.size > LARGEST) throw new Error(`${file.name} is larger than ${LARGEST / 1024 / 1024} MiB.`);
      add(file.name, await file.text());
    }
  });
  const addUrl = (/** @type {string} */ address) => attempt(async () => {
    let response;
    try {
      response = await fetch(address);
    } catch {
      throw new Error(`${address} cannot be read: its server does not answer, or does not allow other pages to read it (CORS).`);
    }
    if (!response.ok) throw new Error(`${address}: status ${response.status}`);
    add(new URL(address, location.href).pathname.split("/").pop() || address, await response.text());
  });
  const over = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    drop.classList.add("over");
  };
  const dropped = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    drop.classList.remove("over");
    void addFiles(event.dataTransfer?.files);
  };
  // The whole page takes files.
  document.addEventListener("dragover", over);
  document.addEventListener("drop", dropped);
  fill(main, drop, stage);
  for (const address of new URLSearchParams(location.search).getAll("run").slice(0, MOST)) void addUrl(address);
  return () => {
    document.removeEventListener("dragover", over);
    document.removeEventListener("drop", dropped);
  };
}
