// How smooth the console is: the time of frames while a person moves over 10,000 requests, and with 1,000 live sessions;
// and how long a saved run takes to open. It is a measurement, and no part of tests/run.
//
//   vsps run &
//   node console/smooth.mjs ADMIN_URL [--rounds 3] [--run FILE.json] [--sessions 1000] [--requests 10000] [--web FOLDER]
//
// `--web` takes the files of the page from this folder instead of the program: `--web ../../console/web` measures a change
// without a build.
//
// Beside the intervals of frames stands what the page's thread took of the CPU for each frame, with the share of script and
// of style and layout: on a machine with other work it says more than the intervals.
//
// `--run` opens this file, as `Save run` of a session or GET /api/v1/sessions/ID/run writes it. A frame is late if the one
// before it was more than 25 ms ago: at 60 frames per second one is due every 16.7 ms.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { api, until } from "./api.mjs";

const args = process.argv.slice(2);
/** @param {string} name @param {string} otherwise */
function option(name, otherwise) {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? otherwise : args.splice(at, 2)[1];
}
const rounds = Number(option("rounds", "3"));
const file = option("run", "");
const sessions = Number(option("sessions", "1000"));
const requests = Number(option("requests", "10000"));
const web = option("web", "");
const [admin] = args;
if (!admin) {
  console.error("usage: node console/smooth.mjs ADMIN_URL [--rounds N] [--run FILE] [--sessions N] [--requests N] [--web FOLDER]");
  process.exit(2);
}

/** The time of a round, in milliseconds. */
const ROUND = 6000;
const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * What a person does in each frame, inside the page. `n` counts frames.
 * @type {Record<string, string>}
 */
const DOES = {
  nothing: "() => {}",
  // The pointer moves to and fro over all tracks.
  hover: `(n) => move((Math.sin(n / 40) + 1) / 2, ((n * 3) % 97) / 97)`,
  // As with a dragged range: the pointer is down.
  drag: `(n) => move(0.1 + 0.8 * ((Math.sin(n / 40) + 1) / 2), 0.5)`,
  // The visible part moves, so every frame draws all tracks again.
  pan: `(n) => timeline.change(() => timeline.view.pan(Math.sin(n / 30) / 50))`,
  zoom: `(n) => timeline.change(() => timeline.view.zoom(Math.exp(Math.sin(n / 30) / 20), (timeline.view.from + timeline.view.to) / 2))`,
  scroll: `(n) => list.scrollTo(0, (list.scrollHeight - list.clientHeight) * (Math.sin(n / 60) + 1) / 2)`,
};

/**
 * The intervals of frames, sorted, and the tasks of more than 50 ms, while `what` is done.
 * @param {any} page
 * @param {string} what
 */
function frames(page, what) {
  return page.evaluate(`new Promise((done) => {
    const timeline = document.querySelector("#main vsps-timeline");
    const canvases = timeline ? [...timeline.shadowRoot.querySelectorAll("canvas:not(.ruler)")] : [];
    const list = document.querySelector(".sessions") ?? document.scrollingElement;
    const move = (x, y) => {
      const canvas = canvases[Math.min(canvases.length - 1, Math.floor(y * canvases.length))];
      const box = canvas.getBoundingClientRect();
      const at = { clientX: box.left + x * box.width, clientY: box.top + box.height * ((y * 7) % 1), pointerId: 1, bubbles: true, composed: true, buttons: 1 };
      canvas.dispatchEvent(new PointerEvent("pointermove", at));
    };
    const act = ${DOES[what]};
    const intervals = [];
    let tasks = 0;
    const observer = new PerformanceObserver((entries) => (tasks += entries.getEntries().length));
    observer.observe({ entryTypes: ["longtask"] });
    const start = performance.now();
    let last = 0;
    let n = 0;
    const frame = (now) => {
      if (last > 0) intervals.push(now - last);
      last = now;
      n += 1;
      act(n);
      if (performance.now() - start < ${ROUND}) return requestAnimationFrame(frame);
      observer.disconnect();
      done({ intervals: intervals.sort((a, b) => a - b), tasks });
    };
    requestAnimationFrame(frame);
  })`);
}

/** @param {string} name @param {any} page @param {string} what */
async function measure(name, page, what) {
  /** @type {{late: number, text: string}[]} */
  const results = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = await cpu();
    const { intervals, tasks } = await frames(page, what);
    const after = await cpu();
    const taken = after.map((value, n) => (((value - before[n]) * 1000) / intervals.length).toFixed(1));
    const at = (/** @type {number} */ share) => intervals[Math.min(intervals.length - 1, Math.floor(share * intervals.length))];
    const late = intervals.filter((/** @type {number} */ ms) => ms > 25).length / intervals.length;
    const cells = [at(0.5), at(0.95), at(1)].map((ms) => ms.toFixed(1));
    results.push({ late, text: [...cells, `${(late * 100).toFixed(1)} %`, tasks, `${taken[0]} (${taken[1]}, ${taken[2]})`].join(" | ") });
  }
  results.sort((one, other) => one.late - other.late);
  console.log(`| ${name} | ${results[0].text} | ${results.map(({ late }) => `${(late * 100).toFixed(1)} %`).join(", ")} |`);
}

