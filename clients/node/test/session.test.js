import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiError, EventTimeoutError, connect, expectSession, startProxy } from "../src/index.js";
import { MANIFEST, get, play, segmentOf, startRelay } from "./player.js";

/** @type {import("../src/index.js").StartedProxy} */
let proxy;
before(async () => {
  proxy = await startProxy();
});
after(() => proxy.stop());

test("live commands", async () => {
  const session = await proxy.arm({ profile: "3g", seed: 7 });
  assert.equal(session.seed, 7);
  assert.equal((await session.change({ rate: "500 kbit/s" })).rate_set, "500 kbit/s");
  assert.equal((await session.pause("30 s")).paused, true);
  assert.equal((await session.state()).reverts[0].member, "paused");
  assert.equal((await session.resume()).paused, false);
  assert.equal((await session.undo()).paused, true);
  assert.equal((await session.reset()).rate_set, null);
  await session.end();
  await assert.rejects(session.state(), (error) => error instanceof ApiError && error.status === 404);
});

test("a fault happens as often as asked for", async () => {
  const session = await proxy.arm();
  const added = await session.addFault({ when: { kind: "segment" }, then: { status: 404 } }, { name: "lost", times: 2 });
  assert.deepEqual(added, { name: "lost", times: 2 });
  const segment = await segmentOf(session.address("demo/hls/v1.m3u8"));
  const statuses = [(await get(segment))[0], (await get(segment))[0], (await get(segment))[0]];
  assert.deepEqual(statuses, [404, 404, 200]);
  await expectSession(session).toHaveAppliedFault("lost");
  await assert.rejects(expectSession(session).toHaveAppliedFault("lost", { times: 1 }), /applied 1 times: it is 2/);
  await session.removeFault("lost");
  assert.deepEqual(await session.faults(), []);
  assert.equal((await session.addFault("segment-404")).times, 1);
  assert.equal((await session.addFault("segment.audio:delay=2s")).times, 1);
});

test("wrong values are told with their place", async () => {
  await assert.rejects(proxy.arm({ rate: "fast" }), /\/rate/);
});

test("addresses", async () => {
  const session = await proxy.arm();
  assert.equal(session.address("/a/b.m3u8?c=d"), `${session.url}a/b.m3u8?c=d`);
  assert.equal(session.address("https://cdn.example:8443/a?b"), `${session.url}-/o/https/cdn.example:8443/a?b`);
  assert.equal(session.address("HTTP://cdn.example"), `${session.url}-/o/http/cdn.example/`);
  // A scheme is at the beginning, and nowhere else.
  for (const path of ["a.m3u8?next=https://cdn.example/b", "a/https://cdn.example/b", "1://x"]) {
    assert.equal(session.address(`/${path}`), session.url + path);
    assert.equal(session.address(path), session.url + path);
  }
  for (const target of ["ftp://cdn.example/a", "https://user:secret@cdn.example/a"]) {
    assert.throws(() => session.address(target), /write a path, or an http or https URL without a user name/);
  }
});

test("a seed has 64 bits", async () => {
  const largest = 2n ** 64n - 1n;
  for (const seed of [largest, String(largest)]) {
    const session = await proxy.arm({ seed });
    assert.equal(session.seed, String(largest));
    assert.equal((await session.state()).seed, String(largest));
  }
  assert.equal((await proxy.arm({ seed: 7n })).seed, 7);
  await assert.rejects(proxy.arm({ seed: 2 ** 53 }), /the seed 9007199254740992 is above 2\^53: write it as a bigint or a string/);
});

test("documents", async () => {
  const session = await proxy.arm();
  await get(await segmentOf(session.address("demo/hls/v1.m3u8")));
  assert.equal((await session.timeline()).requests.at(-1)?.kind, "segment");
  assert.ok((await session.qoe()).requests >= 2);
  assert.ok((await session.har()).log.entries.length >= 2);
  assert.equal((await session.runFile()).sessions[0].timeline.session.id, session.id);
});

