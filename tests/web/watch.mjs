// Lets viewers in a real Chromium watch a stream, two at once for each core, and prints what they saw as JSON.
//
//   node watch.mjs '[{"player":"hls.js","url":"http://…/master.m3u8","seconds":60}, …]'
//
// `CHROMIUM` names another browser than the one in the path.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const FILES = {
  "/player.html": ["player.html", "text/html"],
  "/viewer.js": ["viewer.js", "text/javascript"],
  "/hls.js": ["node_modules/hls.js/dist/hls.min.js", "text/javascript"],
  "/dash.js": ["node_modules/dashjs/dist/modern/umd/dash.all.min.js", "text/javascript"],
  "/dash.mss.js": ["node_modules/dashjs/dist/modern/umd/dash.mss.min.js", "text/javascript"],
  "/shaka.js": ["node_modules/shaka-player/dist/shaka-player.compiled.js", "text/javascript"],
};
/** Viewers that watch at once: two decode on one core without dropping most of it. */
const AT_ONCE = Math.min(6, 2 * availableParallelism());
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Serves the page from a port of its own: another origin than the proxy's, so CORS is at work. */
async function servePage() {
  const server = createServer(async (request, response) => {
    const [file, type] = FILES[request.url] ?? [];
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": type }).end(await readFile(join(HERE, file)));
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
      asked.refused.push(`${response.status()} ${response.url()}`);
    }
  });
  page.on("console", (message) => {
    if (message.type() === "error") asked.console.push(message.text());
  });
  page.on("pageerror", (error) => asked.console.push(String(error)));
  return asked;
}

async function watch(browser, page_url, task) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const asked = listen(page, new URL(page_url).origin, new URL(task.url).origin);
  await page.goto(page_url);
  const seen = await page.evaluate((task) => globalThis.watch(task), task);
  await context.close();
  return { ...seen, asked };
}

/** What every task's viewer saw, in the order of the tasks; whoever is done makes room for the next. */
async function watchAll(browser, page, tasks) {
  const seen = new Array(tasks.length);
  const waiting = tasks.entries();
  const seat = async () => {
    for (const [number, task] of waiting) seen[number] = await watch(browser, page, task);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, seat));
  return seen;
}

const tasks = JSON.parse(process.argv[2]);
const { server, page } = await servePage();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: FLAGS,
});
try {
  console.log(JSON.stringify(await watchAll(browser, page, tasks)));
} finally {
  await browser.close();
  server.close();
}
