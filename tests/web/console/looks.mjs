// What pages must have: no overflow on a phone, nothing that axe calls serious, no jumps, a strict policy.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { api, hungryViewer, until } from "./api.mjs";

const AXE = await readFile(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

/** Opens each page in turn. @param {any} rig @param {(name: string) => Promise<void>} look */
async function everyPage({ page, admin }, look) {
  const armed = await api(admin, "POST", "/api/v1/sessions", { profile: "flaky-wifi", label: "looks" });
  const stop = hungryViewer(armed.url);
  const pages = { home: "", play: "play", profiles: "profiles/flaky-wifi", faults: "faults", runs: "runs", session: `session/${armed.id}` };
  try {
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`${admin}/#/${path}`);
      await page.waitForTimeout(name === "session" ? 4000 : 1500);
      await page.locator("#main h1").first().waitFor();
      await look(name);
    }
  } finally {
    stop();
    await api(admin, "DELETE", `/api/v1/sessions/${armed.id}`);
  }
}

/** @param {any} rig */
async function axe(rig) {
  /** @type {string[]} */
  const found = [];
  await everyPage(rig, async (name) => {
    await rig.page.evaluate(AXE);
    const { violations } = await rig.page.evaluate(() => /** @type {any} */ (globalThis).axe.run());
    for (const { id, impact, nodes } of violations) {
      if (!["serious", "critical"].includes(impact)) continue;
      found.push(`${name}: ${id} (${impact}): ${nodes.slice(0, 3).map((/** @type {any} */ node) => node.html.slice(0, 120)).join(" | ")}`);
    }
  });
  assert.deepEqual(found, []);
}

export const scenarios = {
  async "axe finds nothing serious"(rig) {
    await axe(rig);
  },

  async "axe finds nothing serious in the dark"(rig) {
    await rig.page.emulateMedia({ colorScheme: "dark" });
    await axe(rig);
  },

  async "nothing overflows on a phone"(rig) {
    await rig.page.setViewportSize({ width: 360, height: 780 });
    await everyPage(rig, async (name) => {
      const { wide, room } = await rig.page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: document.documentElement.clientWidth }));
      assert.ok(wide <= room, `${name}: ${wide} pixels in ${room}`);
    });
  },

  async "a session page does not jump while it grows"({ page, admin }) {
    const armed = await api(admin, "POST", "/api/v1/sessions", { profile: "abr-ramp" });
    const stop = hungryViewer(armed.url);
    await page.goto(`${admin}/#/session/${armed.id}`);
    await until("requests are drawn", 15000, () => page.evaluate(() => /** @type {any} */ (document.querySelector("#main")).run?.requests.length > 2));
    const shift = await page.evaluate(() => new Promise((done) => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const entry of /** @type {any[]} */ (list.getEntries())) if (!entry.hadRecentInput) sum += entry.value;
      }).observe({ type: "layout-shift" });
      setTimeout(() => done(sum), 5000);
    }));
    stop();
    // 0.1 is what Core Web Vitals calls good for a whole visit.
    assert.ok(/** @type {number} */ (shift) < 0.1, `layout shift ${shift}`);
  },

  async "each key of the timeline works"({ page, admin }) {
    await page.goto(`${admin}/#/profiles/flaky-wifi`);
    await until("the picture is drawn", 8000, () => page.evaluate(() => /** @type {any} */ (document.querySelector("vsps-timeline"))?.tracks.length > 1));
    const view = () => page.evaluate(() => {
      const { view, cursor, range } = /** @type {any} */ (document.querySelector("vsps-timeline"));
      return { from: view.from, to: view.to, cursor, range };
    });
    await page.evaluate(() => /** @type {any} */ (document.querySelector("vsps-timeline")).shadowRoot.querySelector(".frame").focus());
    const all = await view();
    await page.keyboard.press("w");
    const near = await view();
    assert.ok(near.to - near.from < all.to - all.from);
    await page.keyboard.press("d");
    assert.ok((await view()).from > near.from);
    await page.keyboard.press("0");
    await page.keyboard.press("Home");
    await page.keyboard.press("n");
    const first = (await view()).cursor;
    await page.keyboard.press("n");
    const second = (await view()).cursor;
    assert.ok(first > 0 && second > first, "the next stall is later");
    await page.keyboard.press("Shift+N");
    assert.equal((await view()).cursor, first);
    await page.keyboard.press("[");
    assert.equal((await view()).range.from, first);
    await page.keyboard.press("Escape");
    assert.equal((await view()).range, null);
  },
};
