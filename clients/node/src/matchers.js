/**
 * Assertions on what the viewer of a session would have seen, for `expect.extend` of Playwright, Vitest and Jest.
 *
 * The figures are those of `GET /api/v1/sessions/{id}/qoe`. A figure without a value satisfies no assertion, negated or not,
 * and a session without a media segment neither: nothing that was never shown passes. With `timeout` in ms, an assertion is
 * tried again until it holds.
 *
 * @typedef {import("./session.js").Session} Session
 * @typedef {{ timeout?: number }} Options
 * @typedef {{ pass: boolean, message: () => string }} Outcome
 * @typedef {{ isNot?: boolean }} Context
 * @typedef {{ holds: boolean, text: string } | { holds: undefined, text: string }} Verdict
 */

const POLL_MS = 250;

/** @type {Record<string, (one: number, other: number) => boolean>} */
const OPERATORS = {
  "<=": (one, other) => one <= other,
  ">=": (one, other) => one >= other,
  "==": (one, other) => one === other,
  "!=": (one, other) => one !== other,
  "<": (one, other) => one < other,
  ">": (one, other) => one > other,
};

/** @type {Record<string, number>} */
const UNITS = { "%": 0.01, ms: 0.001, s: 1, "": 1, k: 1e3, M: 1e6, G: 1e9 };

const EXPRESSION = /^\s*([a-z_]+)\s*(<=|>=|==|!=|<|>)\s*(-?\d+(?:\.\d+)?)\s*(%|ms|s|[kMG]?(?:bit\/s)?)\s*$/;

export const matchers = {
  /**
   * Playback never stood still after its start.
   *
   * @this {Context} @param {Session} session @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveNoRebuffering(session, options) {
    return figure(this, session, "rebuffer_count", "==", 0, options);
  },

  /**
   * Rebuffering ÷ (rebuffering + playback), the startup left out.
   *
   * @this {Context} @param {Session} session @param {number} ratio @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveRebufferRatioBelow(session, ratio, options) {
    return figure(this, session, "rebuffer_ratio", "<", ratio, options);
  },

  /**
   * All rebuffering together.
   *
   * @this {Context} @param {Session} session @param {number} seconds @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveRebufferSecondsBelow(session, seconds, options) {
    return figure(this, session, "rebuffer_seconds", "<", seconds, options);
  },

  /**
   * From the first request to the first picture.
   *
   * @this {Context} @param {Session} session @param {number} seconds @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveStartupBelow(session, seconds, options) {
    return figure(this, session, "startup_seconds", "<", seconds, options);
  },

  /**
   * The declared bitrate of what was shown, weighted by time.
   *
   * @this {Context} @param {Session} session @param {number} bitsPerSecond @param {Options} [options]
   * @returns {Promise<Outcome>}
   */
  toHaveMeanBitrateAbove(session, bitsPerSecond, options) {
    return figure(this, session, "mean_bitrate_bps", ">", bitsPerSecond, options);
  },

  /**
   * Changes of the rendition.
   *
   * @this {Context} @param {Session} session @param {number} count @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveSwitchesAtMost(session, count, options) {
    return figure(this, session, "switches", "<=", count, options);
  },

  /**
   * Media that was shown.
   *
   * @this {Context} @param {Session} session @param {number} seconds @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHavePlayedAtLeast(session, seconds, options) {
    return figure(this, session, "played_seconds", ">=", seconds, options);
  },

  /**
   * No request of the player failed.
   *
   * @this {Context} @param {Session} session @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveNoErrors(session, options) {
    return figure(this, session, "errors", "==", 0, options);
  },

  /**
   * Requests that were made again.
   *
   * @this {Context} @param {Session} session @param {number} count @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveRetriesAtMost(session, count, options) {
    return figure(this, session, "retries", "<=", count, options);
  },

  /**
   * The mean distance to the live edge.
   *
   * @this {Context} @param {Session} session @param {number} seconds @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveLiveLatencyBelow(session, seconds, options) {
    return figure(this, session, "live_latency_seconds", "<", seconds, options);
  },

  /**
   * The linear QoE of the benchmark.
   *
   * @this {Context} @param {Session} session @param {number} value @param {Options} [options] @returns {Promise<Outcome>}
   */
  toHaveQoeAbove(session, value, options) {
    return figure(this, session, "qoe_linear", ">", value, options);
  },

  /**
   * An assertion as `vsps play --assert` has it, without functions: `rebuffer_ratio < 1%`.
   *
   * @this {Context} @param {Session} session @param {string} expression @param {Options} [options]
   * @returns {Promise<Outcome>}
   */
  toSatisfyFigure(session, expression, options) {
    const found = EXPRESSION.exec(expression);
    if (!found) throw new TypeError(`${expression}: write FIGURE OP NUMBER, as in rebuffer_ratio < 1%`);
    const [, name, op, number, unit] = found;
    return figure(this, session, name, op, Number(number) * UNITS[unit.replace("bit/s", "")], options);
  },

  /**
   * A fault that was added has applied: `times` times, or as often as it could.
   *
   * @this {Context} @param {Session} session @param {string} name @param {Options & { times?: number }} [options]
   * @returns {Promise<Outcome>}
   */
  toHaveAppliedFault(session, name, options) {
    return check(this, session, options, async () => {
      const fault = await session.fault(name);
      const times = options?.times ?? fault.times;
      return { holds: fault.applied === times, text: `fault ${name} applied ${times} times: it is ${fault.applied}` };
    });
  },
};

