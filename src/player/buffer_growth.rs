//! How much more than its usual maximum a player buffers, by what it plays.

use super::presentation::Presentation;

/// hls.js: `maxBufferSize`, in bits; `maxBufferLength` and `maxMaxBufferLength`, in ms.
const HLS_JS_SIZE: f64 = 60e6 * 8.0;
const HLS_JS_LENGTH: f64 = 30_000.0;
const HLS_JS_LONGEST: f64 = 600_000.0;
/// dash.js: `bufferTimeDefault`, `bufferTimeAtTopQuality`, `bufferTimeAtTopQualityLongForm`, and the duration from
/// which a presentation is long, `longFormContentDurationThreshold`; all in ms.
const DASH_JS: f64 = 18_000.0;
const DASH_JS_TOP: f64 = 30_000.0;
const DASH_JS_TOP_LONG: f64 = 60_000.0;
const DASH_JS_LONG: f64 = 600_000.0;

/// How the maximum buffer grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BufferGrowth {
    /// It does not.
    #[default]
    Never,
    /// As in hls.js: as much as 60 MB hold at the bitrate, up to 600 s.
    BySize,
    /// As in dash.js: at the highest rung 30 s, or 60 s of a presentation of 600 s or more, in place of 18 s.
    AtTop,
}

impl BufferGrowth {
    /// How much more is buffered, in ms, when `rung` was requested last.
    #[must_use]
    pub fn beyond(self, presentation: &Presentation, rung: usize) -> f64 {
        match self {
            Self::Never => 0.0,
            Self::BySize => {
                let bitrate = presentation.bitrates().get(rung).copied().unwrap_or(f64::INFINITY);
                (HLS_JS_SIZE / bitrate).clamp(HLS_JS_LENGTH, HLS_JS_LONGEST) - HLS_JS_LENGTH
            }
            Self::AtTop if rung < presentation.top() => 0.0,
            Self::AtTop => {
                let long = presentation.count() as f64 * presentation.segment() >= DASH_JS_LONG;
                (if long { DASH_JS_TOP_LONG } else { DASH_JS_TOP }) - DASH_JS
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_grow_as_the_players_do_it() {
        let of =
            |count| Presentation::constant(4000.0, vec![600.0, 9600.0, 24_000.0], count).unwrap();
        let (short, long) = (of(10), of(150));
        let beyond = |growth: BufferGrowth, rung| growth.beyond(&short, rung) / 1000.0;
        assert_eq!([0, 1, 2].map(|rung| beyond(BufferGrowth::BySize, rung)), [570.0, 20.0, 0.0]);
        assert_eq!([0, 1, 2].map(|rung| beyond(BufferGrowth::AtTop, rung)), [0.0, 0.0, 12.0]);
        assert_eq!(BufferGrowth::AtTop.beyond(&long, 2), 42_000.0);
        assert_eq!(BufferGrowth::Never.beyond(&long, 0), 0.0);
    }
}
