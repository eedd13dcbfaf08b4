//! When a player looks whether there is room for the next segment, and how far its audio may be ahead of the video.

/// dash.js looks again after this many ms (`scheduling.defaultTimeout`).
const POLL: f64 = 500.0;
/// Its audio may be ahead of the video by this many ms.
const AHEAD: f64 = 1000.0;
/// hls.js looks again after this many ms (`TICK_INTERVAL`).
const TICK: f64 = 100.0;
/// Shaka Player looks again after this many ms (`streaming.updateIntervalSeconds`).
const UPDATE: f64 = 1000.0;
/// Sums of durations that differ by less, in ms, are the same.
const SAME: f64 = 1e-6;

/// When the next segment is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduling {
    /// As soon as there is room. Audio fills a buffer of the same size as that of the video.
    #[default]
    AtOnce,
    /// As in dash.js: where there is no room, it looks again every 500 ms. Audio is requested while there is less of it
    /// than of the video and a second more, or than a segment.
    Polled,
    /// As in hls.js: while a segment of the video is loaded, no audio is requested that begins after its end. While none
    /// is, audio fills its buffer. The second segment of audio is requested after the first of the video has arrived.
    BesideVideo,
    /// As in Shaka Player: no stream is requested that has received a segment more than the other. It looks again every
    /// second.
    OneAhead,
    /// As in Media3: no audio is requested that begins after the end of what was requested of the video.
    Earliest,
}

/// How far audio and video are, in ms of media since the start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StreamPlaces {
    /// The end of the audio that has arrived, which is the start of its next segment.
    pub audio: f64,
    /// The end of the video that has arrived.
    pub video: f64,
    /// The end of the segment of the video that is requested now.
    pub requested: Option<f64>,
    /// For how long no segment of the video has been requested, in ms.
    pub idle: f64,
    /// Whether all of the video has arrived.
    pub video_ended: bool,
}

/// When the next segment of audio is requested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AudioTurn {
    /// As soon as there is room.
    WhenItFits,
    /// Now.
    Now,
    /// Not before the player looks again, after so many ms.
    LooksAgain(f64),
    /// Not within so many ms, unless the video goes on.
    AfterVideo(f64),
}

impl Scheduling {
    /// How long until a request is made for which there is room after `time` ms.
    #[must_use]
    pub fn wait(self, time: f64) -> f64 {
        match self {
            Self::Polled => (time / POLL).ceil() * POLL,
            _ => time,
        }
    }

    /// When the next segment of audio, of `segment` ms, is requested, with `level` ms of audio and `video_level` ms of
    /// the video buffered.
    #[must_use]
    pub fn audio_turn(
        self,
        level: f64,
        video_level: f64,
        segment: f64,
        places: &StreamPlaces,
    ) -> AudioTurn {
        if self == Self::Polled {
            let wanted = level < segment.max(video_level + AHEAD);
            return if wanted { AudioTurn::Now } else { AudioTurn::LooksAgain(POLL) };
        }
        let &StreamPlaces { audio, video, requested, idle, video_ended } = places;
        if video_ended {
            return AudioTurn::WhenItFits;
        }
        let end = requested.unwrap_or(video);
        match self {
            Self::BesideVideo if audio > SAME && video <= SAME => {
                AudioTurn::AfterVideo(f64::INFINITY)
            }
            Self::BesideVideo if audio > end + SAME && requested.is_some() => {
                AudioTurn::AfterVideo(f64::INFINITY)
            }
            Self::BesideVideo if audio > end + SAME && idle < TICK - SAME => {
                AudioTurn::AfterVideo(TICK - idle)
            }
            Self::Earliest if audio > end + SAME => AudioTurn::AfterVideo(f64::INFINITY),
            Self::OneAhead if audio > video + segment - SAME => AudioTurn::LooksAgain(UPDATE),
            _ => AudioTurn::WhenItFits,
        }
    }

