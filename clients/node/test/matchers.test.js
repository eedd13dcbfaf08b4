import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AssertionFailed, expectSession, matchers } from "../src/index.js";

/** A session as matchers see it. @param {Record<string, number | null>} [changed] @returns {any} */
function sessionWith(changed = {}) {
  const figures = {
    startup_seconds: 1, played_seconds: 20, rebuffer_count: 1, rebuffer_seconds: 0.5, rebuffer_ratio: 0.02,
    mean_bitrate_bps: 2e6, switches: 3, segments: 9, errors: 1, retries: 2, live_latency_seconds: 6, qoe_linear: 1.5, ...changed,
  };
  return {
    id: "abc",
    seed: 7,
    qoe: async () => ({
      qoe: figures, session: { profile: "3g", seed: 7, now_ms: 30_000 }, source: { startup: "cmcd", rebuffer: "cmcd" }, faults: 0, drops: 0,
    }),
    timeline: async () => ({ rebuffers: [{ at_ms: 4200, lasts_ms: 500 }, { at_ms: 9000, lasts_ms: null }] }),
    fault: async (/** @type {string} */ name) => ({ name, times: 3, applied: 3 }),
  };
}

/** Matcher, figure, argument; a value at which it just holds, and one at which it does not. */
const CASES = /** @type {const} */ ([
  ["toHaveNoRebuffering", "rebuffer_count", [], 0, 1],
  ["toHaveRebufferRatioBelow", "rebuffer_ratio", [0.02], 0.0199, 0.02],
  ["toHaveRebufferSecondsBelow", "rebuffer_seconds", [0.5], 0.499, 0.5],
  ["toHaveStartupBelow", "startup_seconds", [2], 1.999, 2],
  ["toHaveMeanBitrateAbove", "mean_bitrate_bps", [1e6], 1_000_001, 1e6],
  ["toHaveSwitchesAtMost", "switches", [3], 3, 4],
  ["toHavePlayedAtLeast", "played_seconds", [10], 10, 9.99],
  ["toHaveNoErrors", "errors", [], 0, 1],
  ["toHaveRetriesAtMost", "retries", [2], 2, 3],
  ["toHaveLiveLatencyBelow", "live_latency_seconds", [5], 4.9, 5],
  ["toHaveQoeAbove", "qoe_linear", [1], 1.01, 1],
  ["toSatisfyFigure", "rebuffer_ratio", ["rebuffer_ratio <= 2%"], 0.02, 0.021],
  ["toSatisfyFigure", "startup_seconds", ["startup_seconds<1500ms"], 1.499, 1.5],
  ["toSatisfyFigure", "startup_seconds", [" startup_seconds > 1 s "], 1.01, 1],
  ["toSatisfyFigure", "mean_bitrate_bps", ["mean_bitrate_bps >= 1.5 Mbit/s"], 1.5e6, 1_499_999],
  ["toSatisfyFigure", "mean_bitrate_bps", ["mean_bitrate_bps < 300k"], 299_999, 300_000],
  ["toSatisfyFigure", "mean_bitrate_bps", ["mean_bitrate_bps < 1G"], 9e8, 1e9],
  ["toSatisfyFigure", "switches", ["switches == 3"], 3, 4],
  ["toSatisfyFigure", "switches", ["switches != 3"], 2, 3],
  ["toSatisfyFigure", "qoe_linear", ["qoe_linear > -1.5"], -1.4, -1.5],
]);

const MAY_BE_NULL = new Set(["startup_seconds", "rebuffer_ratio", "mean_bitrate_bps", "live_latency_seconds", "qoe_linear"]);

/** @param {string} name @param {any} context @param {any[]} given @returns {Promise<{ pass: boolean, message: () => string }>} */
function match(name, context, ...given) {
  return /** @type {any} */ (matchers)[name].call(context, ...given);
}

for (const [name, figure, given, holds, fails] of CASES) {
  test(`${name}(${given.join()}) at ${holds} and ${fails}`, async () => {
    for (const [value, expected] of /** @type {const} */ ([[holds, true], [fails, false]])) {
      const session = sessionWith({ [figure]: value });
      const outcome = await match(name, {}, session, ...given);
      assert.equal(outcome.pass, expected);
      // Negated, a matcher that passes is a failure.
      assert.equal((await match(name, { isNot: true }, session, ...given)).pass, expected);
      const said = outcome.message();
      assert.ok(said.startsWith(`session abc (seed 7): ${figure} `) && said.includes(`: it is ${value}\n`), said);
      assert.equal(said.includes("rebuffered at 4.2 s for 0.5 s\n  rebuffered at 9.0 s"), figure.startsWith("rebuffer"));
      const checked = /** @type {any} */ (expectSession(session))[name](...given);
      await (expected ? checked : assert.rejects(checked, AssertionFailed));
    }
    // Without a value or a segment nothing holds, negated or not.
    const unknown = /** @type {const} */ ([[{ segments: 0 }, "no media segment was delivered"], [{ [figure]: null }, "it has no value"]]);
    for (const [figures, why] of MAY_BE_NULL.has(figure) ? unknown : unknown.slice(0, 1)) {
      for (const isNot of [false, true]) {
        const { pass, message } = await match(name, { isNot }, sessionWith(figures), ...given);
        assert.equal(pass, isNot);
        assert.ok(message().includes(why), message());
      }
    }
  });
}

test("toHaveAppliedFault: as often as it could, or as often as is said", async () => {
  const rows = /** @type {const} */ ([[3, 3, {}, true], [3, 2, {}, false], [3, 2, { times: 2 }, true], [3, 3, { times: 2 }, false]]);
  for (const [times, applied, options, expected] of rows) {
    const session = { ...sessionWith(), fault: async () => ({ times, applied }) };
    const { pass, message } = await match("toHaveAppliedFault", {}, session, "lost", options);
    assert.equal(pass, expected);
    assert.ok(message().endsWith(`fault lost applied ${"times" in options ? options.times : times} times: it is ${applied}`), message());
  }
});

test("with a time-out, a matcher is tried again until it holds", async () => {
  let played = 0;
  const session = { ...sessionWith(), qoe: () => sessionWith({ played_seconds: (played += 1) }).qoe() };
  assert.equal((await match("toHavePlayedAtLeast", {}, session, 3, { timeout: 20_000 })).pass, true);
  assert.equal(played, 3);
  await expectSession(session, { timeout: 20_000 }).toHavePlayedAtLeast(5);
  assert.equal((await match("toHavePlayedAtLeast", { isNot: true }, session, 5, { timeout: 1 })).pass, true);
});

test("expressions that make no sense", async () => {
  const check = expectSession(sessionWith());
  for (const text of ["rebuffer_ratio", "errors = 0", "errors < 1 kg", "p95(errors) < 1", "errors < 1e3"]) {
    await assert.rejects(check.toSatisfyFigure(text), /write FIGURE OP NUMBER, as in rebuffer_ratio < 1%/);
  }
  for (const text of ["buffer < 1", "constructor < 1"]) {
    await assert.rejects(check.toSatisfyFigure(text), /write one of startup_seconds, played_seconds, /);
  }
});

test("each matcher has a case here and a row in README.md", () => {
  const tested = new Set([...CASES.map(([name]) => name), "toHaveAppliedFault"]);
  assert.deepEqual([...tested].sort(), Object.keys(matchers).sort());
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `(to\w+)\(/gm)].map(([, name]) => name);
  assert.deepEqual(rows.sort(), Object.keys(matchers).sort());
});
