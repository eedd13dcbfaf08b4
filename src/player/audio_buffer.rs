//! The buffer of audio that has segments of its own, beside that of the video.

use super::playback::{Observer, Playback};

/// A buffer with less than this, in ms, is empty: sums of durations are not exact.
pub(super) const EMPTY: f64 = 1e-6;

/// The buffer of separate audio. Playback needs both it and the video.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AudioBuffer {
    /// ms.
    level: f64,
    /// When playback started, in ms since the start of the session.
    started: Option<f64>,
    /// Whether playback stands still because this is empty.
    holds: bool,
}

impl AudioBuffer {
    /// What is buffered, in ms.
    pub(super) const fn level(&self) -> f64 {
        self.level
    }

    /// When playback started, in ms since the start of the session.
    pub(super) const fn started(&self) -> Option<f64> {
        self.started
    }

    /// A segment of `duration` ms has arrived.
    pub(super) fn append(&mut self, duration: f64, video: &Playback) {
        self.level += duration;
        self.start(video);
    }

    /// Starts playback if both streams have something to show.
    pub(super) fn start(&mut self, video: &Playback) {
        if self.level > EMPTY && video.level() > 0.0 {
            self.started.get_or_insert(video.totals().time);
        }
    }

    /// Whether media is shown now.
    pub(super) fn is_playing(&self, video: &Playback) -> bool {
        self.started.is_some() && self.level > EMPTY && video.level() > 0.0
    }

    /// Lets `time` ms pass: both streams are shown, as far as both are there.
    pub(super) fn advance(
        &mut self,
        time: f64,
        video: &mut Playback,
        observer: &mut impl Observer,
    ) {
        if self.started.is_none() {
            video.wait_for_start(time);
            return;
        }
        let shown = time.min(self.level);
        if shown > EMPTY {
            let level = video.level();
            // Up to where the audio ends, or past it if the video ends before.
            let passes = if level < self.level + EMPTY { time } else { shown };
            video.advance(passes, observer);
            self.level = (self.level - passes.min(level)).max(0.0);
            self.holds = false;
            self.hold(time - passes, video, observer);
        } else {
            self.hold(time, video, observer);
        }
    }

    /// Lets `time` ms pass in which there is no audio.
    fn hold(&mut self, time: f64, video: &mut Playback, observer: &mut impl Observer) {
        if time <= 0.0 {
            return;
        }
        let begins = !self.holds && video.level() > 0.0;
        self.holds = true;
        video.hold(time, begins, observer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::Presentation;

    fn video(segments: usize) -> Playback {
        let presentation = Presentation::constant(4000.0, vec![300.0], 100).unwrap();
        let mut video = Playback::new(&presentation);
        (0..segments).for_each(|_| video.append(0));
        video
    }

    #[test]
    fn playback_starts_when_both_are_there() {
        let (mut audio, mut video) = (AudioBuffer::default(), video(1));
        audio.start(&video);
        audio.advance(700.0, &mut video, &mut ());
        assert_eq!((audio.started(), video.level()), (None, 4000.0));
        audio.append(4000.0, &video);
        audio.advance(300.0, &mut video, &mut ());
        assert_eq!((audio.started(), video.level(), audio.level()), (Some(700.0), 3700.0, 3700.0));
        assert_eq!((video.totals().time, video.totals().rebuffer), (1000.0, 0.0));
    }

    /// The video has plenty: playback stands still once, as long as the audio is missing.
    #[test]
    fn late_audio_alone_is_a_rebuffering() {
        let (mut audio, mut video) = (AudioBuffer::default(), video(5));
        audio.append(4000.0, &video);
        audio.advance(5000.0, &mut video, &mut ());
        audio.advance(500.0, &mut video, &mut ());
        let totals = video.totals();
        assert_eq!((totals.rebuffer, totals.rebuffer_events), (1500.0, 1));
        assert_eq!((video.level(), audio.level()), (16_000.0, 0.0));
        audio.append(4000.0, &video);
        audio.advance(4100.0, &mut video, &mut ());
        assert_eq!((video.totals().rebuffer, video.totals().rebuffer_events), (1600.0, 2));
    }

    /// The audio has plenty: the video's own count holds.
    #[test]
    fn late_video_is_counted_once() {
        let (mut audio, mut video) = (AudioBuffer::default(), video(1));
        audio.append(8000.0, &video);
        audio.advance(6000.0, &mut video, &mut ());
        audio.advance(1000.0, &mut video, &mut ());
        assert_eq!((video.totals().rebuffer, video.totals().rebuffer_events), (3000.0, 1));
        assert_eq!(audio.level(), 4000.0);
        video.append(0);
        audio.advance(1000.0, &mut video, &mut ());
        assert_eq!((video.level(), audio.level()), (3000.0, 3000.0));
    }
}
