import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { expectSession, findBinary, startProxy } from "../src/index.js";
import { MANIFEST } from "./player.js";

/** @type {import("../src/index.js").StartedProxy} */
let proxy;
before(async () => {
  proxy = await startProxy();
});
after(() => proxy.stop());

test("assertions on a bad network", async (context) => {
  const session = await proxy.arm({ rate: "2 Mbit/s" });
  const command = ["play", session.address(MANIFEST), "--duration", "60 s", "--max-buffer", "4 s"];
  const viewer = spawn(findBinary(), command, { stdio: "ignore" });
  context.after(() => viewer.kill());
  const check = expectSession(session);
  await check.toHavePlayedAtLeast(0.5, { timeout: 30_000 });
  await session.pause();
  await check.toSatisfyFigure("rebuffer_seconds > 500 ms", { timeout: 30_000 });
  await assert.rejects(check.toHaveNoRebuffering(), /rebuffer_count == 0: it is \d+\n[^]*rebuffered at \d/);
  await assert.rejects(check.toSatisfyFigure("rebuffer_ratio < 1%"), /rebuffer_ratio < 0.01: it is 0/);
});
