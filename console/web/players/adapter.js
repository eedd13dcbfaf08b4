// The players of the page, behind the few words that they share.

/**
 * A player that plays. `bitrate` is the declared bitrate of the rendition that it plays or loads, in bit/s.
 * @typedef {{bitrate: () => number | null, end: () => void}} Playing
 */

/**
 * A kind of player. `script` is the file that has it; `start` plays `url` in `video`, and calls `say` with what the
 * player reports.
 * @typedef {{id: string, name: string, script: string | null, plays: (url: string) => boolean,
 *   start: (video: HTMLVideoElement, url: string, say: (kind: "error" | "switch", text: string) => void) => Playing}} PlayerKind
 */

/** Whether the browser says that it plays HLS. */
export function playsHls() {
  return document.createElement("video").canPlayType("application/vnd.apple.mpegurl") !== "";
}

const isDash = (/** @type {string} */ url) => /\.mpd(\?|$)/.test(url);
const isHls = (/** @type {string} */ url) => /\.m3u8(\?|$)/.test(url);
/** @param {string} name @returns {any} */
const library = (name) => /** @type {any} */ (globalThis)[name];

/** @type {PlayerKind} */
const native = {
  id: "native", name: "the browser", script: null,
  plays: (url) => !isDash(url) && (!isHls(url) || playsHls()),
  start(video, url, say) {
    video.addEventListener("error", () => say("error", video.error?.message || `code ${video.error?.code}`));
    video.addEventListener("resize", () => say("switch", `shows ${video.videoWidth}×${video.videoHeight}`));
    video.src = url;
    const end = () => {
      video.removeAttribute("src");
      video.load();
    };
    return { bitrate: () => null, end };
  },
};

/** @type {PlayerKind} */
const hls = {
  id: "hls.js", name: "hls.js", script: "hls.js", plays: isHls,
  start(video, url, say) {
    const Hls = library("Hls");
    const player = new Hls();
    player.on(Hls.Events.ERROR, (/** @type {any} */ _, /** @type {any} */ data) =>
      say("error", `${data.type} ${data.details}${data.fatal ? " (fatal)" : ""}`));
    player.on(Hls.Events.LEVEL_SWITCHED, (/** @type {any} */ _, /** @type {any} */ { level }) =>
      say("switch", `plays level ${level + 1}`));
    player.loadSource(url);
    player.attachMedia(video);
    return { bitrate: () => player.levels[player.currentLevel]?.bitrate ?? null, end: () => player.destroy() };
  },
};

/** @type {PlayerKind} */
const dash = {
  id: "dash.js", name: "dash.js", script: "dash.js", plays: isDash,
  start(video, url, say) {
    const dashjs = library("dashjs");
    const player = dashjs.MediaPlayer().create();
    const { events } = dashjs.MediaPlayer;
    player.updateSettings({
      debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
      // For live manifests that name no clock: the proxy's origin has one; the default is a server on the Internet.
      streaming: { utcSynchronization: { defaultTimingSource: {
        scheme: "urn:mpeg:dash:utc:http-iso:2014", value: new URL("/demo/time", url).href } } },
    });
    player.on(events.ERROR, (/** @type {any} */ { error }) => say("error", `${error.code} ${error.message}`));
    player.on(events.QUALITY_CHANGE_RENDERED, (/** @type {any} */ event) => {
      if (event.mediaType === "video") say("switch", `plays ${event.newRepresentation?.id ?? "another representation"}`);
    });
    player.initialize(video, url, true);
    const bitrate = () => {
      const now = player.getCurrentRepresentationForType?.("video");
      return now ? now.bandwidth ?? now.bitrateInKbit * 1000 : null;
    };
    return { bitrate, end: () => player.destroy() };
  },
};

/** @type {PlayerKind} */
const shaka = {
  id: "shaka", name: "Shaka Player", script: "shaka.js", plays: (url) => isDash(url) || isHls(url),
  start(video, url, say) {
    const { Player, polyfill } = library("shaka");
    polyfill.installAll();
    const player = new Player();
    player.addEventListener("error", (/** @type {any} */ { detail }) => say("error", `Shaka error ${detail.code}`));
    player.addEventListener("adaptation", (/** @type {any} */ { newTrack }) => say("switch", `loads ${newTrack?.height}p`));
    player.attach(video).then(() => player.load(url)).then(() => video.play()).catch((/** @type {any} */ error) => {
      if (error?.code !== 7000) say("error", `Shaka error ${error?.code ?? error}`);
    });
    const bitrate = () => player.getVariantTracks().find((/** @type {any} */ track) => track.active)?.bandwidth ?? null;
    return { bitrate, end: () => void player.destroy() };
  },
};

/** All kinds, the browser's own first. */
export const PLAYERS = [native, hls, dash, shaka];

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/**
 * Loads the script of a player, once.
 * @param {PlayerKind} kind
 * @returns {Promise<void>}
 */
export function load({ script }) {
  if (script === null) return Promise.resolve();
  let promise = loading.get(script);
  if (!promise) {
    promise = new Promise((done, failed) => {
      const element = document.createElement("script");
      element.src = new URL(`./${script}`, import.meta.url).href;
      element.addEventListener("load", () => done());
      element.addEventListener("error", () => failed(new Error(`${script} could not be loaded.`)));
      document.head.append(element);
    });
    loading.set(script, promise);
  }
  return promise;
}

/** The scripts that are embedded in the proxy. @returns {Promise<string[]>} */
export async function embedded() {
  try {
    const response = await fetch(new URL("../players.json", import.meta.url));
    return response.ok ? await response.json() : [];
  } catch {
    return [];
  }
}
