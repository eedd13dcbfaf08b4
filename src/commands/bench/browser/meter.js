// In the page: measures what a viewer sees of a video element, by comparing its media time with real time.

const TICK_MS = 50;
/** Shorter differences between the two clocks are no rebuffering, in seconds. */
const SHORTEST = 0.1;
/** The buffer is noted once in this many seconds. */
const NOTE_EVERY = 0.5;

/** Follows the media time of `video`; `rungAt` tells what is loaded for a media time, if that is known. */
class Meter {
  constructor(video, rungAt) {
    this.video = video;
    this.rungAt = rungAt;
    this.began = performance.now();
    this.last = { at: 0, media: null };
    /** Until the first picture moved; null before. */
    this.startup = null;
    /** Media time shown, in seconds. */
    this.played = 0;
    /** The interruption that goes on: when it began, and how long it has lasted. */
    this.stall = null;
    /** Interruptions: [when, seconds]. */
    this.stalls = [];
    /** What was shown: [since when, rung or size, seconds of media]. */
    this.shown = [];
    /** [when, seconds ahead of the media time]. */
    this.buffer = [];
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  /** Seconds since the player was made. */
  at(milliseconds = performance.now()) {
    return (milliseconds - this.began) / 1000;
  }

  tick() {
    const { currentTime: media, paused, ended } = this.video;
    const at = this.at();
    const elapsed = at - this.last.at;
    const moved = this.last.media === null ? 0 : media - this.last.media;
    this.last = { at, media };
    this.note(at, media);
    // A jump over a gap, or to the first segment, is no playback.
    const played = moved > 0 && moved < 2 * elapsed + 0.3 ? moved : 0;
    if (this.startup === null) {
      if (played === 0 || paused) return;
      this.startup = at - played;
    } else if (!ended) {
      this.compare(at, elapsed, played);
    }
    if (played > 0) this.show(at, media, played);
  }

  /** Where the media time moves at less than half the speed, playback stands still. */
  compare(at, elapsed, played) {
    const missing = Math.max(0, elapsed - played);
    if (played < elapsed / 2) {
      this.stall ??= { at: at - missing, seconds: 0 };
      this.stall.seconds += missing;
    } else if (this.stall) {
      this.close();
    }
  }

  close() {
    if (this.stall?.seconds >= SHORTEST) this.stalls.push([this.stall.at, this.stall.seconds]);
    this.stall = null;
  }

  show(at, media, seconds) {
    this.played += seconds;
    const shown = this.rungAt(media) ?? `${this.video.videoWidth}x${this.video.videoHeight}`;
    const before = this.shown.at(-1);
    if (before?.[1] === shown) before[2] += seconds;
    else this.shown.push([at - seconds, shown, seconds]);
  }

  note(at, media) {
    if (at - (this.buffer.at(-1)?.[0] ?? -NOTE_EVERY) < NOTE_EVERY) return;
    const { buffered } = this.video;
    let ahead = 0;
    for (let range = 0; range < buffered.length; range += 1) {
      if (buffered.start(range) <= media + 0.1 && buffered.end(range) > media) {
        ahead = buffered.end(range) - media;
      }
    }
    this.buffer.push([at, ahead]);
  }

  stop() {
    clearInterval(this.timer);
    this.tick();
    this.close();
    this.wall = this.at();
  }

  /** The figures; sizes become rungs by the sizes of `ladder`, lowest first. */
  figures(ladder) {
    const rung = (shown) => (typeof shown === "string" ? Math.max(0, ladder.indexOf(shown)) : shown);
    return {
      startup_s: this.startup,
      played_s: this.played,
      wall_s: this.wall,
      stalls: this.stalls,
      shown: this.shown.map(([at, shown, seconds]) => [at, rung(shown), seconds]),
      buffer: this.buffer,
    };
  }
}

globalThis.Meter = Meter;
