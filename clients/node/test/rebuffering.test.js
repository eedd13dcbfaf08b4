import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectSession, startProxy } from "../src/index.js";
import { play } from "./player.js";

/** @type {import("../src/index.js").StartedProxy} */
let proxy;
before(async () => {
  proxy = await startProxy();
});
after(() => proxy.stop());

test("assertions on a bad network", async () => {
  const session = await proxy.arm({ rate: "2 Mbit/s" });
  /** @type {ReturnType<typeof play> | undefined} */
  let viewer;
  await session.waitForEvent("request_finished", {
    where: ({ data }) => data.resource.kind === "segment" && data.resource.media === "video",
    during: () => void (viewer = play(session, "10 s")),
  });
  await session.pause("6 s");
  assert.ok((await viewer).rebuffer_count >= 1);
  const check = expectSession(session);
  await assert.rejects(check.toHaveNoRebuffering(), /rebuffer_count == 0: it is \d+\n[^]*rebuffered at \d/);
  await assert.rejects(check.toSatisfyFigure("rebuffer_ratio < 1%"), /rebuffer_ratio < 0.01: it is 0/);
});
