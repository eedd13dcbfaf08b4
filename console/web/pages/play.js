// Play: the browser's player, hls.js, dash.js and Shaka Player, alone or side by side, on one time axis.

import { get, request } from "../client/api.js";
import { armingBody, splitUrl, STREAMS } from "../data/recipes.js";
import { attempt, field, fill, h, select } from "../parts/dom.js";
import { ControlPanel } from "../parts/control_panel.js";
import { poll, untilDone } from "../parts/poll.js";
import { route } from "../parts/route.js";
import { embedded, PLAYERS } from "../players/adapter.js";
import { Seat } from "../players/seat.js";
import { seatTracks } from "../players/seat_tracks.js";
import "../timeline/timeline.js";

/** @typedef {import("../players/adapter.js").PlayerKind} PlayerKind */

/**
 * @param {HTMLElement} main
 * @returns {() => void}
 */
export function playPage(main) {
  /** @type {Seat[]} */
  let seats = [];
  /** @type {(() => void) | undefined} */
  let stop;
  const end = () => {
    stop?.();
    for (const seat of seats) seat.end();
    seats = [];
  };
  const timeline = /** @type {import("../timeline/timeline.js").Timeline} */ (document.createElement("vsps-timeline"));
  timeline.setAttribute("label", "What the players did, on one time axis");
  const stage = h("div", { class: "stack" });
  const form = h("div", { class: "card" }, h("h1", {}, "Play"));
  fill(main, form, h("div", { class: "below" }, stage));

  const start = (/** @type {PlayerKind[]} */ kinds, /** @type {{id: string, url: string}[]} */ sessions) => {
    end();
    const zero = performance.now();
    seats = kinds.map((kind, n) => new Seat(kind, sessions[n], zero));
    const panel = new ControlPanel(sessions[0].id, () => {});
    fill(stage, h("div", { class: "session-layout" },
      h("div", { class: "stack" }, h("div", { class: "players" }, seats.map((seat) => seat.element)), h("div", { class: "card timeline-card" }, timeline)),
      h("div", { class: "side" }, panel.element)));
    for (const seat of seats) seat.start().catch((error) => seat.note("error", String(error)));
    stop = poll(500, async () => {
      await Promise.all(seats.map((seat) => seat.sample()));
      timeline.tracks = seatTracks(seats);
      timeline.extend(performance.now() - zero);
      panel.update(await get(`/api/v1/sessions/${encodeURIComponent(sessions[0].id)}`));
    });
    Object.assign(main, { seats });
  };
  const stopLoading = untilDone(async () => {
    const [status, scripts, profiles] = await Promise.all([get("/api/v1/status"), embedded(), get("/api/v1/profiles")]);
    buildForm(form, status, scripts, profiles, start, end);
  });
  return () => {
    stopLoading();
    end();
  };
}

/**
 * @param {HTMLElement} card
 * @param {import("../data/shapes.js").StatusJson} status
 * @param {string[]} scripts
 * @param {import("../data/shapes.js").ProfileJson[]} profiles
 * @param {(kinds: PlayerKind[], sessions: {id: string, url: string}[]) => void} start
 * @param {() => void} end
 */
function buildForm(card, status, scripts, profiles, start, end) {
  const { query } = route();
  const given = query.get("session");
  const names = profiles.map(({ name }) => name);
  const profile = select((names.includes(status.profile) ? names : [status.profile, ...names]).map((name) => [name, name]));
  profile.value = status.profile;
  const stream = h("input", { list: "streams", value: query.get("stream") ?? (status.built_in_origin ? STREAMS[0][0] : ""), required: true });
  const streams = h("datalist", { id: "streams" }, status.built_in_origin ? STREAMS.map(([path, name]) => h("option", { value: path }, name)) : null);
  const sharing = select([["own", "a network of its own for each"], ["shared", "one link for all"]]);
  const seed = h("input", { inputmode: "numeric", pattern: "[0-9]*", placeholder: "any" });
  const boxes = PLAYERS.map((kind) => {
    const there = kind.script === null || scripts.includes(kind.script);
    const box = h("input", { type: "checkbox", disabled: !there });
    return { kind, box, there, label: h("label", { class: "row" }, box, kind.name) };
  });
  const choose = () => {
    const able = boxes.filter(({ kind, there }) => there && kind.plays(stream.value));
    for (const { box } of boxes) box.checked = able[0]?.box === box;
  };
  choose();
  stream.addEventListener("change", choose);
  const play = async () => {
    const kinds = boxes.filter(({ box }) => box.checked).map(({ kind }) => kind);
    if (kinds.length === 0) throw new Error("Choose a player.");
    const wrong = kinds.find((kind) => !kind.plays(stream.value));
    if (wrong) throw new Error(`${wrong.name} does not play this format. Choose another player or stream.`);
    start(kinds, await sessionsFor(kinds.length));
  };
  const sessionsFor = async (/** @type {number} */ count) => {
    const split = stream.value.startsWith("/") ? { origin: undefined, path: stream.value } : splitUrl(stream.value);
    if (!split) throw new Error("Write a path that begins with /, or an address with http:// or https://.");
    const link = sharing.value === "shared" && count > 1 ? `play-${Date.now().toString(36)}` : undefined;
    const body = armingBody({ profile: profile.value, seed: seed.value, origin: split.origin, link, label: "console" });
    const sessions = [];
    for (let n = 0; n < count; n += 1) {
      const armed = given && n === 0 ? await get(`/api/v1/sessions/${encodeURIComponent(given)}`) : await request("POST", "/api/v1/sessions", body);
      sessions.push({ id: String(armed.id), url: armed.url + split.path.replace(/^\//, "") });
    }
    return sessions;
  };
  const missing = boxes.filter(({ there }) => !there).map(({ kind }) => kind.name);
  card.append(h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(play);
  } },
    h("div", { class: "fields" }, field("Stream", stream, "a path at the default origin, or an address"),
      given ? h("p", {}, `In session ${given}; further players get sessions of their own.`) : field("Network profile", profile),
      field("Seed", seed), field("Several players have", sharing)), streams,
    h("fieldset", { class: "row" }, h("legend", {}, "Players"), boxes.map(({ label }) => label)),
    missing.length > 0 ? h("p", { class: "muted" }, `${missing.join(", ")}: run `, h("code", {}, "npm ci"), " in console/ and build vsps again to embed them.") : null,
    h("div", { class: "row" }, h("button", { class: "primary" }, "Play"), h("button", { type: "button", onclick: end }, "Stop"))));
}
