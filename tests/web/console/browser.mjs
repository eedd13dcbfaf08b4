// The console in Chromium, against a running proxy: what a person sees and does.
//
//   node console/browser.mjs ADMIN_URL PLAYERS_URL [SCENARIO…]
//
// `CHROMIUM` names another browser than the one in the path. The first scenario that fails ends the run with exit code 1;
// `--pictures FOLDER` keeps a picture of each page.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import * as closed from "./closed.mjs";
import * as looks from "./looks.mjs";
import * as runs from "./saved.mjs";
import * as session from "./live.mjs";

const args = process.argv.slice(2);
const picturesAt = args.indexOf("--pictures");
const pictures = picturesAt < 0 ? null : args.splice(picturesAt, 2)[1];
const [admin, players, ...wanted] = args;
if (!admin || !players) {
  console.error("usage: node console/browser.mjs ADMIN_URL PLAYERS_URL [SCENARIO…]");
  process.exit(2);
}

// With a token in `VSPS_TOKEN`: the scenarios of a proxy that asks for it.
const token = process.env.VSPS_TOKEN;
/** @type {Record<string, (rig: any) => Promise<void>>} */
const SCENARIOS = token ? closed.scenarios : { ...session.scenarios, ...runs.scenarios, ...looks.scenarios };

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--disable-background-networking"],
});
let failed = 0;
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const context = await browser.newContext({ viewport: { width: 1360, height: 1000 }, acceptDownloads: true });
  const page = await context.newPage();
  /** @type {string[]} */
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // A request that fails is told there too; scenarios cause some on purpose.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(message.text());
  });
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  try {
    await scenario({ browser, context, page, admin, players, token });
    if (problems.length > 0) throw new Error(`the page reports: ${problems.join("; ")}`);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error instanceof Error ? error.stack : error}`);
  }
  if (pictures) {
    await mkdir(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) }).catch(() => {});
  }
  await context.close();
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
