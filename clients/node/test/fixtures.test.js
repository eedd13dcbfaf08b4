import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startProxy } from "../src/index.js";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));

/** @type {import("../src/index.js").StartedProxy} */
let proxy;
before(async () => {
  proxy = await startProxy();
});
after(() => proxy.stop());

/**
 * Runs `fixtures/fixtures.spec.js`; its tests by title.
 *
 * @param {object} vspsStart
 * @returns {Promise<Map<string, any>>}
 */
async function run(vspsStart) {
  const command = ["node_modules/@playwright/test/cli.js", "test", "--config", "test/fixtures/playwright.config.js"];
  const env = { ...process.env, VSPS_START: JSON.stringify(vspsStart) };
  // One test fails on purpose, so the exit code is 1.
  const text = await new Promise((resolve, reject) => {
    execFile(process.execPath, command, { cwd: FOLDER, env, maxBuffer: 1 << 24 }, (error, out) => (out ? resolve(out) : reject(error)));
  });
  return new Map(JSON.parse(text).suites[0].specs.map((/** @type {any} */ spec) => [spec.title, spec.tests[0].results[0]]));
}

test("the fixtures of Playwright", async () => {
  const [shared, own] = await Promise.all([run({ admin: proxy.adminUrl }), run({ profile: "lte" })]);
  for (const tests of [shared, own]) {
    assert.deepEqual([...tests.values()].map(({ status }) => status), ["passed", "passed", "failed"], JSON.stringify([...tests.values()].map((one) => one.errors)));
  }
  // A seed follows from the test's title: it is the same in each run.
  const [one, other] = [shared, own].map((tests) => JSON.parse(tests.get("armed").stdout[0].text));
  assert.deepEqual(one.seeds, other.seeds);
  assert.deepEqual([one.profile, other.profile], ["unlimited", "lte"]);
  // All sessions have ended with their tests.
  assert.deepEqual(await proxy.sessions(), []);
  // The report of a failed test has its sessions.
  assert.deepEqual(shared.get("armed").attachments, []);
  const failed = shared.get("fails");
  assert.match(failed.error.message, /no media segment was delivered/);
  const [saved, figures] = failed.attachments;
  assert.match(saved.name, /^vsps run \w+\.json$/);
  assert.equal(JSON.parse(decoded(saved)).sessions[0].timeline.requests.length, 1);
  assert.match(decoded(figures), /^ {2}profile 3g, seed \d+, at /);
});

/** @param {{ body: string }} attachment */
function decoded({ body }) {
  return Buffer.from(body, "base64").toString();
}
