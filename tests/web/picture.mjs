// Makes docs/at-work.png: the built-in stream in dash.js, as its makers set it, through `abr-dropout`.
//
//   node tests/web/picture.mjs [FILE.png]
//
// Builds and starts the program itself, or starts the one that `VSPS` names. `CHROMIUM` names another
// browser than /usr/bin/chromium.

import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const HERE = dirname(fileURLToPath(import.meta.url));
const TOP = join(HERE, "../..");
const PROFILE = "abr-dropout";
const SECONDS = 80;
/** When the frame on the left is taken. */
const FRAME_AT = 22;
/** Mbit/s of each rung, by its height. */
const RUNGS = { 240: 0.235, 360: 0.56, 480: 1.05, 720: 2.35, 900: 4.3, 1080: 8 };

/** Starts the program on free ports: the process, and what its ready line says. */
async function start() {
  const built = process.env.VSPS ? [process.env.VSPS] : ["cargo", "run", "--release", "--quiet", "--"];
  const options = ["--profile", PROFILE, "--seed", "7", "--log", "json"];
  const free = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
  const [program, ...args] = [...built, "run", ...options, ...free];
  const child = spawn(program, args, { cwd: TOP, stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ready: JSON.parse(line) };
  }
  throw new Error("the program did not start");
}

const PAGE = `<!doctype html><body style="margin:0;background:#000">
<video id="video" muted width="560"></video><script src="/dash.js"></script>`;

async function serve() {
  const script = await readFile(join(HERE, "node_modules/dashjs/dist/modern/umd/dash.all.min.js"));
  const server = createServer((request, response) => {
    if (request.url === "/dash.js") response.end(script);
    else response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return server;
}

/** In the page: plays, and notes ten times a second what is on the screen. */
function play([url, seconds]) {
  const video = document.getElementById("video");
  const player = dashjs.MediaPlayer().create();
  player.updateSettings({ streaming: { abr: { limitBitrateByPortal: false } } });
  player.initialize(video, url, true);
  const began = performance.now();
  const notes = [];
  let last = 0;
  return new Promise((done) => {
    const timer = setInterval(() => {
      const at = (performance.now() - began) / 1000;
      const moved = video.currentTime > last;
      last = video.currentTime;
      notes.push({ at, height: video.videoHeight, moved });
      if (at > seconds) { clearInterval(timer); player.destroy(); done(notes); }
    }, 250);
  });
}

/** Mbit/s of the link at each change, from the profile's file. */
async function schedule() {
  const text = await readFile(join(TOP, `profiles/${PROFILE}.toml`), "utf8");
  const pieces = [...text.matchAll(/for = "(\d+) s", rate = "(\d+) ([kM])bit\/s"/g)];
  const steps = [];
  for (let at = 0; at < SECONDS;) {
    for (const [, seconds, rate, unit] of pieces) {
      steps.push([at, unit === "M" ? +rate : rate / 1000]);
      at += +seconds;
    }
  }
  return steps.filter(([at]) => at < SECONDS);
}

const LEFT = 52, RIGHT = 570, TOP_Y = 40, BOTTOM = 290;
const x = (seconds) => LEFT + (RIGHT - LEFT) * Math.min(seconds, SECONDS) / SECONDS;
const y = (rate) => BOTTOM - (BOTTOM - TOP_Y) * Math.log(rate / 0.1) / Math.log(100);

/** A line that goes in steps. */
function stairs(steps) {
  const end = [SECONDS, steps.at(-1)[1]];
  return [...steps.slice(1), end].reduce((path, [at, value], step) =>
    `${path}H${x(at)}${step < steps.length - 1 ? `V${y(value)}` : ""}`, `M${x(steps[0][0])},${y(steps[0][1])}`);
}

function chart(link, notes) {
  const shown = notes.filter(({ height }) => height > 0);
  const rungs = shown.map(({ at, height }) => [at, RUNGS[height]]);
  const changes = rungs.filter(([, rate], n) => n === 0 || rate !== rungs[n - 1][1]);
  // Two notes in a row without progress: the picture stands still.
  const still = shown.filter((note, n) => n > 0 && !note.moved && !shown[n - 1].moved);
  const text = (at, height, words, fill = "#8b95a1") =>
    `<text x="${at}" y="${height}" fill="${fill}" font-size="12" font-family="sans-serif">${words}</text>`;
  const grid = [0.1, 0.2, 0.5, 1, 2, 5, 10].map((rate) =>
    `<path d="M${LEFT},${y(rate)}H${RIGHT}" stroke="#2a3340"/>${text(12, y(rate) + 4, rate)}`);
  const times = Array.from({ length: SECONDS / 10 + 1 }, (_, n) => text(x(n * 10) - 6, BOTTOM + 20, n * 10));
  const bars = still.map(({ at }) => `<rect x="${x(at - 0.25)}" y="${TOP_Y}" width="2.5" height="${BOTTOM - TOP_Y}" fill="#c0392b" opacity="0.45"/>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="590" height="320">${grid.join("")}${times.join("")}${bars.join("")}
    ${text(12, 20, "Mbit/s")}${text(80, 20, "— link")}${text(150, 20, "— rung on screen", "#54b6ff")}${text(280, 20, "▮ picture stands still", "#e0594b")}
    ${text(RIGHT - 40, BOTTOM + 20, "s")}
    <path d="${stairs(link)}" fill="none" stroke="#8b95a1" stroke-width="2"/>
    <path d="${stairs(changes)}" fill="none" stroke="#54b6ff" stroke-width="2.5"/></svg>`;
}

const file = process.argv[2] ?? join(TOP, "docs/at-work.png");
const { child, ready } = await start();
const server = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 375 } });
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const watching = page.evaluate(play, [`http://${ready.listen}/demo/dash/manifest.mpd`, SECONDS]);
  await page.waitForTimeout(FRAME_AT * 1000);
  const frame = (await page.locator("#video").screenshot()).toString("base64");
  const notes = await watching;
  await page.setContent(`<body style="margin:0;background:#10131a;color:#e8ecf1;font:bold 16px sans-serif">
    <div style="padding:14px 18px">vsps run --profile ${PROFILE} · dash.js in Chromium · frame at ${FRAME_AT} s</div>
    <img style="position:absolute;left:18px;top:44px" width="560" src="data:image/png;base64,${frame}">
    <div style="position:absolute;left:594px;top:44px;background:#171d26;border-radius:6px">${chart(await schedule(), notes)}</div>`);
  await page.screenshot({ path: file });
  console.log(file);
} finally {
  await browser.close();
  server.close();
  child.kill("SIGINT");
}
