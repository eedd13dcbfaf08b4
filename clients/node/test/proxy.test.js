import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ApiError, BinaryNotFoundError, StartError, UnreachableError, connect, findBinary, startProxy } from "../src/index.js";
import { beginning, parse } from "../src/control.js";
import { MANIFEST, get } from "./player.js";

test("a proxy serves until it is stopped", async () => {
  const proxy = await startProxy({ profile: "unlimited", seed: 2n ** 63n });
  assert.equal(proxy.seed, String(2n ** 63n));
  assert.equal((await proxy.status()).profile, "unlimited");
  assert.equal((await get(`http://${proxy.listen}/${MANIFEST}`))[0], 200);
  assert.match(await proxy.metrics(), /^vsps_sessions_active 1$/m);
  assert.match(proxy.log, /session \w+ started/);
  assert.equal(await proxy.stop(), 0);
  await assert.rejects(proxy.status(), UnreachableError);
});

test("the reason why a proxy does not start is told", async () => {
  await assert.rejects(startProxy({ profile: "no-such-profile" }), (error) => {
    assert.ok(error instanceof StartError);
    assert.match(error.message, /exit code 2 before it was ready[^]*no-such-profile/);
    return true;
  });
  await assert.rejects(startProxy({ binary: "/no/such/program" }), /cannot be started/);
});

test("a program that never is ready is ended", async (context) => {
  const folder = temporaryFolder(context);
  const program = writeProgram(join(folder, "silent"), "exec sleep 60");
  await assert.rejects(startProxy({ binary: program, startTimeout: 300 }), /not ready after 300 ms/);
});

test("a token is sent", async (context) => {
  const proxy = await startProxy({ env: { VSPS_ADMIN_TOKEN: "secret-of-the-test" } });
  context.after(() => proxy.stop());
  assert.equal((await proxy.status()).sessions, 0);
  await assert.rejects(connect(proxy.adminUrl), (error) => error instanceof ApiError && error.status === 401);
  assert.ok(await connect(proxy.adminUrl, { token: "secret-of-the-test" }));
});

test("the program is looked for in order", (context) => {
  const folder = temporaryFolder(context);
  const named = writeProgram(join(folder, "named"));
  const inPath = writeProgram(join(folder, "bin", "vsps"));
  const built = writeProgram(join(folder, "crate", "target", "debug", "vsps"));
  const below = join(folder, "crate", "a", "b");
  assert.equal(findBinary({ VSPS_BIN: named, PATH: dirname(inPath) }, below), named);
  assert.equal(findBinary({ PATH: dirname(inPath) }, below), inPath);
  assert.equal(findBinary({ PATH: "" }, below), built);
  assert.throws(() => findBinary({ PATH: "" }, folder), BinaryNotFoundError);
  assert.throws(() => findBinary({ VSPS_BIN: folder }, folder), /which is no program/);
});

test("a seed that a number can't hold stays exact", () => {
  assert.deepEqual(parse('{"seed":12687016780720908712,"at":1}'), { seed: "12687016780720908712", at: 1 });
  assert.deepEqual(parse('{"seed": 9007199254740991}'), { seed: 9007199254740991 });
  assert.deepEqual(parse('{"text":"\\"seed\\":12687016780720908712"}'), { text: '"seed":12687016780720908712' });
});

test("the beginning of a text has whole characters", () => {
  for (const [text, most, expected] of /** @type {const} */ ([["abc", 2, "ab"], ["a\u{1d11e}b", 2, "a\u{1d11e}"], ["\u{1d11e}".repeat(9), 4, "\u{1d11e}".repeat(4)], ["", 3, ""]])) {
    assert.equal(beginning(text, most), expected);
  }
});

/** @param {import("node:test").TestContext} context */
function temporaryFolder(context) {
  const folder = mkdtempSync(join(tmpdir(), "vsps-"));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** @param {string} path @param {string} [text] */
function writeProgram(path, text = "") {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}