test("a group", async () => {
  const sessions = [await proxy.arm({ label: "pair" }), await proxy.arm({ label: "pair" })];
  const group = proxy.group("pair");
  const changed = await group.change({ rate: "1 Mbit/s" });
  assert.deepEqual(new Set(changed.map((result) => result.id)), new Set(sessions.map((session) => session.id)));
  await group.addFault({ fault: "segment-404" });
  assert.equal((await sessions[1].faults()).length, 1);
  await group.undo();
  await group.reset();
  assert.equal((await sessions[0].state()).rate_set, null);
  assert.equal((await group.qoe()).sessions.length, 2);
});

test("an event is awaited", async () => {
  const session = await proxy.arm();
  const event = await session.waitForEvent("request_finished", {
    where: ({ data }) => data.path === `/${MANIFEST}`,
    during: () => get(session.address(MANIFEST)),
  });
  assert.equal(event.data.status, 200);
  const earlier = await session.waitForEvent("request_planned", { after: 0, timeout: 10_000 });
  assert.ok(Number(earlier.id) < Number(event.id));
});

test("an event that does not come is told, and the stream goes on", async () => {
  const session = await proxy.arm();
  const stream = await session.events();
  await get(session.address(MANIFEST));
  await assert.rejects(stream.waitFor("stalled", { timeout: 300 }), (error) => {
    assert.ok(error instanceof EventTimeoutError);
    assert.match(error.message, /no stalled within 300 ms; events meanwhile: .*1 request_planned/);
    return true;
  });
  await get(session.address("demo/hls/v1.m3u8"));
  const finished = await stream.waitFor("request_finished", { timeout: 10_000 });
  assert.equal(finished.data.path, "/demo/hls/v1.m3u8");
  await session.end();
  const names = [];
  for await (const { name } of stream) names.push(name);
  assert.equal(names.at(-1), "session_ended");
});

test("no event is missed where a connection is lost", async (context) => {
  const relay = await startRelay(Number(new URL(proxy.adminUrl).port));
  context.after(relay.close);
  const near = await proxy.arm();
  const far = await (await connect(`http://127.0.0.1:${relay.port}`)).session(near.id);
  const stream = await far.events();
  await get(near.address(MANIFEST));
  const first = await stream.waitFor("request_finished", { timeout: 10_000 });
  relay.cut();
  await get(near.address("demo/hls/v2.m3u8"));
  const second = await stream.waitFor("request_finished", { timeout: 10_000 });
  assert.equal(second.data.path, "/demo/hls/v2.m3u8");
  assert.ok(Number(first.id) < Number(second.id));
  stream.close();
});

test("no event is missed where a connection is lost before the first one", async (context) => {
  const relay = await startRelay(Number(new URL(proxy.adminUrl).port));
  context.after(relay.close);
  const near = await proxy.arm();
  const stream = await (await (await connect(`http://127.0.0.1:${relay.port}`)).session(near.id)).events();
  await assert.rejects(stream.next(300), EventTimeoutError);
  relay.cut();
  await get(near.address(MANIFEST));
  assert.equal((await stream.waitFor("request_planned", { timeout: 10_000 })).data.path, `/${MANIFEST}`);
  stream.close();
});

test("assertions on a good network", async () => {
  const session = await proxy.arm({ rate: "20 Mbit/s" });
  await play(session, "3 s");
  const check = expectSession(session);
  await check.toHaveNoRebuffering();
  await check.toHaveNoErrors();
  await check.toHavePlayedAtLeast(0.5, { timeout: 10_000 });
  await check.toSatisfyFigure("mean_bitrate_bps >= 0.3M");
  await assert.rejects(check.toHaveMeanBitrateAbove(1e9), /mean_bitrate_bps > 1000000000: it is \d+[^]*seed/);
  await assert.rejects(check.toHaveLiveLatencyBelow(10), /live_latency_seconds < 10: it has no value/);
});

test("nothing that was never shown passes", async () => {
  const session = await proxy.arm();
  await assert.rejects(expectSession(session).toHaveNoRebuffering(), /no media segment was delivered/);
});