/**
 * The same assertions without `expect.extend`, as for node:test: each rejects where it does not hold.
 *
 * @param {Session} session
 * @param {Options} [options] for all of them
 * @returns {{ [Name in keyof typeof matchers]: OmitSession<(typeof matchers)[Name]> }}
 */
export function expectSession(session, options) {
  const made = Object.entries(matchers).map(([name, matcher]) => {
    /** @param {any[]} given */
    const method = async (...given) => {
      const last = given.at(-1);
      const own = last && typeof last === "object" ? given.pop() : undefined;
      const { pass, message } = await /** @type {any} */ (matcher).call({}, session, ...given, { ...options, ...own });
      if (!pass) throw new AssertionFailed(message());
    };
    return [name, method];
  });
  return Object.fromEntries(made);
}

/**
 * @template F
 * @typedef {F extends (session: Session, ...rest: infer Rest) => unknown ? (...rest: Rest) => Promise<void> : never} OmitSession
 */

/** What an assertion of `expectSession` rejects with. */
export class AssertionFailed extends Error {
  name = "AssertionError";
  code = "ERR_ASSERTION";
}

/**
 * @param {Context} context
 * @param {Session} session
 * @param {string} name
 * @param {string} op
 * @param {number} value
 * @param {Options} [options]
 */
function figure(context, session, name, op, value, options) {
  return check(context, session, options, async () => {
    const qoe = await session.qoe();
    const figures = /** @type {Record<string, number | null | undefined>} */ (qoe.qoe);
    const is = figures[name];
    const wanted = `${name} ${op} ${value}`;
    if (!Object.hasOwn(figures, name) || is === undefined) throw new TypeError(`${name}: write one of ${Object.keys(figures).join(", ")}`);
    if (is === null) return { holds: undefined, text: `${wanted}: it has no value\n${describe(qoe)}` };
    if (qoe.qoe.segments === 0) {
      return { holds: undefined, text: `${wanted}: no media segment was delivered\n${describe(qoe)}` };
    }
    const rebuffers = name.startsWith("rebuffer") ? await rebuffersOf(session) : "";
    return { holds: OPERATORS[op](is, value), text: `${wanted}: it is ${is}\n${describe(qoe)}${rebuffers}` };
  });
}

/**
 * @param {Context} context
 * @param {Session} session
 * @param {Options | undefined} options
 * @param {() => Promise<Verdict>} verdict
 * @returns {Promise<Outcome>}
 */
async function check({ isNot = false }, session, options, verdict) {
  const deadline = performance.now() + (options?.timeout ?? 0);
  for (;;) {
    const { holds, text } = await verdict();
    if (holds === !isNot || performance.now() >= deadline) {
      const message = () => `session ${session.id} (seed ${session.seed}): ${isNot ? "not " : ""}${text}`;
      return { pass: holds ?? isNot, message };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @param {Session} session */
async function rebuffersOf(session) {
  const { rebuffers } = await session.timeline();
  const lines = rebuffers.slice(0, 10).map(({ at_ms, lasts_ms }) => {
    const lasts = lasts_ms === null ? "" : ` for ${seconds(lasts_ms)}`;
    return `\n  rebuffered at ${seconds(at_ms)}${lasts}`;
  });
  return lines.join("");
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * The figures in a few lines, for a report.
 *
 * @param {import("./documents.js").Qoe} qoe
 */
export function describe(qoe) {
  const { qoe: figures, session, source } = qoe;
  const startup = figures.startup_seconds === null ? "unknown" : `${figures.startup_seconds.toFixed(2)} s`;
  const bitrate = figures.mean_bitrate_bps;
  return [
    `  profile ${session.profile}, seed ${session.seed}, at ${seconds(session.now_ms)}:`,
    `  startup ${startup} (${source.startup}), played ${figures.played_seconds.toFixed(1)} s, rebuffered ` +
      `${figures.rebuffer_count} times for ${figures.rebuffer_seconds.toFixed(1)} s (${source.rebuffer})`,
    `  ${bitrate === null ? "unknown bitrate" : `${(bitrate / 1e6).toFixed(3)} Mbit/s`}, ${figures.switches} switches, ` +
      `${figures.segments} segments, ${figures.errors} errors, ${figures.retries} retries, ` +
      `${qoe.faults} faults, ${qoe.drops} drops`,
  ].join("\n");
}
