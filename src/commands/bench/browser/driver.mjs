// Lets viewers in a real Chromium watch streams, some at once, and prints what each saw as a line of JSON.
//
// Standard input is a job as JSON: `tasks` (each with `player`, `url` and `seconds`), `at_once`, `modules` (the
// folder with the npm packages), `chromium` (its program) and `pages` (the files of the page, by name).

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";

const job = JSON.parse(await text(process.stdin));
const { chromium } = await import(pathToFileURL(join(job.modules, "playwright-core/index.mjs")));

const SCRIPT = "text/javascript";
const PLAYERS = {
  "/hls.js": "hls.js/dist/hls.min.js",
  "/dash.js": "dashjs/dist/modern/umd/dash.all.min.js",
  "/dash.mss.js": "dashjs/dist/modern/umd/dash.mss.min.js",
  "/shaka.js": "shaka-player/dist/shaka-player.compiled.js",
};
const FLAGS = [
  // Chromium has no sandbox for root.
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-background-networking",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];
/** Seconds that loading the page, and reading the result, may take beyond the task's own. */
const OVERHEAD = 60;

/** A file of the page: one of the job's, or a player's; a player that is not installed is an empty script. */
async function file(path) {
  const page = job.pages[path.slice(1)];
  if (page !== undefined) return [page, path.endsWith(".html") ? "text/html" : SCRIPT];
  const player = PLAYERS[path];
  if (player === undefined) return null;
  return [await readFile(join(job.modules, player)).catch(() => ""), SCRIPT];
}

/** Serves the page from a port of its own: another origin than the proxy's, so CORS is at work. */
async function servePage() {
  const server = createServer(async (request, response) => {
    const found = await file(request.url);
    if (!found) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": found[1] }).end(found[0]);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { server, page: `http://127.0.0.1:${server.address().port}/player.html` };
}

/** Counts what a page asks the proxy for. */
function listen(page, own, proxy) {
  const asked = { manifests: 0, newcomers: 0, media: 0, parts: 0, pathways: [], refused: [], strays: [], console: [] };
  const ours = (url) => url.origin === proxy;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!ours(url)) {
      const internal = ["data:", "blob:"].includes(url.protocol) || url.origin === own;
      if (!internal) asked.strays.push(url.href);
      return;
    }
    if (/(\.(m3u8|mpd)|\.isml?\/Manifest)$/.test(url.pathname)) {
      asked.manifests += 1;
      if (!url.pathname.startsWith("/-/s/")) asked.newcomers += 1;
    } else {
      asked.media += 1;
      if (/\/seg-\d+\.\d+\.m4s$/.test(url.pathname)) asked.parts += 1;
      const [, pathway] = /\/steering\/([ab])\/media\//.exec(url.pathname) ?? [];
      if (pathway && !asked.pathways.includes(pathway)) asked.pathways.push(pathway);
    }
  });
  page.on("response", (response) => {
    if (ours(new URL(response.url())) && response.status() >= 400) {
      // The body of an error is short text that says why, and is gone with the page.
      const place = asked.refused.push(`${response.status()} ${response.url()}`) - 1;
      response.text().then((text) => (asked.refused[place] += ` ${text.trim().slice(0, 200)}`), () => {});
    }
  });
  page.on("console", (message) => {
    if (message.type() === "error") asked.console.push(message.text());
  });
  page.on("pageerror", (error) => asked.console.push(String(error)));
  return asked;
}

/** Players that know it start with what the browser says of its network: here, nothing, on every machine. */
function hideConnection() {
  Object.defineProperty(Navigator.prototype, "connection", { get: () => undefined });
}

async function watch(browser, page_url, task) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  try {
    await context.addInitScript(hideConnection);
    const page = await context.newPage();
    const asked = listen(page, new URL(page_url).origin, new URL(task.url).origin);
    const watching = page.goto(page_url).then(() => page.evaluate((task) => globalThis.watch(task), task));
    const seconds = (task.each_rung ? 14 : 1) * task.seconds + OVERHEAD;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no result within ${seconds} s`)), seconds * 1000);
    });
    const seen = await Promise.race([watching, late]).finally(() => clearTimeout(timer));
    return { seen: { ...seen, asked } };
  } catch (error) {
    return { error: String(error.message ?? error).split("\n")[0] };
  } finally {
    await context.close().catch(() => {});
  }
}

/** Prints what every task's viewer saw, as they end; whoever is done makes room for the next. */
async function watchAll(browser, page) {
  const waiting = job.tasks.entries();
  const seat = async () => {
    for (const [number, task] of waiting) {
      console.log(JSON.stringify({ task: number, ...(await watch(browser, page, task)) }));
    }
  };
  await Promise.all(Array.from({ length: job.at_once }, seat));
}

const { server, page } = await servePage();
const browser = await chromium.launch({ executablePath: job.chromium, headless: true, args: FLAGS });
try {
  await watchAll(browser, page);
} finally {
  await browser.close();
  server.close();
}
