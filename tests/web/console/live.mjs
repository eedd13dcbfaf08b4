// A running session: its timeline grows, and its controls have an effect that can be seen.

import assert from "node:assert/strict";
import { api, hungryViewer, until } from "./api.mjs";

/** @param {any} page @param {string} name */
const figure = (page, name) => page.locator(".figures > div", { hasText: name }).first().locator("dd").innerText();

/** The newest delivered rate that is drawn, in bit/s. @param {any} page */
const delivered = (page) => page.evaluate(() => {
  const { run } = /** @type {any} */ (document.querySelector("#main"));
  return run.delivered.values[run.delivered.length - 1] ?? 0;
});

/** The value of a curve at a time, between two points on the straight line. @param {number[][]} points @param {number} at */
function valueAt(points, at) {
  const next = Math.max(1, points.findIndex(([time]) => time >= at));
  const [[from, before], [to, after]] = [points[next - 1], points[next]];
  return to === from ? after : before + ((after - before) * (at - from)) / (to - from);
}

/** Opens the page of a new session with a viewer that always downloads. @param {any} rig @param {object} body */
async function watched({ page, admin }, body) {
  const armed = await api(admin, "POST", "/api/v1/sessions", body);
  const stop = hungryViewer(armed.url);
  await page.goto(`${admin}/#/session/${armed.id}`);
  await until("requests are drawn", 15000, () => page.evaluate(() => {
    const main = /** @type {any} */ (document.querySelector("#main"));
    return main.run?.requests.length > 0 && main.run.delivered.length > 2;
  }));
  return { armed, stop };
}

