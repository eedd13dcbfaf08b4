// A proxy with --admin-token: the page asks for the token, and sends it with each request.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

/** Types the token and continues. @param {any} page @param {string} token */
async function give(page, token) {
  await page.locator("dialog.token input").fill(token);
  await page.getByRole("button", { name: "Continue" }).click();
}

export const scenarios = {
  async "the page asks for the token until it is right, and saves runs with it"({ page, admin, token }) {
    await page.goto(`${admin}/`);
    await page.locator("dialog.token").waitFor();
    await give(page, "wrong");
    await page.locator("dialog.token").waitFor();
    await give(page, token);
    await page.getByRole("button", { name: "Start a session" }).click();
    await page.getByRole("link", { name: "Watch what happens" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save run" }).click();
    const run = JSON.parse(await readFile(await (await download).path(), "utf8"));
    assert.equal(run.format, "vsps-run");
    assert.ok(!page.url().includes(token), "the token is in no address");
  },
};
