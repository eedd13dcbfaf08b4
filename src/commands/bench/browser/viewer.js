// In the page: plays an address with hls.js, dash.js, Shaka Player or the browser alone, and tells what a viewer
// would see.

const POLL_MS = 100;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const now = () => performance.now() / 1000;

/** hls.js, behind the few words that the players share. */
function hlsPlayer(video, url, seen, stock, cmcd) {
  // By default hls.js fills its buffer with up to ten minutes of the lowest rung, and what it
  // learns of a better network is seen as late. A short buffer shows it soon.
  // And a live player that started late may catch up.
  const short = { maxBufferLength: 15, maxMaxBufferLength: 15, maxLiveSyncPlaybackRate: 1.2 };
  const hls = new Hls({ ...(stock ? {} : short), ...(cmcd ? { cmcd: {} } : {}) });
  // Not play(): a steering manifest may have the player begin anew, and that would end it.
  video.autoplay = true;
  hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => { hls.subtitleTrack = 0; });
  hls.on(Hls.Events.FRAG_BUFFERED, (_, { frag, stats }) => {
    if (frag.type !== "main" || frag.sn === "initSegment") return;
    const { start, first, end } = stats.loading;
    seen.loaded(frag.start, frag.start + frag.duration, frag.level, [start, first, end, stats.loaded]);
  });
  hls.on(Hls.Events.LEVEL_SWITCHED, (_, { level }) => seen.rungs.add(level));
  hls.on(Hls.Events.ERROR, (_, { fatal, type, details }) =>
    seen[fatal ? "fatal" : "errors"].push(`${type}/${details}`));
  hls.loadSource(url);
  hls.attachMedia(video);
  return {
    ladder: () => hls.levels.map(({ width, height }) => `${width}x${height}`),
    force: (rung) => { hls.currentLevel = rung; },
    latency: () => hls.latency,
    end: () => hls.destroy(),
  };
}

/** dash.js, likewise. */
function dashPlayer(video, url, seen, stock) {
  const player = dashjs.MediaPlayer().create();
  const events = dashjs.MediaPlayer.events;
  const video_only = (event) => event.mediaType === "video";
  const since = (date) => date.getTime() - performance.timeOrigin;
  // All representations: without it, dash.js leaves out those larger than the element.
  if (!stock) player.updateSettings({
    streaming: {
      abr: { limitBitrateByPortal: false },
      // For live manifests that name no clock; by default it asks one on the Internet.
      utcSynchronization: {
        defaultTimingSource: {
          scheme: "urn:mpeg:dash:utc:http-iso:2014", value: new URL("/demo/time", url).href,
        },
      },
    },
    debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE },
  });
  player.on(events.FRAGMENT_LOADING_COMPLETED, ({ request, error }) => {
    if (error || !video_only(request) || request.type !== "MediaSegment") return;
    const times = [request.startDate, request.firstByteDate ?? request.startDate, request.endDate].map(since);
    seen.loaded(request.startTime, request.startTime + request.duration,
      request.representation.absoluteIndex, [...times, request.bytesTotal]);
  });
  player.on(events.QUALITY_CHANGE_RENDERED, (event) => {
    if (video_only(event)) seen.rungs.add(event.newRepresentation.absoluteIndex);
  });
  // Whatever dash.js reports through ERROR has ended the playback or lost a piece of it for good.
  player.on(events.ERROR, ({ error }) => seen.fatal.push(`${error.code} ${error.message}`));
  player.initialize(video, url, true);
  return {
    ladder: () => player.getRepresentationsByType("video").map(({ width, height }) => `${width}x${height}`),
    force: (rung) => {
      player.updateSettings({ streaming: { abr: { autoSwitchBitrate: { video: false } } } });
      player.setRepresentationForTypeByIndex("video", rung, true);
    },
    latency: () => player.getCurrentLiveLatency(),
    end: () => player.destroy(),
  };
}

