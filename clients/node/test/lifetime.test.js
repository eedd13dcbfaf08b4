import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";

const SOURCE = new URL("../src/index.js", import.meta.url).href;

/**
 * Runs a script that starts a proxy and says where it listens.
 *
 * @param {import("node:test").TestContext} context
 * @param {string} rest
 */
async function runScript(context, rest) {
  const text = `
    import { startProxy } from ${JSON.stringify(SOURCE)};
    const proxy = await startProxy();
    const session = await proxy.arm();
    console.log(proxy.listen);
    ${rest}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], { stdio: ["ignore", "pipe", "ignore"] });
  context.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  return { child, port: Number(line.split(":").at(-1)) };
}

/** Whether something listens. @param {number} port */
async function listens(port) {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** @param {number} port */
async function isGone(port) {
  const deadline = performance.now() + 20_000;
  while (await listens(port)) {
    assert.ok(performance.now() < deadline, "the proxy was left running");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGKILL"])) {
  test(`a proxy ends with its process: ${signal}`, async (context) => {
    const { child, port } = await runScript(context, "setInterval(() => {}, 1000);");
    assert.equal(await listens(port), true);
    child.kill(signal);
    await isGone(port);
  });
}

for (const [title, rest, code] of /** @type {const} */ ([
  ["comes to its end", "", 0],
  ["exits", "process.exit(3);", 3],
  ["fails", 'throw new Error("on purpose");', 1],
  ["has stopped it", 'console.log(await proxy.stop()); process.exitCode = 4;', 4],
])) {
  test(`a proxy does not keep its process running: one that ${title}`, async (context) => {
    const { child, port } = await runScript(context, rest);
    const ended = child.exitCode === null ? (await once(child, "exit"))[0] : child.exitCode;
    assert.equal(ended, code);
    await isGone(port);
  });
}
