// Runs, saved runs, commands and recipes.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { arm, delaysOf, isDelay, setDelays, setLatency, setPaused, setRate, undo } from "../../../console/web/data/commands.js";
import { compareRows, difference } from "../../../console/web/data/compare.js";
import { bitRate, milliseconds } from "../../../console/web/data/format.js";
import { armingBody, ciSteps, curl, failAgain, quoted, ruleFor, splitUrl, startingUrl, testFor } from "../../../console/web/data/recipes.js";
import { meanOver, rangeText, timeWithin } from "../../../console/web/data/range.js";
import { sessionTracks } from "../../../console/web/data/bench_session.js";
import { isBench, paired, readBench } from "../../../console/web/data/bench_file.js";
import { readRun } from "../../../console/web/data/run_file.js";
import { Run } from "../../../console/web/data/run.js";
import { failed, runTracks } from "../../../console/web/data/run_tracks.js";
import { ApiError, parse } from "../../../console/web/client/api.js";
import { dispatch, lastAfter, subscribe } from "../../../console/web/client/event_stream.js";
import { Points } from "../../../console/web/timeline/points.js";
import { BufferReport } from "../../../console/web/players/buffer_report.js";
import { poll } from "../../../console/web/parts/poll.js";
import { matchesSession, measureRates } from "../../../console/web/parts/session_list.js";
import { matches } from "../../../console/web/parts/request_table.js";
import { request, timeline } from "./samples.js";

test("answers that overlap are merged: what is new replaces, what is older stays", () => {
  const run = new Run();
  run.merge(timeline({ now: 3000, requests: [request(1, 0, 900), request(2, 1000, 3000, { under_way: true })],
    bins: [[0, 5e6, 4e6], [500, 5e6, 3e6], [1000, 5e6, 1e6]], marks: [[100, "fault"], [2500, "command"]] }), 0);
  run.merge(timeline({ now: 4000, requests: [request(2, 1000, 3500), request(3, 3600, 3900)],
    bins: [[1000, 5e6, 2e6], [1500, 5e6, 2e6]], marks: [[2500, "command"], [3600, "fault"]] }), 1000);
  assert.deepEqual(run.requests.map(({ id, end_ms }) => [id, end_ms]), [[1, 900], [2, 3500], [3, 3900]]);
  assert.equal(run.delivered.valueAt(700), 3e6);
  assert.equal(run.delivered.valueAt(1000), 2e6);
  assert.deepEqual(run.marks.map(({ at_ms }) => at_ms), [100, 2500, 3600]);
  assert.equal(run.request(2)?.end_ms, 3500);
});

test("a bin that is absent had nothing to deliver", () => {
  const run = Run.from(timeline({ now: 5000, bins: [[0, 5e6, 4e6], [2000, 5e6, 1e6]] }));
  assert.equal(run.delivered.valueAt(300), 4e6);
  assert.equal(run.delivered.valueAt(1500), 0);
  assert.equal(run.delivered.valueAt(2100), 1e6);
  assert.equal(run.delivered.valueAt(4000), 0);
});

test("what the page measured itself goes before the bins", () => {
  const run = Run.from(timeline({ now: 2000, bins: [[0, 5e6, 4e6], [500, 5e6, 4e6]] }));
  run.sample(2000, 5e6, 3e6);
  run.sample(2400, null, 2e6);
  run.merge(timeline({ now: 3000, bins: [[500, 5e6, 1e6], [1000, 5e6, 1e6], [2000, 5e6, 9e6]] }), 500);
  assert.equal(run.delivered.valueAt(100), 4e6);
  assert.equal(run.delivered.valueAt(1200), 1e6, "bins from before are taken over");
  assert.equal(run.delivered.valueAt(2100), 3e6, "samples are kept");
  assert.ok(Number.isNaN(run.granted.valueAt(2400)), "no limit is a gap");
});

test("a timeline of a later schema is refused", () => {
  assert.throws(() => Run.from({ ...timeline({}), schema: 2 }), /schema 2/);
});

