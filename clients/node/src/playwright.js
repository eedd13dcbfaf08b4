/**
 * Playwright fixtures: a proxy for each worker, a session for each test, and matchers.
 *
 *     import { test, expect } from "vsps/playwright";
 *
 *     test.use({ vsps: { profile: "3g" } });
 *
 *     test("plays over 3g", async ({ page, session }) => {
 *       await page.goto(`/player.html?src=${encodeURIComponent(session.address("/live/master.m3u8"))}`);
 *       await expect(session).toHavePlayedAtLeast(20, { timeout: 60_000 });
 *       await expect(session).toHaveRebufferRatioBelow(0.02);
 *     });
 */
import { test as base, expect as baseExpect } from "@playwright/test";
import { createHash } from "node:crypto";
import { beginning } from "./control.js";
import { describe, matchers } from "./matchers.js";
import { connect } from "./proxy.js";
import { startProxy } from "./start.js";

const LONGEST_LABEL = 64;

/**
 * @typedef {import("./documents.js").Arming} Arming
 * @typedef {import("./session.js").Session} Session
 * @typedef {import("./proxy.js").Proxy} Proxy
 *
 * @typedef {object} TestFixtures
 * @property {Arming} vsps what `session` is armed with: `test.use({ vsps: { profile: "3g" } })`
 * @property {(arming?: Arming) => Promise<Session>} armSession arms further sessions; all end with the test
 * @property {Session} session the session of the test
 *
 * @typedef {object} WorkerFixtures
 * @property {import("./start.js").StartOptions & { admin?: string }} vspsStart how the proxy of a worker is started; with
 *   `admin`, a running one with this control plane is used
 * @property {Proxy} vspsProxy the proxy of the worker
 */

/**
 * @typedef {import("@playwright/test").PlaywrightTestArgs & import("@playwright/test").PlaywrightTestOptions} TestArgs
 * @typedef {import("@playwright/test").PlaywrightWorkerArgs & import("@playwright/test").PlaywrightWorkerOptions} WorkerArgs
 * @type {import("@playwright/test").Fixtures<TestFixtures, WorkerFixtures, TestArgs, WorkerArgs>}
 */
const fixtures = {
  vspsStart: [{}, { option: true, scope: "worker" }],
  vspsProxy: [
    async ({ vspsStart }, use) => {
      const { admin, ...options } = vspsStart;
      if (admin) return use(await connect(admin));
      const proxy = await startProxy(options);
      await use(proxy);
      await proxy.stop();
    },
    { scope: "worker" },
  ],
  vsps: [{}, { option: true }],
  armSession: async ({ vspsProxy }, use, testInfo) => {
    /** @type {Session[]} */
    const armed = [];
    await use(async (arming = {}) => {
      // The same network in each run: the seed follows from the test's name.
      const seed = seedOf([...testInfo.titlePath, String(armed.length)]);
      const session = await vspsProxy.arm({ seed, label: labelOf(testInfo.title), ...arming });
      armed.push(session);
      return session;
    });
    for (const session of armed) {
      if (testInfo.status !== testInfo.expectedStatus) await attach(session, testInfo);
      // It may have ended before: by the test, or by being idle.
      await session.end().catch(() => {});
    }
  },
  session: async ({ armSession, vsps }, use) => use(await armSession(vsps)),
};

/** Playwright's `test`, with the fixtures. */
export const test = base.extend(fixtures);

/** Playwright's `expect`, with the matchers of sessions. */
export const expect = baseExpect.extend(matchers);

/** What a label may be: one line, not too long. @param {string} title */
function labelOf(title) {
  return beginning(title.replace(/\p{Cc}/gu, " "), LONGEST_LABEL);
}

/** @param {string[]} names */
function seedOf(names) {
  return createHash("sha256").update(names.join("\n")).digest().readUInt32BE(0);
}

/**
 * Adds what a session saw to the report of a failed test.
 *
 * @param {Session} session
 * @param {import("@playwright/test").TestInfo} testInfo
 */
async function attach(session, testInfo) {
  try {
    const run = JSON.stringify(await session.runFile());
    await testInfo.attach(`vsps run ${session.id}.json`, { body: run, contentType: "application/json" });
    await testInfo.attach(`vsps figures ${session.id}`, { body: describe(await session.qoe()), contentType: "text/plain" });
  } catch (error) {
    await testInfo.attach(`vsps figures ${session.id}`, { body: `not to be had: ${error}`, contentType: "text/plain" });
  }
}