/** Shaka Player, likewise. */
function shakaPlayer(video, url, seen, stock) {
  // Chromium moves a media element to the start of a live seekable range that is set before its metadata
  // are there. Shaka 4 takes that for a seek by the user and starts at the old end of the window, where
  // it may wait for ever for what it asked for at the edge. Without the method it does not use the range.
  delete MediaSource.prototype.setLiveSeekableRange;
  const player = new shaka.Player();
  const { CRITICAL } = shaka.util.Error.Severity;
  const trouble = ({ severity, code, data }) =>
    seen[severity === CRITICAL ? "fatal" : "errors"].push(`${code} ${data}`);
  if (!stock) player.configure({
    streaming: { lowLatencyMode: true, liveSync: { enabled: true, maxPlaybackRate: 1.5 } },
  });
  const videos = () => player.getVariantTracks().sort((a, b) => a.bandwidth - b.bandwidth);
  const size = ({ width, height }) => `${width}x${height}`;
  const ladder = () => [...new Set(videos().map(size))];
  const shown = ({ newTrack }) => seen.rungs.add(ladder().indexOf(size(newTrack)));
  player.getNetworkingEngine().registerResponseFilter((_, response, context) => {
    const { stream, segment } = context ?? {};
    const media = context?.type === shaka.net.NetworkingEngine.AdvancedRequestType.MEDIA_SEGMENT;
    if (!media || stream?.type !== "video" || !segment) return;
    const end = performance.now();
    const start = end - (response.timeMs ?? 0);
    // By its size: the tracks are not listed before the stream is loaded.
    seen.loaded(segment.getStartTime(), segment.getEndTime(), size(stream),
      [start, start, end, response.data.byteLength]);
  });
  for (const event of ["adaptation", "variantchanged"]) player.addEventListener(event, shown);
  player.addEventListener("error", ({ detail }) => trouble(detail));
  video.autoplay = true;
  player.attach(video)
    .then(() => player.load(url))
    .then(() => {
      const [subtitles] = player.getTextTracks();
      if (!subtitles) return;
      player.selectTextTrack(subtitles);
      player.setTextTrackVisibility(true);
    })
    .catch(trouble);
  return {
    ladder,
    force: (rung) => {
      player.configure({ abr: { enabled: false } });
      player.selectVariantTrack(videos().find((track) => size(track) === ladder()[rung]), true);
    },
    latency: () => player.getStats().liveLatency,
    end: () => player.destroy(),
  };
}

/** The browser's own player: it tells nothing but what the element shows. */
function nativePlayer(video, url) {
  video.autoplay = true;
  video.src = url;
  return {
    ladder: () => playlistLadder(url),
    latency: () => null,
    end: () => video.removeAttribute("src"),
  };
}

/** The sizes of a multivariant playlist, lowest first. */
async function playlistLadder(url) {
  const playlist = await (await fetch(url)).text();
  const variants = playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm);
  const attribute = (list, name) => RegExp(`(?:^|,)${name}=([^,]*)`).exec(list)?.[1];
  const ladder = Array.from(variants, ([, list]) =>
    [Number(attribute(list, "BANDWIDTH")), attribute(list, "RESOLUTION")]);
  return [...new Set(ladder.sort((a, b) => a[0] - b[0]).map(([, size]) => size))];
}

const PLAYERS = { "hls.js": hlsPlayer, "dash.js": dashPlayer, shaka: shakaPlayer, native: nativePlayer };

