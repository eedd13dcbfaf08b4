//! Addresses: which path means what.

use super::ladder::Rendition;

/// What a path asks for.
#[derive(Debug)]
pub(super) enum Address {
    /// `/` and `/demo`, which lead on to this relative address.
    Toward(&'static str),
    /// `/demo/`: the list of all addresses.
    Index,
    /// `/demo/time`: the wall clock, for DASH players.
    Time,
    /// The HLS multivariant playlist: the same, on demand and live.
    Multivariant,
    /// An HLS media playlist.
    Playlist(Presentation, &'static Rendition),
    /// A DASH manifest.
    Mpd(Presentation),
    /// A rendition's initialization segment.
    Init(&'static Rendition),
    /// A media segment by its number.
    Segment(Presentation, &'static Rendition, u64),
}

/// One of the two ways the loop is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presentation {
    /// Ten minutes on demand.
    Vod,
    /// For ever.
    Live,
}

impl Address {
    /// Reads a path. There is one spelling of each address and no other.
    pub(super) fn parse(path: &str) -> Option<Self> {
        match path {
            "/" => return Some(Self::Toward("demo/")),
            "/demo" => return Some(Self::Toward("demo/")),
            "/demo/" => return Some(Self::Index),
            "/demo/time" => return Some(Self::Time),
            _ => {}
        }
        let (presentation, rest) = match path.strip_prefix("/demo/live/") {
            Some(rest) => (Presentation::Live, rest),
            None => (Presentation::Vod, path.strip_prefix("/demo/")?),
        };
        let mut names = rest.split('/');
        let found = match (names.next()?, names.next()?, names.next()) {
            ("hls", "master.m3u8", None) => Self::Multivariant,
            ("hls", file, None) => {
                Self::Playlist(presentation, Rendition::named(file.strip_suffix(".m3u8")?)?)
            }
            ("dash", "manifest.mpd", None) => Self::Mpd(presentation),
            ("media", rendition, Some("init.mp4")) => Self::Init(Rendition::named(rendition)?),
            ("media", rendition, Some(file)) => {
                Self::Segment(presentation, Rendition::named(rendition)?, number(file)?)
            }
            _ => return None,
        };
        names.next().is_none().then_some(found)
    }
}

/// The number in `seg-17.m4s`: digits that begin with none but 1 to 9.
fn number(file: &str) -> Option<u64> {
    let digits = file.strip_prefix("seg-")?.strip_suffix(".m4s")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_found_by_presentation_rendition_and_number() {
        let Some(Address::Segment(presentation, rendition, number)) =
            Address::parse("/demo/live/media/v3/seg-448839133.m4s")
        else {
            panic!("not a segment");
        };
        assert_eq!((presentation, rendition.name, number), (Presentation::Live, "v3", 448_839_133));
        assert!(matches!(
            Address::parse("/demo/media/a1/seg-1.m4s"),
            Some(Address::Segment(Presentation::Vod, _, 1))
        ));
    }

    #[test]
    fn other_spellings_lead_nowhere() {
        let lost = "|demo|/demo//|/demo/live|/demo/live/|/demo/hls|/demo/hls/|/demo/hls/v7.m3u8\
            |/demo/hls/master.m3u8/|/demo/hls/v1|/demo/hls/.m3u8|/demo/dash/manifest|/demo/media/v1\
            |/demo/media/v1/|/demo/media/v1/seg-0.m4s|/demo/media/v1/seg--1.m4s\
            |/demo/media/v1/seg-+1.m4s|/demo/media/v1/seg-01.m4s|/demo/media/v1/seg-.m4s\
            |/demo/media/v1/seg-1.m4s/|/demo/media/v1/seg-1.mp4|/demo/media/v1/seg-1e3.m4s\
            |/demo/media/v1/seg-99999999999999999999.m4s|/demo/media/v1/../v2/init.mp4\
            |/demo/media/V1/init.mp4|/demo/media/v1/init.mp4/x|*|/x|/demo/time/|/demo/\u{e9}";
        for path in lost.split('|') {
            assert!(Address::parse(path).is_none(), "{path}");
        }
    }
}