test("a run becomes tracks on one axis", () => {
  const run = Run.from(timeline({ now: 9000, requests: [request(1, 0, 900), request(2, 1000, 2000, { status: 404 })],
    bins: [[0, 5e6, 4e6]], marks: [[1000, "fault"]] }));
  const tracks = runTracks(run);
  assert.deepEqual(tracks.map((track) => track.id), ["rate", "buffer", "standstill", "marks", "requests"]);
  const bars = tracks[4].kind === "bars" ? tracks[4].bars.bars : [];
  assert.deepEqual(bars.map(({ alert }) => alert), [false, true]);
});

test("the buffer is drawn with its sources, the player's own first", () => {
  const json = timeline({ now: 9000 });
  json.buffer.points = [{ at_ms: 1000, estimated_ms: 4000, cmcd_ms: null, media: "video" }, { at_ms: 2000, estimated_ms: 5000, cmcd_ms: 4500, media: "video" }];
  json.buffer.player = [{ at_ms: 1500, buffer_ms: 3900 }, { at_ms: 2000, buffer_ms: 3400 }];
  const run = Run.from(json);
  json.buffer.player = [{ at_ms: 2000, buffer_ms: 3400 }, { at_ms: 2500, buffer_ms: 2900 }];
  run.merge(json, 1800);
  assert.deepEqual([...run.player.times.slice(0, run.player.length)], [1500, 2000, 2500]);
  const track = runTracks(run).find(({ id }) => id === "buffer");
  const series = track?.kind === "lines" ? track.series : [];
  assert.deepEqual(series.map(({ name, dashed }) => [name, dashed ?? false]),
    [["the player's own (Play page)", false], ["as the player reports (CMCD)", false], ["estimated", true]]);
  // A run that was saved before there were such measurements.
  delete json.buffer.player;
  assert.equal(Run.from(json).player.length, 0);
});

test("the player's buffer is sent with its age, again after a failure, and no more once it is not wanted", async (t) => {
  /** @type {{path: string, samples: {age_ms: number, buffer_ms: number}[]}[]} */
  const sent = [];
  let status = 204;
  t.mock.method(globalThis, "fetch", async (/** @type {string} */ path, /** @type {{body: string}} */ { body }) => {
    if (status === 0) throw new TypeError("gone");
    sent.push({ path, samples: JSON.parse(body).samples });
    return new Response(status === 204 ? null : "{}", { status });
  });
  const report = new BufferReport("a b");
  const zero = performance.now() - 9000;
  const measure = async (/** @type {number} */ at, /** @type {number} */ ms) => {
    report.measured(zero + at, ms);
    await new Promise((done) => setTimeout(done));
  };
  const values = () => sent.map(({ samples }) => samples.map(({ buffer_ms }) => buffer_ms));
  await measure(0, 4000);
  assert.equal(sent[0].path, "/api/v1/sessions/a%20b/player");
  assert.ok(sent[0].samples[0].age_ms >= 9000 && sent[0].samples[0].age_ms < 9500, "its age");
  await measure(500, 4500);
  await measure(1000, 5000);
  assert.deepEqual(values(), [[4000], [4500, 5000]], "at most one request a second");
  status = 0;
  await measure(2000, 1);
  await measure(2500, 2);
  status = 204;
  await measure(3000, 3);
  assert.deepEqual(values()[2], [1, 2, 3]);
  status = 404;
  await measure(4000, 4);
  await measure(5000, 5);
  await measure(6000, 6);
  assert.deepEqual(values().slice(3), [[4]], "the session has ended");
});

test("a pause of the network is shown, a stall that is known is not shown twice", () => {
  const run = Run.from(timeline({ now: 9000, stalls: [[5000, 1000]] }));
  for (let at = 0; at < 9000; at += 100) run.sample(at, (at >= 2000 && at < 4000) || (at >= 5000 && at < 6000) ? 0 : 5e6, 0);
  const lane = runTracks(run).find((track) => track.id === "standstill");
  const spans = lane?.kind === "lane" ? lane.rows[0].spans : [];
  assert.deepEqual(spans.map(({ from, to, colour }) => [from, to, colour]), [[2000, 4000, "--pause"], [5000, 6000, "--stall"]]);
});

