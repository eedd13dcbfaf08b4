// A video that plays HLS: by the browser itself (Chromium from version 142, Safari), else by hls.js if it is embedded.

import { embedded, load, PLAYERS, playsHls } from "../players/adapter.js";
import { h, setText } from "./dom.js";

/**
 * A video that plays `url`, and what to say about it.
 * @param {string} url of an HLS playlist
 */
export async function streamPlayer(url) {
  const kind = await kindFor(url);
  const video = h("video", { controls: true, playsinline: true, autoplay: true, muted: true });
  video.muted = true;
  const state = h("span", { class: "muted", role: "status" }, "loading");
  const say = (/** @type {string} */ text) => setText(state, text);
  video.addEventListener("playing", () => say("playing"));
  video.addEventListener("waiting", () => say("waiting for data"));
  video.addEventListener("ended", () => say("ended"));
  const playing = kind?.start(video, url, (what, text) => {
    if (what === "error" && (video.error || text.endsWith("(fatal)"))) say(`The player gave up: ${text}`);
  });
  if (!kind) say(ADVICE);
  return { element: video, video, state, end: () => playing?.end() };
}

const ADVICE = "This browser does not play HLS by itself, and hls.js is not embedded: run npm ci in console/ and build vsps again.";

/**
 * The first player that plays `url` here, with its script loaded.
 * @param {string} url
 */
async function kindFor(url) {
  const scripts = playsHls() ? [] : await embedded();
  const kind = PLAYERS.find(({ script, plays }) => plays(url) && (script === null || scripts.includes(script)));
  if (kind) await load(kind);
  return kind;
}
