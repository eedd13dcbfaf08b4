// The browser's own player. Chromium (from 142), Safari and others play HLS by themselves.

import { h, setText } from "./dom.js";

/** Whether the browser says that it plays HLS. */
export function playsHls() {
  return document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
}

/**
 * A video that plays `url`, and what to say about it.
 * @param {string} url
 */
export function nativePlayer(url) {
  const video = h("video", { controls: true, playsinline: true, autoplay: true, muted: true });
  video.muted = true;
  const state = h("span", { class: "muted", role: "status" }, "loading");
  const say = (/** @type {string} */ text) => setText(state, text);
  video.addEventListener("playing", () => say("playing"));
  video.addEventListener("waiting", () => say("waiting for data"));
  video.addEventListener("ended", () => say("ended"));
  video.addEventListener("error", () => say(failure(video, url)));
  video.src = url;
  const end = () => {
    video.removeAttribute("src");
    video.load();
  };
  return { element: video, video, state, end };
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} url
 */
function failure(video, url) {
  const text = video.error?.message || `code ${video.error?.code}`;
  const dash = /\.mpd(\?|$)/.test(url);
  if (dash) return "This browser does not play DASH by itself: choose dash.js or Shaka on the page Play.";
  if (!playsHls()) return "This browser does not play HLS by itself: choose hls.js on the page Play.";
  return `The player gave up: ${text}`;
}
