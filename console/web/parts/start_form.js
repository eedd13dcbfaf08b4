// The form that starts a session, and its result: address, QR code, curl, CI steps.

import { get, request } from "../client/api.js";
import { armingBody, ciSteps, curl, splitUrl, startingUrl, STREAMS } from "../data/recipes.js";
import { codeLine } from "./code_line.js";
import { attempt, field, fill, h, select } from "./dom.js";
import { showPicture } from "./profile_picture.js";
import { qrCode } from "./qr.js";
import { sessionLink } from "./route.js";
import "../timeline/timeline.js";

/** @typedef {import("../data/shapes.js").StatusJson} StatusJson */
/** @typedef {import("../data/recipes.js").Arming} Arming */
/** @typedef {{id: string, url: string, stream: string}} Started */

/**
 * A form that starts sessions.
 * @param {StatusJson} status
 * @param {{profile?: string, fault?: string, onStart?: (started: Started) => void}} [options]
 */
export function startForm(status, { profile = status.profile, fault = "", onStart } = {}) {
  const own = h("input", { type: "url", placeholder: "https://cdn.example/path/master.m3u8", name: "url" });
  const streams = /** @type {[string, string][]} */ ([
    ...(status.built_in_origin ? STREAMS : []), ["", status.built_in_origin ? "Your own stream…" : "An address…"],
  ]);
  const stream = select(streams, { name: "stream" });
  const ownField = field("Address of its manifest", own, "http or https; the session may fetch from this host");
  const profiles = select([[profile, profile]], { name: "profile" });
  const seed = h("input", { name: "seed", inputmode: "numeric", pattern: "[0-9]*", placeholder: "any" });
  const label = h("input", { name: "label", maxlength: 64, placeholder: "none" });
  const link = h("input", { name: "link", maxlength: 64, pattern: "[A-Za-z0-9_\\-]*", placeholder: "a link of its own" });
  const faults = h("input", { name: "faults", list: "fault-names", placeholder: "none", value: fault });
  const names = h("datalist", { id: "fault-names" });
  const picture = /** @type {import("../timeline/timeline.js").Timeline} */ (document.createElement("vsps-timeline"));
  picture.setAttribute("label", "The profile's rate over two minutes");
  const result = h("div", { "aria-live": "polite" });

  const arming = () => {
    const split = stream.value === "" ? splitUrl(own.value) : { origin: undefined, path: stream.value };
    /** @type {Arming} */
    const values = {
      profile: profiles.value, seed: seed.value, label: label.value, link: link.value, origin: split?.origin,
      faults: faults.value.split(/[;,]\s*/).filter((name) => name !== ""),
    };
    return split && { path: split.path, values };
  };
  const redraw = () => void attempt(() => showPicture(picture, profiles.value, seed.value || 1));
  const form = h("form", { class: "stack", onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void attempt(async () => {
      const what = arming();
      if (!what) throw new Error("Write the address of a manifest, with http:// or https://.");
      const armed = await request("POST", "/api/v1/sessions", armingBody(what.values));
      const url = armed.url + what.path.replace(/^\//, "");
      fill(result, resultCard(status, { id: armed.id, url, stream: what.path }, what.path, what.values));
      onStart?.({ id: armed.id, url, stream: what.path });
    });
  } },
    h("div", { class: "fields" }, field("Stream", stream), ownField, field("Network profile", profiles),
      field("Seed", seed, "the same number, the same network"), field("Faults", faults, "names, separated by commas"),
      field("Label", label), field("Shared link", link, "sessions with this name share one link")),
    h("div", { class: "picture" }, picture), names,
    h("div", { class: "row" }, h("button", { class: "primary" }, "Start a session")), result);

  const showOwn = () => {
    ownField.hidden = stream.value !== "";
    own.required = stream.value === "";
  };
  stream.addEventListener("change", showOwn);
  profiles.addEventListener("change", redraw);
  seed.addEventListener("change", redraw);
  showOwn();
  void loadNames(profiles, names, profile);
  redraw();
  return form;
}

/**
 * @param {HTMLSelectElement} profiles
 * @param {HTMLDataListElement} names
 * @param {string} chosen
 */
async function loadNames(profiles, names, chosen) {
  await attempt(async () => {
    const [known, faults] = await Promise.all([get("/api/v1/profiles"), get("/api/v1/faults")]);
    const listed = known.map((/** @type {{name: string}} */ one) => one.name);
    // A profile from a file is not in the list, but it is the default.
    const all = listed.includes(chosen) ? listed : [chosen, ...listed];
    fill(profiles, all.map((/** @type {string} */ name) => h("option", { value: name }, name)));
    profiles.value = chosen;
    fill(names, faults.map((/** @type {{name: string, summary: string}} */ one) => h("option", { value: one.name }, one.summary)));
  });
}

/**
 * @param {StatusJson} status
 * @param {Started} started
 * @param {string} path
 * @param {Arming} arming
 */
function resultCard(status, started, path, arming) {
  const admin = location.origin;
  const lines = [
    codeLine("Play this", started.url),
    codeLine("Or this", startingUrl(status.players_url, path, arming)),
    codeLine("curl", curl("POST", `${admin}/api/v1/sessions`, armingBody(arming))),
    codeLine("CI steps", ciSteps(path, arming)),
  ];
  return h("div", { class: "card result" },
    h("div", { class: "row" }, h("h3", {}, `Session ${started.id} waits for its player`),
      h("a", { class: "button primary", href: sessionLink(started.id) }, "Watch what happens"),
      h("a", { class: "button", href: `#/play?session=${encodeURIComponent(started.id)}&stream=${encodeURIComponent(path)}` }, "Play it here")),
    h("p", { class: "muted" }, "The second address starts a new session like it at each first request."),
    h("div", { class: "row addresses" }, h("div", { class: "grow stack" }, lines.map((line) => line.element)), qrCode(started.url)));
}
