// hls.js plays the stream in a browser. Put your own page in its place.
import { createRequire } from "node:module";
import { expect, test } from "vsps/playwright";

const HLS = createRequire(import.meta.url).resolve("hls.js/dist/hls.min.js");
const MANIFEST = process.env.MANIFEST ?? "demo/hls/master.m3u8";

test.use({ vsps: { rate: "6 Mbit/s" } });

test("a player starts, and goes on after a lost segment", async ({ page, session }) => {
  await page.setContent("<video muted></video>");
  await page.addScriptTag({ path: HLS });
  await page.evaluate((url) => {
    const video = document.querySelector("video");
    const hls = new window.Hls();
    hls.loadSource(url);
    hls.attachMedia(video);
    return video.play();
  }, session.address(MANIFEST));

  await expect(session).toHavePlayedAtLeast(2, { timeout: 40_000 });
  await session.addFault({ when: { kind: "segment" }, then: { status: 503 } }, { name: "lost", times: 1 });
  await expect(session).toHaveAppliedFault("lost", { timeout: 30_000 });
  await expect(session).toHaveRebufferRatioBelow(0.5);
});