/** Requests small files of a session, `perSecond` of them, until it is stopped. @param {string[]} urls @param {number} perSecond */
function requestOften(urls, perSecond) {
  let n = 0;
  const timer = setInterval(() => {
    for (let i = 0; i < perSecond / 20; i += 1) {
      const url = new URL(`demo/media/v${1 + (n % 6)}/init.mp4`, urls[n % urls.length]);
      n += 1;
      fetch(url).then((response) => response.arrayBuffer()).catch(() => {});
    }
  }, 50);
  return () => clearInterval(timer);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({ viewport: { width: 1360, height: 1000 } });
page.on("pageerror", (/** @type {unknown} */ error) => console.error(String(error)));
if (web) {
  await page.route((/** @type {URL} */ url) => url.origin === new URL(admin).origin && /\.(js|css)$/.test(url.pathname),
    (/** @type {any} */ route) => route.fulfill({ path: join(web, new URL(route.request().url()).pathname) }).catch(() => route.continue()));
}
const devtools = await page.context().newCDPSession(page);
await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
/** What the page's thread took of the CPU so far, in seconds: all, script, style and layout. @returns {Promise<number[]>} */
async function cpu() {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const value = (/** @type {string} */ name) => metrics.find((/** @type {any} */ one) => one.name === name)?.value ?? 0;
  return [value("TaskDuration"), value("ScriptDuration"), value("LayoutDuration") + value("RecalcStyleDuration")];
}
const columns = ["", "p50 ms", "p95 ms", "longest ms", "late", "long tasks", "CPU ms per frame (script, layout)", "late in each round"];
console.log(`| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);

await page.goto("about:blank");
await measure("an empty page", page, "nothing");

const one = await api(admin, "POST", "/api/v1/sessions", { profile: "unlimited", label: "smooth" });
await page.goto(`${admin}/#/session/${one.id}`);
let stop = requestOften([one.url], 400);
const count = () => page.evaluate(() => /** @type {any} */ (document.querySelector("#main")).run?.requests.length ?? 0);
await until(`${requests} requests are known to the page`, 180e3, async () => (await count()) >= requests);
stop();
stop = requestOften([one.url], 20);
await page.evaluate(() => {
  const timeline = /** @type {any} */ (document.querySelector("vsps-timeline"));
  timeline.change(() => timeline.view.showAll());
});
await pause(1000);
const live = `${await count()} requests, 20 more per second`;
await measure(`session of ${live}: nothing is done`, page, "nothing");
await measure("the pointer moves over the timeline", page, "hover");
const box = await page.locator("vsps-timeline canvas").nth(1).boundingBox();
if (!box) throw new Error("there is no timeline");
await page.mouse.move(box.x + box.width * 0.1, box.y + 20);
await page.mouse.down();
await measure("a range is dragged", page, "drag");
await page.mouse.up();
await measure("the view moves and zooms", page, "zoom");
await page.locator("input[type=search]").fill("segment");
await measure("the pointer moves, with a filter", page, "hover");
stop();

const many = [];
for (let n = 0; n < sessions; n += 1) many.push((await api(admin, "POST", "/api/v1/sessions", { profile: "cable", label: `viewer ${n}` })).url);
stop = requestOften(many, 400);
await pause((sessions / 400) * 1000 + 2000);
await page.goto(`${admin}/#/`);
await page.locator("tbody tr a").first().waitFor();
await pause(2000);
await measure(`home with ${sessions} live sessions: nothing is done`, page, "nothing");
await measure("the list is scrolled", page, "scroll");
await page.goto(`${admin}/#/session/${one.id}`);
await pause(3000);
await measure(`a session among ${sessions}: the pointer moves`, page, "hover");
stop();

if (file) {
  const text = await readFile(file, "utf8");
  const { timeline } = JSON.parse(text).sessions[0];
  console.log(`\n${file}: ${(text.length / 1e6).toFixed(1)} MB, ${timeline.requests.length} requests, ${(timeline.session.now_ms / 60e3).toFixed(0)} min`);
  for (let round = 0; round < rounds; round += 1) {
    await page.goto(`${admin}/?round=${round}#/runs`);
    await page.locator("#run-files").waitFor({ state: "attached" });
    const start = Date.now();
    await page.locator("#run-files").setInputFiles([file]);
    await page.waitForFunction(() => {
      const shown = /** @type {any} */ (document.querySelector("vsps-timeline"));
      return shown?.tracks.some((/** @type {any} */ track) => track.kind === "bars" && track.bars.bars.length > 0);
    });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    console.log(`opened and drawn in ${Date.now() - start} ms`);
  }
}
await browser.close();
