// An exported file has every module that it needs, and no text of the run is markup.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { modulesOf, page, resolve } from "../../../console/web/parts/export_run.js";

const root = new URL("../../../console/web/", import.meta.url);
const read = (/** @type {string} */ path) => readFile(new URL(path, root), "utf8");

test("paths of imports are resolved", () => {
  assert.equal(resolve("pages/home.js", "../parts/dom.js"), "parts/dom.js");
  assert.equal(resolve("pages/home.js", "./runs.js"), "pages/runs.js");
});

test("the viewer and all it imports are in the file, with no relative import left", async () => {
  const modules = await modulesOf("export/viewer.js", read);
  for (const needed of ["export/viewer.js", "timeline/timeline.js", "parts/run_view.js", "data/run.js"]) assert.ok(modules.has(needed), needed);
  assert.ok(![...modules.keys()].some((path) => path.startsWith("pages/")), "no page of the console");
  const html = page("export/viewer.js", modules, "", {}, "t");
  const { imports } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(html)?.[1] ?? "{}");
  for (const [name, address] of Object.entries(imports)) {
    const text = Buffer.from(address.split(",")[1], "base64").toString();
    for (const [, specifier] of text.matchAll(/^import\s(?:[^"]*?\sfrom\s)?"([^"]+)"/gm)) {
      assert.ok(imports[specifier], `${name} imports ${specifier}`);
    }
  }
});

test("text of a run cannot end the element it is in", () => {
  const html = page("e.js", new Map([["e.js", ""]]), "", { text: "</script><script>alert(1)</script>" }, "<b>&");
  assert.ok(!html.includes("alert(1)</script>"));
  assert.ok(html.includes("<title>&lt;b>&amp;</title>"));
});