    /// How long the video, with segments of `segment` ms, is not looked for because the audio is behind, in ms.
    #[must_use]
    pub fn video_wait(self, segment: f64, places: &StreamPlaces, audio_ended: bool) -> f64 {
        let waits = self == Self::OneAhead && !audio_ended;
        if waits && places.video > places.audio + segment - SAME { UPDATE } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_is_late_by_up_to_half_a_second() {
        assert_eq!(
            [0.0, 1.0, 500.0, 501.0].map(|time| Scheduling::Polled.wait(time)),
            [0.0, 500.0, 500.0, 1000.0]
        );
        assert_eq!(Scheduling::AtOnce.wait(501.0), 501.0);
    }

    #[test]
    fn audio_follows_the_video() {
        let turn = |level, video| {
            Scheduling::Polled.audio_turn(level, video, 4000.0, &StreamPlaces::default())
        };
        assert_eq!(turn(3999.0, 0.0), AudioTurn::Now);
        assert_eq!(turn(4000.0, 2000.0), AudioTurn::LooksAgain(500.0));
        assert_eq!(turn(4000.0, 3500.0), AudioTurn::Now);
        let far = StreamPlaces { audio: 9000.0, ..StreamPlaces::default() };
        assert_eq!(Scheduling::AtOnce.audio_turn(9000.0, 0.0, 4000.0, &far), AudioTurn::WhenItFits);
    }

    fn turn(scheduling: Scheduling, audio: f64, video: f64, requested: Option<f64>) -> AudioTurn {
        let places = StreamPlaces { audio, video, requested, idle: 30.0, video_ended: false };
        scheduling.audio_turn(audio, video, 4000.0, &places)
    }

    /// `frag.start > mainFragLoading.end`, and `WAITING_INIT_PTS` at the start.
    #[test]
    fn audio_of_hls_js_is_a_segment_ahead_of_the_one_that_is_requested() {
        let turn = |audio, video, requested| turn(Scheduling::BesideVideo, audio, video, requested);
        let never = AudioTurn::AfterVideo(f64::INFINITY);
        assert_eq!(turn(0.0, 0.0, Some(4000.0)), AudioTurn::WhenItFits);
        assert_eq!(turn(4000.0, 0.0, Some(4000.0)), never);
        assert_eq!(turn(4000.0, 4000.0, Some(8000.0)), AudioTurn::WhenItFits);
        assert_eq!(turn(8000.0, 4000.0, Some(8000.0)), AudioTurn::WhenItFits);
        assert_eq!(turn(12_000.0, 4000.0, Some(8000.0)), never);
        // Nothing of the video is requested: it looks again with the next tick.
        assert_eq!(turn(12_000.0, 8000.0, None), AudioTurn::AfterVideo(70.0));
        let idle = StreamPlaces { audio: 12e3, video: 8e3, idle: 100.0, ..StreamPlaces::default() };
        let turn = Scheduling::BesideVideo.audio_turn(12e3, 8e3, 4e3, &idle);
        assert_eq!(turn, AudioTurn::WhenItFits);
    }

    /// `timeNeeded >= minTimeNeeded + maxRunAhead`, where a segment counts once it has arrived.
    #[test]
    fn no_stream_of_shaka_is_a_segment_ahead() {
        let turn = |audio, video| turn(Scheduling::OneAhead, audio, video, Some(video + 4000.0));
        assert_eq!(turn(0.0, 0.0), AudioTurn::WhenItFits);
        assert_eq!(turn(4000.0, 0.0), AudioTurn::LooksAgain(1000.0));
        assert_eq!(turn(4000.0, 4000.0), AudioTurn::WhenItFits);
        let places = |video| StreamPlaces { audio: 4000.0, video, ..StreamPlaces::default() };
        let wait = |video, ended| Scheduling::OneAhead.video_wait(4000.0, &places(video), ended);
        let waits = [wait(4000.0, false), wait(8000.0, false), wait(8000.0, true)];
        assert_eq!(waits, [0.0, 1000.0, 0.0]);
        assert_eq!(Scheduling::BesideVideo.video_wait(4000.0, &places(8000.0), false), 0.0);
    }

    /// `CompositeSequenceableLoader`: a segment counts once it is requested.
    #[test]
    fn the_earliest_stream_of_media3_goes_on() {
        let turn = |audio, video, requested| turn(Scheduling::Earliest, audio, video, requested);
        assert_eq!(turn(4000.0, 0.0, Some(4000.0)), AudioTurn::WhenItFits);
        assert_eq!(turn(8000.0, 0.0, Some(4000.0)), AudioTurn::AfterVideo(f64::INFINITY));
        assert_eq!(turn(8000.0, 4000.0, None), AudioTurn::AfterVideo(f64::INFINITY));
    }

    #[test]
    fn audio_goes_on_when_all_video_is_there() {
        let places = StreamPlaces { audio: 9e3, video_ended: true, ..StreamPlaces::default() };
        for scheduling in [Scheduling::BesideVideo, Scheduling::OneAhead, Scheduling::Earliest] {
            let turn = scheduling.audio_turn(9e3, 0.0, 4e3, &places);
            assert_eq!(turn, AudioTurn::WhenItFits, "{scheduling:?}");
        }
    }
}
