// Home: what runs here, its addresses, a stream to watch, a form that starts a session, and the sessions.

import { get, request } from "../client/api.js";
import { STREAMS } from "../data/recipes.js";
import { codeLine } from "../parts/code_line.js";
import { attempt, fill, h, select } from "../parts/dom.js";
import { streamPlayer } from "../parts/stream_player.js";
import { poll } from "../parts/poll.js";
import { qrCode } from "../parts/qr.js";
import { sessionLink } from "../parts/route.js";
import { sessionList } from "../parts/session_list.js";
import { startForm } from "../parts/start_form.js";

/** @typedef {import("../data/shapes.js").StatusJson} StatusJson */

/**
 * @param {HTMLElement} main
 * @returns {() => void}
 */
export function homePage(main) {
  const about = h("div", { class: "card" }, h("h1", {}, "VideoStreamProxySimulator"));
  const starting = h("section", { class: "card", "aria-labelledby": "start" }, h("h2", { id: "start" }, "Start a session"));
  const watching = h("section", { class: "card", "aria-labelledby": "watch" }, h("h2", { id: "watch" }, "Watch it now"));
  const list = sessionList();
  fill(main, about, h("div", { class: "columns below" }, starting, watching),
    h("section", { class: "card", "aria-labelledby": "sessions" }, h("h2", { id: "sessions" }, "Sessions"), list.element));
  let built = false;
  /** @type {(() => void) | undefined} */
  let endWatching;
  const build = async () => {
    const status = /** @type {StatusJson} */ (await get("/api/v1/status"));
    if (built) return;
    built = true;
    fill(about, aboutProxy(status));
    starting.append(startForm(status));
    endWatching = watch(watching, status);
  };
  const stop = poll(1000, async () => {
    if (!built) await build();
    list.update(await get("/api/v1/sessions"));
  });
  return () => {
    stop();
    endWatching?.();
  };
}

/** @param {StatusJson} status */
function aboutProxy(status) {
  const fact = (/** @type {string} */ name, /** @type {string | Node} */ value) =>
    h("div", {}, h("dt", {}, name), h("dd", {}, value));
  const address = (/** @type {string} */ path) => status.players_url + path;
  const players = codeLine("Players", address(status.built_in_origin ? STREAMS[0][0] : "/"));
  const code = h("div", {}, qrCode(players.text()));
  const stream = select(STREAMS, { "aria-label": "Stream of the address", onchange: () => {
    players.set(address(stream.value));
    fill(code, qrCode(players.text()));
  } });
  const local = /\/\/(127\.|localhost|\[::1\])/.test(status.players_url);
  return [
    h("h1", {}, "VideoStreamProxySimulator"),
    h("dl", { class: "facts" }, fact("version", status.version), fact("default profile", h("a", { href: `#/profiles/${encodeURIComponent(status.profile)}` }, status.profile)),
      fact("seed", String(status.seed)), fact("origin", status.built_in_origin ? "built in" : status.origin)),
    h("div", { class: "row addresses" },
      h("div", { class: "grow" },
        status.built_in_origin ? stream : null,
        players.element,
        codeLine("API", `${location.origin}/api/v1/sessions`).element,
        codeLine("Metrics", `${location.origin}/metrics`).element,
        h("p", { class: "muted" }, local
          ? "Players on this machine only. For phones and televisions start vsps with --listen 0.0.0.0:8080."
          : "A phone that scans the code plays the stream through the proxy.")),
      code),
  ];
}

/**
 * The built-in stream in the page, in a session of its own.
 * @param {HTMLElement} place
 * @param {StatusJson} status
 */
function watch(place, status) {
  if (!status.built_in_origin) {
    place.append(h("p", {}, "The built-in stream is not served, because this proxy has another origin. The page ",
      h("a", { href: "#/play" }, "Play"), " plays any address."));
    return undefined;
  }
  const profile = select([...new Set([status.profile, "unlimited", "wifi", "4g", "3g", "abr-ramp", "abr-dropout"])].map((name) => [name, name]),
    { "aria-label": "Network profile" });
  const stage = h("div", { class: "stack" });
  /** @type {(() => void) | undefined} */
  let end;
  const start = () => void attempt(async () => {
    end?.();
    const armed = await request("POST", "/api/v1/sessions", { profile: profile.value, label: "console" });
    const player = await streamPlayer(armed.url + STREAMS[0][0].slice(1));
    end = player.end;
    fill(stage, player.element, h("div", { class: "row" },
      h("a", { class: "button primary", href: sessionLink(armed.id) }, "See the session"), player.state));
  });
  place.append(h("p", { class: "muted" }, "The built-in stream, played here through the chosen network."),
    h("div", { class: "row" }, h("div", { class: "grow" }, profile), h("button", { class: "primary", onclick: start }, "Play")), stage);
  return () => end?.();
}
