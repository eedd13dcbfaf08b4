// Rules for the scripts of the console.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";

const root = new URL("../../../console/web/", import.meta.url);

/** Path and text of each script. */
async function scripts() {
  const paths = (await readdir(root, { recursive: true })).filter((path) => path.endsWith(".js"));
  assert.ok(paths.length > 40, `only ${paths.length} scripts found`);
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(new URL(path, root), "utf8") })));
}

test("each script says first what it holds, and stays small", async () => {
  for (const { path, text } of await scripts()) {
    assert.match(text, /^\/\/ [A-Z].*\.|^\/\/ [A-Z]/, `${path} does not begin with a comment`);
    assert.ok(text.split("\n").length <= 400, `${path} is too long; split it`);
  }
});

test("no script makes elements from text: what others wrote is never markup", async () => {
  for (const { path, text } of await scripts()) {
    assert.doesNotMatch(text, /\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function/, path);
  }
});

test("the timeline depends on nothing but itself, so that a report can contain it alone", async () => {
  for (const { path, text } of await scripts()) {
    if (!path.startsWith("timeline/")) continue;
    for (const [, specifier] of text.matchAll(/^import\s(?:[^"]*?\sfrom\s)?"([^"]+)"/gm)) assert.match(specifier, /^\.\//, path);
  }
});
