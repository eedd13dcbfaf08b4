//! When a player looks whether there is room for the next segment.

/// dash.js looks again after this many ms (`scheduling.defaultTimeout`).
const POLL: f64 = 500.0;
/// Its audio may be ahead of the video by this many ms.
const AHEAD: f64 = 1000.0;

/// When the next segment is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scheduling {
    /// As soon as there is room. Audio fills a buffer of the same size as that of the video.
    #[default]
    AtOnce,
    /// As in dash.js: where there is no room, it looks again every 500 ms. Audio is requested while there is less of it
    /// than of the video and a second more, or than a segment.
    Polled,
}

impl Scheduling {
    /// How long until a request is made for which there is room after `time` ms.
    #[must_use]
    pub fn wait(self, time: f64) -> f64 {
        match self {
            Self::AtOnce => time,
            Self::Polled => (time / POLL).ceil() * POLL,
        }
    }

    /// How long a segment of audio, of `segment` ms, is not looked for, with `level` ms of audio and `video` ms of the
    /// video; `None` where nothing is said but that the buffer has a maximum.
    #[must_use]
    pub fn audio_wait(self, level: f64, video: f64, segment: f64) -> Option<f64> {
        match self {
            Self::AtOnce => None,
            Self::Polled => Some(if level < segment.max(video + AHEAD) { 0.0 } else { POLL }),
        }
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
        let wait = |level, video| Scheduling::Polled.audio_wait(level, video, 4000.0);
        assert_eq!(wait(3999.0, 0.0), Some(0.0));
        assert_eq!(wait(4000.0, 2000.0), Some(500.0));
        assert_eq!(wait(4000.0, 3500.0), Some(0.0));
        assert_eq!(Scheduling::AtOnce.audio_wait(9000.0, 0.0, 4000.0), None);
    }
}
