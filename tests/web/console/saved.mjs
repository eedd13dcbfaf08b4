// Saved runs: opened without a proxy, compared, and exported.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { api, hungryViewer, until } from "./api.mjs";

const WEB = fileURLToPath(new URL("../../../console/web/", import.meta.url));
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json" };

/** A static web server with the files of the console and `run.json`: no proxy, no API. @param {string} run */
async function staticServer(run) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://static");
    try {
      const body = pathname === "/run.json" ? run : await readFile(join(WEB, pathname === "/" ? "index.html" : pathname));
      response.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(null)));
  return { server, url: `http://127.0.0.1:${/** @type {any} */ (server.address()).port}` };
}

/** The saved run of a session of four seconds. @param {string} admin @param {object} body */
async function savedRun(admin, body) {
  const armed = await api(admin, "POST", "/api/v1/sessions", body);
  const stop = hungryViewer(armed.url);
  await new Promise((done) => setTimeout(done, 4000));
  stop();
  return api(admin, "GET", `/api/v1/sessions/${armed.id}/run`);
}

/** The number of bars that the timeline of the page draws. @param {any} page */
const bars = (page) => page.evaluate(() => {
  const timeline = /** @type {any} */ (document.querySelector("vsps-timeline"));
  return timeline?.tracks.filter((/** @type {any} */ track) => track.kind === "bars").map((/** @type {any} */ track) => track.bars.bars.length) ?? [];
});

export const scenarios = {
  async "a saved run opens without a proxy"({ page, admin }) {
    const run = await savedRun(admin, { rate: "5 Mbit/s", seed: 7 });
    const { server, url } = await staticServer(JSON.stringify(run));
    await page.goto(`${url}/?run=run.json`);
    await until("its requests are drawn", 10000, async () => (await bars(page))[0] > 0);
    assert.equal((await bars(page))[0], run.sessions[0].timeline.requests.length);
    server.close();
  },

  async "two runs are compared"({ page, admin }) {
    const folder = await mkdtemp(join(tmpdir(), "vsps-console-"));
    const files = [];
    for (const [n, rate] of ["2 Mbit/s", "9 Mbit/s"].entries()) {
      const file = join(folder, `run-${n}.json`);
      await writeFile(file, JSON.stringify(await savedRun(admin, { rate, seed: 7 })));
      files.push(file);
    }
    await page.goto(`${admin}/#/runs`);
    await page.locator("#run-files").setInputFiles(files);
    await until("both waterfalls are drawn", 10000, async () => (await bars(page)).filter((/** @type {number} */ count) => count > 0).length === 2);
    assert.match(await page.locator("table").first().innerText(), /B − A/i);
  },

  async "an exported file shows the run from disk"({ page, context, admin }) {
    const run = await savedRun(admin, { rate: "5 Mbit/s", label: "</script><b>x" });
    const folder = await mkdtemp(join(tmpdir(), "vsps-console-"));
    const file = join(folder, "run.json");
    await writeFile(file, JSON.stringify(run));
    await page.goto(`${admin}/#/runs`);
    await page.locator("#run-files").setInputFiles([file]);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export HTML" }).click();
    const exported = join(folder, "run.html");
    await (await download).saveAs(exported);
    const reader = await context.newPage();
    /** @type {string[]} */
    const asked = [];
    reader.on("request", (/** @type {any} */ request) => asked.push(request.url()));
    await reader.goto(pathToFileURL(exported).href);
    await until("its requests are drawn", 10000, async () => (await bars(reader))[0] > 0);
    assert.deepEqual(asked.filter((url) => url.startsWith("http")), [], "it loads nothing");
  },

  async "results of benchmarks are shown as means, and compared"({ page, admin }) {
    const folder = await mkdtemp(join(tmpdir(), "vsps-console-"));
    const files = [];
    for (const [n, bitrate_kbps] of [1000, 1500].entries()) {
      const file = join(folder, `bench-${n}.json`);
      await writeFile(file, JSON.stringify({ format: "vsps-bench/1", command: "vsps bench", version: "0.1.0",
        runs: [1, 2].map((seed) => ({ profile: "3g", abr: "bola", seed, bitrate_kbps, rebuffer_ratio: 0.01 })) }));
      files.push(file);
    }
    await page.goto(`${admin}/#/runs`);
    await page.locator("#run-files").setInputFiles(files);
    await until("both are in the table", 5000, async () => /1(\.0+)? Mbit\/s → 1\.50? Mbit\/s/.test(await page.locator("table").first().innerText()));
  },

  async "a file that is no run is refused with the reason"({ page, admin }) {
    const folder = await mkdtemp(join(tmpdir(), "vsps-console-"));
    const file = join(folder, "run.json");
    await writeFile(file, JSON.stringify({ format: "vsps-run", version: 99, sessions: [] }));
    await page.goto(`${admin}/#/runs`);
    await page.locator("#run-files").setInputFiles([file]);
    await page.getByRole("alert").filter({ hasText: "version 99" }).waitFor({ timeout: 5000 });
  },

  async "a report of a benchmark shows its sessions on timelines, from disk"({ browser, page }) {
    const report = join(await mkdtemp(join(tmpdir(), "vsps-console-")), "report.html");
    await promisify(execFile)(process.env.VSPS_BIN ?? "vsps",
      ["bench", "--profile", "3g", "--abr", "bola,bba", "--seeds", "1", "--duration", "40s", "--report", report]);
    const address = pathToFileURL(report).href;
    /** @type {string[]} */
    const asked = [];
    page.on("request", (/** @type {any} */ request) => asked.push(request.url()));
    await page.goto(address);
    const tracks = () => page.evaluate(() => [...document.querySelectorAll("vsps-timeline")].map((one) =>
      /** @type {any} */ (one).tracks.map((/** @type {any} */ track) => track.id).join()));
    await until("both sessions are timelines", 10000, async () => (await tracks()).length === 2);
    assert.deepEqual(new Set(await tracks()), new Set(["rate,buffer,rung,standstill"]));
    assert.equal(await page.locator("details svg").first().isVisible(), false, "the timeline is in place of the picture");
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("details svg").first().isVisible(), true, "the picture is printed");
    assert.deepEqual(asked, [address]);
    const context = await browser.newContext({ javaScriptEnabled: false });
    const still = await context.newPage();
    await still.goto(address);
    assert.equal(await still.locator("details svg").first().isVisible(), true, "the picture is there without scripts");
    await context.close();
  },
};