export const scenarios = {
  async "home starts a session"({ page, admin }) {
    await page.goto(`${admin}/`);
    await page.getByRole("heading", { name: "Start a session" }).waitFor();
    await page.getByLabel("Network profile").first().selectOption("3g");
    await page.getByLabel("Label").fill("from the form");
    await page.getByRole("button", { name: "Start a session" }).click();
    const result = page.locator(".result");
    await result.waitFor();
    const text = await result.innerText();
    assert.match(text, /\/-\/s\/[^/]+\/demo\/hls\/master\.m3u8/, "the address to play");
    assert.match(text, /vsps\.profile=3g/, "a link that does the same");
    assert.match(text, /curl -X POST/);
    assert.match(text, /vsps run .*--profile 3g/, "CI steps");
    assert.equal(await result.locator("svg.qr").count(), 1);
    await until("the list has it", 5000, () => page.locator("tbody tr", { hasText: "from the form" }).count());
    const [{ id }] = (await api(admin, "GET", "/api/v1/sessions")).filter((/** @type {any} */ one) => one.label === "from the form");
    await api(admin, "DELETE", `/api/v1/sessions/${id}`);
  },

  async "the built-in stream plays on the page"({ page, admin }) {
    await page.goto(`${admin}/`);
    const watch = page.locator("section", { hasText: "Watch it now" }).last();
    await watch.getByRole("combobox").selectOption("unlimited");
    await watch.getByRole("button", { name: "Play" }).click();
    await until("the picture moves", 60000, () => page.evaluate(() => (document.querySelector("video")?.currentTime ?? 0) > 1));
  },

  async "a browser that does not play HLS is told what to do"({ page, admin }) {
    if ((await api(admin, "GET", "/players.json")).includes("hls.js")) return;
    await page.addInitScript(() => (HTMLVideoElement.prototype.canPlayType = () => ""));
    await page.goto(`${admin}/`);
    const watch = page.locator("section", { hasText: "Watch it now" }).last();
    await watch.getByRole("button", { name: "Play" }).click();
    await watch.getByText("npm ci").waitFor({ timeout: 5000 });
  },

  async "a long list of sessions has rows only where it is looked at, and is filtered"({ page, admin }) {
    const armed = await Promise.all(Array.from({ length: 120 }, (_, n) => api(admin, "POST", "/api/v1/sessions", { label: `row ${n}.` })));
    await page.goto(`${admin}/`);
    const rows = page.locator(".sessions tbody:not(.spacer) tr");
    await until("the newest ones are there", 5000, () => rows.filter({ hasText: "row" }).count());
    assert.ok((await rows.count()) < 60, "most are no elements");
    await page.locator(".sessions").evaluate((/** @type {Element} */ list) => list.scrollTo(0, list.scrollHeight));
    await until("the oldest one is there", 3000, () => page.getByRole("link", { name: "row 0.", exact: true }).isVisible());
    await page.getByLabel("Filter sessions").fill("row 77.");
    await until("one is left", 3000, async () => (await rows.count()) === 1 && /^1 of /.test(await page.locator("section", { hasText: "Sessions" }).last().locator(".row .muted").innerText()));
    await Promise.all(armed.map(({ id }) => api(admin, "DELETE", `/api/v1/sessions/${id}`)));
  },

  async "the timeline grows"({ page, admin }) {
    const { stop } = await watched({ page, admin }, { rate: "8 Mbit/s", label: "grows" });
    const seen = () => page.evaluate(() => {
      const main = /** @type {any} */ (document.querySelector("#main"));
      return { end: main.view.timeline.view.end, requests: main.run.requests.length, bars: main.tracks().find((/** @type {any} */ track) => track.id === "requests").bars.bars.length };
    });
    const before = await seen();
    await until("later requests are drawn", 10000, async () => {
      const now = await seen();
      return now.end > before.end + 1000 && now.requests > before.requests && now.bars > before.bars;
    });
    stop();
  },

  async "a dragged rate is felt within two seconds"({ page, admin }) {
    const { stop } = await watched({ page, admin }, { rate: "20 Mbit/s" });
    await until("the fast rate is drawn", 15000, async () => (await delivered(page)) > 8e6);
    const slider = page.getByLabel("Rate of the link");
    const box = await slider.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.72, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height / 2, { steps: 6 });
    await page.mouse.up();
    // 0.4 of the slider is about 1.4 Mbit/s.
    await until("the slow rate is drawn", 2000, async () => {
      const bps = await delivered(page);
      return bps > 0 && bps < 3e6;
    });
    assert.match(await page.locator(".same-as").first().innerText().then(() => page.locator(".same-as code").first().textContent()), /curl -X PATCH .*rate/);
    stop();
  },

  async "a pause is shown as a freeze, and undo restores the network"({ page, admin }) {
    const { armed, stop } = await watched({ page, admin }, { rate: "6 Mbit/s" });
    await until("it flows", 10000, async () => (await delivered(page)) > 1e6);
    await page.getByRole("button", { name: "Pause the network" }).click();
    const same = page.locator(".same-as .code-line:visible code");
    await page.locator(".same-as summary").first().click();
    const means = await same.allTextContents();
    assert.match(means.join("\n"), /curl -X PATCH .*paused[\s\S]*vsps\.rate=0%20bit%2Fs[\s\S]*:hang=forever[\s\S]*--rate '0 bit\/s'/, "the same by other means");
    // A session of the address that is shown gets no byte either.
    const [url] = means.filter((text) => text.includes("vsps.rate")).map((text) => text.replace("…", ""));
    const players = new URL(armed.url).origin;
    const session = await fetch(`${players}/demo/hls/master.m3u8${url}`, { redirect: "manual" });
    assert.equal(session.status, 307);
    const stuck = await Promise.race([fetch(new URL(session.headers.get("location") ?? "", players)).then((response) => response.text()), new Promise((done) => setTimeout(done, 1500, "nothing"))]);
    assert.equal(stuck, "nothing", "no byte of the playlist");
    await until("the figure says paused", 4000, async () => (await figure(page, "link rate")) === "paused");
    await until("nothing is delivered", 4000, async () => (await delivered(page)) === 0);
    await until("the freeze is drawn", 5000, () => page.evaluate(() => {
      const lane = /** @type {any} */ (document.querySelector("#main")).tracks().find((/** @type {any} */ track) => track.id === "standstill");
      return lane.rows[0].spans.some((/** @type {any} */ span) => span.colour === "--pause");
    }));
    await page.getByRole("button", { name: /^Undo/ }).click();
    await until("it flows again", 4000, async () => (await delivered(page)) > 1e6);
    assert.notEqual(await figure(page, "link rate"), "paused");
    stop();
  },

  async "a fault is armed, takes effect, and is found by key and filter"({ page, admin }) {
    const { stop } = await watched({ page, admin }, { rate: "10 Mbit/s" });
    await page.getByRole("button", { name: "Fail the next segment" }).click();
    await until("the failed request is drawn", 10000, () => page.evaluate(() =>
      /** @type {any} */ (document.querySelector("#main")).run.requests.some((/** @type {any} */ one) => one.status === 404)));
    await page.getByLabel("Filter requests").fill("404");
    await until("the table shows it alone", 5000, async () => /^1 of /.test(await page.locator(".card .row .muted", { hasText: "of" }).first().innerText()));
    await until("the filter is in the address", 3000, async () => /q=404/.test(page.url()));
    await page.locator(".request-row").first().click();
    assert.match(await page.locator(".details").innerText(), /status = 404[\s\S]*vsps\/playwright/, "a rule and a test to copy");
    stop();
  },

  async "a frozen playlist stays as it is, and is shown as a fault"({ page, admin }) {
    const { armed, stop } = await watched({ page, admin }, { rate: "10 Mbit/s" });
    const read = (/** @type {URL} */ url) => fetch(url).then((response) => response.text());
    const master = new URL("demo/live/hls/master.m3u8", armed.url);
    const variant = (await read(master)).split("\n").find((line) => line !== "" && !line.startsWith("#"));
    const playlist = new URL(variant ?? "", master);
    const moving = await read(playlist);
    await until("the live playlist moves", 20000, async () => (await read(playlist)) !== moving);
    await page.getByRole("button", { name: "Freeze the playlist" }).click();
    await until("the fault is drawn", 10000, async () => {
      await read(playlist);
      return page.evaluate(() => /** @type {any} */ (document.querySelector("#main")).run.requests.some((/** @type {any} */ one) =>
        one.faults.some((/** @type {any} */ fault) => fault.effect === "freeze")));
    });
    const frozen = await read(playlist);
    const before = Date.now();
    await until("it stays for longer than a segment", 20000, async () => {
      assert.equal(await read(playlist), frozen);
      return Date.now() - before > 7000;
    });
    stop();
  },

  async "a dragged range filters the table, and is in the address"({ page, admin }) {
    const { stop } = await watched({ page, admin }, { rate: "10 Mbit/s" });
    await page.waitForTimeout(3000);
    const box = await page.locator("vsps-timeline canvas").nth(1).boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width * 0.1, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.3, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await until("a part of the requests", 4000, async () => /\d+ of \d+ requests/.test(await page.locator(".row > .muted", { hasText: "requests" }).first().innerText()));
    await until("the range is in the address", 3000, async () => /range=\d+-\d+/.test(page.url()));
    await page.locator("vsps-timeline").focus();
    await page.evaluate(() => /** @type {any} */ (document.querySelector("vsps-timeline")).shadowRoot.querySelector(".frame").focus());
    await page.keyboard.press("Escape");
    await until("the range is gone", 3000, async () => !/range=/.test(page.url()));
    stop();
  },

  // The wish list that the project began with: "custom delay UI".
  async "custom delay UI: video is delayed, for all sessions with a label"({ page, admin }) {
    const other = await api(admin, "POST", "/api/v1/sessions", { label: "slow" });
    const { armed, stop } = await watched({ page, admin }, { rate: "10 Mbit/s", label: "slow" });
    await page.getByLabel("all sessions labelled").check();
    await page.getByLabel("Video", { exact: true }).fill("1.5");
    await page.getByLabel("Video", { exact: true }).press("Tab");
    for (const { id } of [armed, other]) {
      await until("the rule is in force", 5000, async () =>
        JSON.stringify((await api(admin, "GET", `/api/v1/sessions/${id}`)).rules).includes("segment.video:delay=1500ms"));
    }
    await until("a delayed request is drawn", 15000, () => page.evaluate(() =>
      /** @type {any} */ (document.querySelector("#main")).run.requests.some((/** @type {any} */ one) =>
        one.faults.some((/** @type {any} */ fault) => fault.effect === "delay") && one.end_ms - one.start_ms >= 1500)));
    stop();
  },

  // The wish list: "visualise performance metrics", "detailed logging and analytics".
  async "analytics: what the viewer had is shown, and the run can be saved"({ page, admin }) {
    const { armed, stop } = await watched({ page, admin }, { rate: "10 Mbit/s" });
    await until("the figures are there", 8000, async () => /startup/.test(await page.locator("section", { hasText: "What the viewer had" }).innerText()));
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save run" }).click();
    assert.match((await download).suggestedFilename(), new RegExp(`vsps-run-${armed.id}`));
    stop();
  },

  async "players play side by side"({ page, admin }) {
    const embedded = await api(admin, "GET", "/players.json");
    const wanted = embedded.includes("hls.js") ? ["hls.js", "the browser"] : ["the browser"];
    await page.goto(`${admin}/#/play`);
    await page.getByLabel("Players").waitFor();
    for (const name of ["hls.js", "dash.js", "Shaka Player", "the browser"]) {
      const box = page.getByLabel(name, { exact: true });
      if (await box.isEnabled()) await box.setChecked(wanted.includes(name));
    }
    if (!embedded.includes("hls.js")) assert.match(await page.locator("main").innerText(), /npm ci/, "how to add players");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await until("every picture moves, and its buffer is drawn", 90000, () => page.evaluate((/** @type {number} */ count) => {
      const seats = /** @type {any} */ (document.querySelector("#main")).seats ?? [];
      return seats.length === count && seats.every((/** @type {any} */ seat) => seat.video.currentTime > 1 && seat.buffer.length > 2);
    }, wanted.length));
  },

  async "the page of a session draws the player's own buffer beside the estimate"({ page, context, admin }) {
    await page.goto(`${admin}/#/play`);
    await page.getByLabel("Players").waitFor();
    await page.getByLabel("Network profile").selectOption("3g");
    for (const name of ["hls.js", "dash.js", "Shaka Player", "the browser"]) {
      const box = page.getByLabel(name, { exact: true });
      if (await box.isEnabled()) await box.setChecked(name === "the browser");
    }
    await page.getByRole("button", { name: "Play", exact: true }).click();
    const id = await until("the player has a session", 10000, () => page.evaluate(() => /** @type {any} */ (document.querySelector("#main")).seats?.[0]?.session.id));
    const other = await context.newPage();
    await other.goto(`${admin}/#/session/${id}`);
    const series = () => other.evaluate(() => {
      const { run } = /** @type {any} */ (document.querySelector("#main"));
      const list = (/** @type {any} */ points) => Array.from({ length: points.length }, (_, n) => [points.times[n], points.values[n]]);
      return { player: list(run.player), estimated: list(run.estimated) };
    });
    await until("20 s of playback are drawn", 120000, async () => {
      const { player } = await series();
      const shown = player.filter(([, ms]) => ms > 0);
      return shown.length > 30 && shown[shown.length - 1][0] - shown[0][0] > 20000;
    });
    await other.locator("vsps-timeline").getByText("the player's own (Play page)").first().waitFor({ timeout: 3000 });
    const { player, estimated } = await series();
    const [first, last] = [estimated[0][0], estimated[estimated.length - 1][0]];
    const errors = player.filter(([at, ms]) => ms > 0 && at >= first && at <= last).map(([at, ms]) => Math.abs(valueAt(estimated, at) - ms));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    console.log(`the estimated buffer differs from the player's own by ${Math.round(mean)} ms, in the mean of ${errors.length} samples`);
    assert.ok(errors.length > 20 && mean < 4000, `${mean} ms in ${errors.length} samples`);
    const { timeline } = (await api(admin, "GET", `/api/v1/sessions/${id}/run`)).sessions[0];
    assert.ok(timeline.buffer.player.length >= player.length, "a saved run has it");
    await other.close();
  },

  async "a page that was opened while the proxy was gone is built when it is back"({ page, context, admin }) {
    await page.goto(`${admin}/`);
    await page.getByRole("heading", { name: "Start a session" }).waitFor();
    for (const [name, text] of [["Profiles", "Network profiles"], ["Faults", "Built-in faults"], ["Play", "Seed"]]) {
      await context.setOffline(true);
      await page.getByRole("navigation").getByRole("link", { name }).click();
      await until("it says that the proxy is gone", 5000, async () => (await page.locator("#connection").innerText()).includes("does not answer"));
      await context.setOffline(false);
      await page.locator("main").getByText(text).first().waitFor({ timeout: 5000 });
    }
  },

  async "a proxy that is gone is told, and so is its return"({ page, context, admin }) {
    await page.goto(`${admin}/`);
    await page.getByRole("heading", { name: "Start a session" }).waitFor();
    await context.setOffline(true);
    await until("it says so", 8000, async () => (await page.locator("#connection").innerText()).includes("does not answer"));
    await context.setOffline(false);
    await until("it is back", 8000, async () => (await page.locator("#connection").innerText()) === "");
  },

  async "text of others is never markup"({ page, admin }) {
    const label = "<img src=x onerror=alert(1)>";
    const { stop, armed } = await watched({ page, admin }, { label });
    await until("the heading has the label as text", 5000, async () => (await page.locator("h1").innerText()).includes(label));
    await page.goto(`${admin}/`);
    await until("so has the list", 5000, () => page.locator("tbody a", { hasText: label }).count());
    assert.equal(await page.locator("main img").count(), 0);
    stop();
    await api(admin, "DELETE", `/api/v1/sessions/${armed.id}`);
  },
};
