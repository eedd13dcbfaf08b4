// Makes docs/console.png: a session in which something happened.
//
//   vsps run --profile flaky-wifi --seed 7 &
//   node console/picture.mjs http://127.0.0.1:8081 ../../docs/console.png [SECONDS]

import { chromium } from "playwright-core";
import { api } from "./api.mjs";

const [admin, file, seconds = "75"] = process.argv.slice(2);
if (!admin || !file) {
  console.error("usage: node console/picture.mjs ADMIN_URL FILE.png [SECONDS]");
  process.exit(2);
}
const pause = (/** @type {number} */ share) => new Promise((done) => setTimeout(done, share * Number(seconds) * 1000));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
});
const { id, url } = await api(admin, "POST", "/api/v1/sessions", { profile: "flaky-wifi", seed: 7, label: "living room" });
const page = await browser.newPage({ viewport: { width: 1240, height: 800 }, colorScheme: "light" });
await page.goto(`${admin}/#/session/${id}`);
const viewer = await browser.newPage({ viewport: { width: 640, height: 360 } });
await viewer.goto(`${admin}/#/play?session=${id}`);
await viewer.getByRole("button", { name: "Play", exact: true }).click();
console.log(`playing ${url}`);
await page.bringToFront();
const command = (/** @type {string} */ method, /** @type {string} */ rest, /** @type {object} */ body) => api(admin, method, `/api/v1/sessions/${id}${rest}`, body);
await pause(0.35);
await command("PATCH", "", { rate: "1.2 Mbit/s" });
await pause(0.25);
await command("POST", "/faults", { fault: "segment:status=404", name: "next-segment", times: 2 });
await pause(0.1);
await command("PATCH", "", { paused: true, ttl: "5 s" });
await pause(0.1);
await command("PATCH", "", { rate: null });
await pause(0.2);
await page.evaluate(() => /** @type {any} */ (document.querySelector("vsps-timeline")).change(() => /** @type {any} */ (document.querySelector("vsps-timeline")).view.showAll()));
await page.waitForTimeout(1500);
// The time axis and the controls beside it.
const box = await page.locator(".timeline-card").boundingBox();
if (box) await page.screenshot({ path: file, clip: { x: box.x - 8, y: box.y - 8, width: 1240 - 2 * (box.x - 8), height: box.height + 16 }, fullPage: true });
await browser.close();
