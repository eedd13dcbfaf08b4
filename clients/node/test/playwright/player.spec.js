import { createRequire } from "node:module";
import { expect, test } from "../../src/playwright.js";

const HLS = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");

/** Plays a stream with hls.js. @param {import("@playwright/test").Page} page @param {string} url */
async function play(page, url) {
  await page.setContent("<video muted></video>");
  await page.addScriptTag({ path: HLS });
  await page.evaluate((url) => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector("video"));
    const hls = new /** @type {any} */ (window).Hls();
    hls.loadSource(url);
    hls.attachMedia(video);
    return video.play();
  }, url);
}

test.describe("hls.js in Chromium", () => {
  test.use({ vsps: { rate: "8 Mbit/s" } });

  test("plays, survives lost segments, and rebuffers where the network pauses", async ({ page, session }) => {
    expect((await session.state()).rate).toBe("8 Mbit/s");
    await play(page, session.address("demo/hls/master.m3u8"));
    await expect(session).toHavePlayedAtLeast(2, { timeout: 40_000 });
    await expect(session).toHaveNoRebuffering();
    await expect(session).toHaveStartupBelow(20);
    await expect(session).not.toHavePlayedAtLeast(1000);

    await session.addFault({ when: { kind: "segment" }, then: { status: 503 } }, { name: "lost", times: 1 });
    await expect(session).toHaveAppliedFault("lost", { timeout: 30_000 });

    // An assertion that does not hold says why.
    const failure = expect(session).toHaveMeanBitrateAbove(1e9);
    await expect(failure).rejects.toThrow(/mean_bitrate_bps > 1000000000: it is/);
  });
});

test("a session without segments satisfies nothing, negated or not", async ({ armSession, vspsProxy }) => {
  const session = await armSession({ profile: "3g" });
  await expect(expect(session).toHaveNoRebuffering()).rejects.toThrow(/no media segment/);
  await expect(expect(session).not.toHaveNoRebuffering()).rejects.toThrow(/no media segment/);
  expect((await vspsProxy.sessions()).map(({ id }) => id)).toContain(session.id);
});