/** Notes what the video element does: sizes decoded, rebuffering, trouble. */
function observe(video) {
  const seen = {
    sizes: new Set(), shown: [], rungs: new Set(), fatal: [], errors: [],
    rebuffers: 0, rebuffer_seconds: 0, startup_seconds: null, from: null,
    segments: [], downloads: [],
    /** A video segment from `start` to `end` was loaded at `rung`, or at this size; `times` are milliseconds, and bytes. */
    loaded(start, end, rung, times) {
      seen.segments.push({ start, end, rung });
      seen.downloads.push(times);
    },
    /** The rung that was loaded last for a media time. */
    rungAt(time) {
      // Segments overlap by a frame where players round their times.
      return seen.segments.findLast(({ start, end }) => start - 0.01 <= time && time < end + 0.01)?.rung;
    },
  };
  const began = now();
  let waiting = null;
  const size = () => {
    const decoded = `${video.videoWidth}x${video.videoHeight}`;
    seen.sizes.add(decoded);
    seen.shown.push([now() - began, decoded]);
  };
  video.addEventListener("resize", size);
  video.addEventListener("error", () => seen.fatal.push(`media element: ${video.error?.message}`));
  video.addEventListener("waiting", () => {
    if (seen.startup_seconds !== null && !video.seeking && waiting === null) {
      waiting = now();
      seen.rebuffers += 1;
    }
  });
  video.addEventListener("playing", () => {
    if (seen.startup_seconds === null) {
      seen.startup_seconds = now() - began;
      seen.from = video.currentTime;
    }
    if (waiting !== null) seen.rebuffer_seconds += now() - waiting;
    waiting = null;
  });
  return seen;
}

async function until(condition, seconds) {
  const end = now() + seconds;
  while (now() < end) {
    if (condition()) return true;
    await pause(POLL_MS);
  }
  return false;
}

const frames = (video) => video.getVideoPlaybackQuality().totalVideoFrames;

/** Subtitles the player has read so far. */
const cues = (video) =>
  Array.from(video.textTracks).reduce((sum, track) => sum + (track.cues?.length ?? 0), 0);

/** Forces each rung in turn, and waits until its own pictures play. */
async function every_rung(video, player, seconds) {
  const steps = [];
  for (const [rung, size] of player.ladder().entries()) {
    player.force(rung);
    const decoded = () => `${video.videoWidth}x${video.videoHeight}`;
    await until(() => decoded() === size, seconds);
    const [time, count] = [video.currentTime, frames(video)];
    await until(() => video.currentTime - time >= 1, seconds);
    steps.push({
      declared: size, decoded: decoded(),
      played_seconds: video.currentTime - time, frames: frames(video) - count,
    });
  }
  return steps;
}

/**
 * Plays `url` for `seconds` of real time, or until `enough` seconds of media have gone by; or with
 * `each_rung`, forces every rung and gives each at most so long. A `stock` player is as its makers set it. With `cmcd`, hls.js reports its buffer.
 */
globalThis.watch = async ({ player: name, url, seconds, each_rung = false, enough = null, stock = false, cmcd = false }) => {
  const video = document.getElementById("video");
  // As large as on many pages: players leave out what is larger than the element.
  if (stock) [video.width, video.height] = [1280, 720];
  const seen = observe(video);
  const meter = new Meter(video, seen.rungAt);
  const player = PLAYERS[name](video, url, seen, stock, cmcd);
  let steps = [];
  if (each_rung) {
    await until(() => seen.startup_seconds !== null, seconds);
    steps = await every_rung(video, player, seconds);
  } else {
    const played = () => enough !== null && meter.played >= enough;
    await until(() => seen.fatal.length > 0 || video.ended || played(), seconds);
  }
  meter.stop();
  const ladder = await player.ladder();
  const result = {
    player: name,
    measured: {
      ...meter.figures(ladder),
      downloads: seen.downloads.map(([start, first, end, bytes]) =>
        [meter.at(start), meter.at(first), meter.at(end), bytes]),
    },
    startup_seconds: seen.startup_seconds,
    played_seconds: seen.from === null ? 0 : video.currentTime - seen.from,
    ended: video.ended,
    rebuffers: seen.rebuffers,
    rebuffer_seconds: seen.rebuffer_seconds,
    frames: frames(video),
    sizes: [...seen.sizes],
    shown: seen.shown,
    rungs: [...seen.rungs],
    ladder,
    latency_seconds: player.latency() || null,
    cues: cues(video),
    steps,
    fatal: seen.fatal,
    errors: seen.errors,
  };
  player.end();
  return result;
};