test("dropped packets alone are no failure: TCP sends them again", () => {
  assert.equal(failed(request(1, 0, 1, { drops: 3 })), false);
  assert.equal(failed(request(1, 0, 1, { outcome: "cut" })), true);
  assert.equal(failed(request(1, 0, 1, { faults: [{ rule: "x", effect: "delay", at_byte: null }] })), true);
});

test("the filter finds by words", () => {
  const one = request(1, 0, 1, { status: 404, rung: 3, attempt: 2, path: "/Video/seg-1.m4s" });
  assert.ok(matches(one, "404 rung=3 retry video"));
  assert.ok(!matches(one, "404 rung=2"));
  assert.ok(matches(one, ""));
});

test("a saved run is read, and what is not one is refused with the reason", () => {
  const file = { format: "vsps-run", version: 1, meta: {}, sessions: [{ timeline: timeline({ now: 10 }), qoe: null, events: [] }] };
  assert.equal(readRun(JSON.stringify(file)).sessions.length, 1);
  assert.throws(() => readRun("{"), /not JSON/);
  assert.throws(() => readRun("[]"), /not a saved run/);
  assert.throws(() => readRun(JSON.stringify({ ...file, version: 2 })), /version 2/);
  assert.throws(() => readRun(JSON.stringify({ ...file, sessions: [{}] })), /Session 1 of the run has no timeline/);
});

test("nonsense in a saved run is left out", () => {
  const bad = /** @type {any} */ (timeline({ now: 10, requests: [request(1, 0, 5)] }));
  bad.requests.push({ id: "x" }, null, { id: 3, start_ms: "soon", end_ms: 1 });
  bad.marks = [{ at_ms: 1, kind: { toString: () => "k" }, text: "<b>" }, { at_ms: null }];
  delete bad.link;
  const { sessions } = readRun(JSON.stringify({ format: "vsps-run", version: 1, sessions: [{ timeline: bad }] }));
  assert.equal(sessions[0].timeline.requests.length, 1);
  assert.equal(sessions[0].timeline.marks.length, 1);
  assert.doesNotThrow(() => runTracks(Run.from(sessions[0].timeline)));
});

test("commands are requests to the API", () => {
  const target = { session: "a b", label: null };
  assert.deepEqual(setRate(target, 5e5, "30 s"), { method: "PATCH", path: "/api/v1/sessions/a%20b",
    body: { rate: "500000 bit/s", ttl: "30 s" }, query: "vsps.rate=500000%20bit%2Fs", option: "--rate '500000 bit/s'" });
  assert.deepEqual(setRate(target, null, "").body, { rate: null });
  assert.deepEqual(setPaused(target, true, ""), { method: "PATCH", path: "/api/v1/sessions/a%20b", body: { paused: true },
    query: "vsps.rate=0%20bit%2Fs", option: "--rate '0 bit/s'", rule: `rules = [":hang=forever"]` });
  assert.deepEqual(setPaused(target, true, "5 s"), { method: "PATCH", path: "/api/v1/sessions/a%20b", body: { paused: true, ttl: "5 s" },
    query: "vsps.rules=%3Astall.at%3D0B%2Cstall.for%3D5s", option: "--rules ':stall.at=0B,stall.for=5s'", rule: `rules = [":stall.at=0B,stall.for=5s"]` });
  assert.deepEqual(setPaused(target, false, ""), { method: "PATCH", path: "/api/v1/sessions/a%20b", body: { paused: false } });
  assert.equal(undo({ session: "a", label: "tv & sofa" }).path, "/api/v1/sessions/undo?label=tv%20%26%20sofa");
  assert.deepEqual(arm(target, "segment-404", { times: 2 }).body, { fault: "segment-404", times: 2 });
});

test("delays keep the other rules of a session, and are read back", () => {
  const other = { name: "mine", then: { status: 404 } };
  const { body } = setDelays({ session: "a", label: null }, [other, { name: "segment.audio:delay=1000ms" }], { video: 1.5 }, "");
  assert.deepEqual(body, { rules: ["segment.video:delay=1500ms", other] });
  assert.ok(isDelay("manifest:delay=20ms") && !isDelay("mine") && !isDelay({}));
  assert.deepEqual(delaysOf([other, { name: "segment.video:delay=1500ms" }]), { video: 1.5 });
});

test("recipes are commands that a shell and a browser understand", () => {
  assert.equal(quoted("it's"), "'it'\\''s'");
  assert.equal(curl("PATCH", "http://h/x", { rate: "1 Mbit/s" }),
    "curl -X PATCH http://h/x -H 'content-type: application/merge-patch+json' -d '{\"rate\":\"1 Mbit/s\"}'");
  const arming = { profile: "3g", seed: "18446744073709551615", faults: ["stuck-playlist", "segment.audio:delay=2s"] };
  assert.deepEqual(armingBody(arming), { profile: "3g", seed: "18446744073709551615", rules: arming.faults });
  assert.equal(startingUrl("http://h:1", "/a.m3u8", { profile: "3g", origin: "https://cdn.example" }),
    "http://h:1/-/o/https/cdn.example/a.m3u8?vsps.profile=3g");
  assert.match(ciSteps("/a.m3u8", arming), /--rules 'stuck-playlist;segment.audio:delay=2s'/);
  assert.deepEqual(splitUrl("https://h/p?q"), { origin: "https://h", path: "/p?q" });
  assert.equal(splitUrl("javascript:alert(1)"), null);
  assert.match(ruleFor(request(1, 0, 1, { rung: 3, index: 5 })), /rung = 3, index = 5/);
  const lost = request(1, 0, 1, { status: 404, rung: 3 });
  assert.match(ruleFor(lost), /status = 404/);
  assert.match(failAgain(lost, "http://a", "s"), /"then":\{"status":404\}/);
  const text = testFor(lost, { profile: "3g", seed: 7, manifest: "/demo/hls/master.m3u8" });
  assert.match(text, /profile: "3g", seed: 7/);
  assert.match(text, /session\.address\("\/demo\/hls\/master\.m3u8"\)/);
  assert.match(text, /addFault\(\{"when":\{"kind":"segment","rung":3\},"then":\{"status":404\}\}/);
});

test("a stream that is lost before its first event goes on where it began", () => {
  const rows = [["", "schema", "7", "7"], ["7", "stalled", "8", "8"], ["3", "schema", "9", "3"], ["8", "lost", "", "8"], ["", "schema", "", ""]];
  for (const [last, name, id, expected] of rows) assert.equal(lastAfter(last, name, id), expected);
});

test("a seed of 64 bits is kept whole", () => {
  assert.deepEqual(parse('{"seed":18446744073709551615,"a":{"seed": 7}}'), { seed: "18446744073709551615", a: { seed: 7 } });
});

test("rates are read with their unit", () => {
  assert.deepEqual(["500 kbit/s", "2.5 Mbit/s", "0 bit/s", null].map(bitRate), [5e5, 2.5e6, 0, null]);
});

test("a round trip and a loss are set together; what is empty is the profile's", () => {
  const command = setLatency({ session: "a", label: null }, "300", "", "1 m");
  assert.deepEqual(command.body, { rtt: "300 ms", loss: null, ttl: "1 m" });
  assert.equal(command.query, "vsps.rtt=300%20ms");
  assert.deepEqual(["300 ms", "1 s 500 ms", "1.5 s", "2 m"].map(milliseconds), [300, 1500, 1500, 120000]);
});

test("two runs are compared", () => {
  const points = difference(Points.of([0, 1000], [1, 2]), Points.of([0, 2000], [4, 4]));
  assert.deepEqual([points.valueAt(0), points.valueAt(1000), points.end], [3, 2, 1000]);
  const qoe = (/** @type {number} */ ratio) => ({ schema: 1, qoe: { rebuffer_ratio: ratio }, source: {} });
  assert.deepEqual(compareRows(qoe(0.02), qoe(0.05)).find(([name]) => name === "rebuffer ratio"),
    ["rebuffer ratio", "2.00 %", "5.00 %", "+3.00 %"]);
});

test("a range has the mean by time, and what stood still in it", () => {
  const points = Points.of([0, 1000, 3000], [2, 4, NaN]);
  assert.equal(meanOver(points, 0, 2000), 3);
  assert.equal(meanOver(points, 500, 1500), 3);
  assert.equal(meanOver(points, 2000, 9000), 4, "a gap does not count");
  assert.equal(timeWithin([{ at_ms: 0, lasts_ms: 1000 }, { at_ms: 1500, lasts_ms: null }, { at_ms: 1900, lasts_ms: 900 }], 500, 2000), 600);
  const run = Run.from(timeline({ now: 2000, bins: [[0, null, 4e6], [500, null, 2e6]], stalls: [[100, 300]],
    requests: [request(1, 0, 900, { status: 500 })] }));
  assert.equal(rangeText(run, { from: 0, to: 1000 }), "3 Mbit/s delivered, one failed request, link stalled 300 ms");
});

test("a command for the API names the token where one is needed, and no other command does", (context) => {
  const api = "http://127.0.0.1:8081/api/v1/sessions";
  assert.ok(!curl("POST", api, {}).includes("authorization"));
  Object.defineProperty(globalThis, "sessionStorage", { value: { getItem: () => "secret" }, configurable: true });
  context.after(() => Reflect.deleteProperty(globalThis, "sessionStorage"));
  assert.match(curl("POST", api, {}), /-H "authorization: Bearer \$VSPS_ADMIN_TOKEN"/);
  assert.ok(!curl("POST", api, {}).includes("secret"));
  assert.ok(!curl("GET", "http://127.0.0.1:8080/-/s/a/demo/hls/master.m3u8").includes("authorization"));
});

test("sessions are filtered by words, and their rates are measured between two answers", () => {
  const session = (/** @type {object} */ more) => /** @type {any} */ ({ id: "a", label: "living room", profile: "3g", paused: true, exchanges: 0,
    time_seconds: 1, idle_seconds: 0, delivered_bytes: 0, ...more });
  assert.ok(matchesSession(session({}), "Living 3g paused"));
  assert.ok(!matchesSession(session({}), "living edge"));
  const rates = new Map();
  measureRates(rates, [session({})], 0);
  measureRates(rates, [session({ delivered_bytes: 250_000 }), session({ id: "b", delivered_bytes: 9 })], 1000);
  assert.deepEqual([...rates].map(([id, { bps }]) => [id, bps]), [["a", 2e6], ["b", 0]]);
  measureRates(rates, [session({ delivered_bytes: 900_000 })], 1100);
  assert.deepEqual([...rates].map(([id, { bps }]) => [id, bps]), [["a", 2e6]], "too short a time; the other has ended");
});

test("frames of an event stream are read", () => {
  /** @type {any[]} */
  const got = [];
  const tell = (/** @type {any[]} */ ...what) => got.push(what);
  dispatch("id: 7\nevent: stalled\ndata: {\"a\":1}", tell);
  dispatch("event: session_started\ndata: {\"seed\":18446744073709551615}", tell);
  dispatch(":", tell);
  assert.deepEqual(got, [["stalled", { a: 1 }, "7"], ["session_started", { seed: "18446744073709551615" }, ""]]);
});

test("an error of a listener is not taken for data that are not JSON", (context) => {
  const warn = context.mock.method(console, "warn", () => {});
  dispatch("event: stalled\ndata: not json", () => assert.fail("this is no event"));
  assert.match(String(warn.mock.calls[0].arguments[0]), /stalled is not JSON: not json/);
  assert.throws(() => dispatch("event: stalled\ndata: {}", () => {
    throw new TypeError("no such element");
  }), /no such element/);
  assert.equal(warn.mock.callCount(), 1);
});

test("a stream goes on after an error of its listener, which is reported", async (context) => {
  const report = context.mock.method(console, "error", () => {});
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("event: first\ndata: {}\n\nevent: second\ndata: {}\n\n");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  /** @type {string[]} */
  const got = [];
  await new Promise((done) => {
    const stop = subscribe(`http://127.0.0.1:${port}/`, (name) => {
      got.push(name);
      if (name === "first") throw new Error("wrong");
      stop();
      done(null);
    });
  });
  server.closeAllConnections();
  server.close();
  assert.deepEqual(got, ["first", "second"]);
  assert.match(String(report.mock.calls[0].arguments[0]), /wrong/);
});

test("repeated work reports errors of the page, and not requests that failed", async (context) => {
  const report = context.mock.method(console, "error", () => {});
  const hidden = Object.getOwnPropertyDescriptor(globalThis, "document");
  Object.defineProperty(globalThis, "document", { value: { hidden: false }, configurable: true });
  const errors = [new ApiError(0, "The proxy does not answer."), new TypeError("no such element")];
  await new Promise((done) => {
    const stop = poll(1, async () => {
      const error = errors.shift();
      if (error) throw error;
      stop();
      done(null);
    });
  });
  if (hidden) Object.defineProperty(globalThis, "document", hidden);
  else Reflect.deleteProperty(globalThis, "document");
  assert.deepEqual(report.mock.calls.map((call) => String(call.arguments[0])), ["TypeError: no such element"]);
});

test("results of a benchmark become means of each profile and algorithm", () => {
  const run = (/** @type {string} */ abr, /** @type {number} */ seed, /** @type {number} */ bitrate_kbps) => ({ profile: "3g", abr, seed, bitrate_kbps });
  const text = JSON.stringify({ format: "vsps-bench/1", command: "vsps bench", version: "0.1.0",
    runs: [run("bola", 1, 1000), run("bola", 2, 2000), { profile: "3g", abr: "bola", seed: 3, error: "never ends" }, run("bba", 1, 500)] });
  assert.ok(isBench(text) && !isBench('{"format":"vsps-run"}'));
  const bench = readBench(text);
  assert.deepEqual(bench.rows.map(({ algorithm, runs, failed, means }) => [algorithm, runs, failed, means.bitrate_kbps]),
    [["bola", 3, 1, 1500], ["bba", 1, 0, 500]]);
  assert.equal(paired(bench, bench)[1][1]?.algorithm, "bba");
  assert.throws(() => readBench('{"format":"vsps-bench/9","runs":[]}'), /vsps-bench\/9/);
});

test("a session of a report becomes rate, buffer, rung and standstill on one axis", () => {
  const session = { end: 9000, link: [[0, 1e6], [4000, 2e6]], downloads: [[100, 900, 8e5], [900, 900, 5e5]], buffer: [[900, 0], [901, 4], [5000, 0]],
    rungs: [[901, 1], [5000, 3]], stalls: [[0, 901], [5000, 6000]] };
  const [rate, buffer, rung, standstill] = /** @type {any[]} */ (sessionTracks(/** @type {any} */ (session)));
  assert.deepEqual([rate, buffer, rung].map(({ series }) => series.map((/** @type {any} */ one) => one.id)), [["link", "downloads"], ["buffer"], ["rung"]]);
  const [link, downloads] = rate.series.map((/** @type {any} */ one) => one.points);
  assert.deepEqual([link.valueAt(3999), link.valueAt(4000), link.end], [1e6, 2e6, 9000]);
  assert.deepEqual([downloads.valueAt(99), downloads.valueAt(899), downloads.valueAt(900), downloads.valueAt(901)], [NaN, 8e5, 5e5, NaN]);
  assert.deepEqual([buffer.series[0].points.valueAt(901), rung.series[0].points.valueAt(9000)], [4, 3]);
  assert.deepEqual(standstill.rows[0].spans.map((/** @type {any} */ span) => [span.from, span.to, span.text]), [[0, 901, "startup"], [5000, 6000, "rebuffering"]]);
  assert.deepEqual(sessionTracks(/** @type {any} */ ({ ...session, link: [] }))[0].kind === "lines" && /** @type {any} */ (sessionTracks(/** @type {any} */ ({ ...session, link: [] }))[0]).series.length, 1);
});
