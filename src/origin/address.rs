//! Addresses: the meaning of each path.

use super::dash::DashForm;
use super::hls::HlsForm;
use super::ladder::Rendition;
use super::subtitles::Language;
use super::timeline::{PARTS, number_at};

/// The meaning of a path.
#[derive(Debug)]
pub(super) enum Address {
    /// `/` and `/demo`, which redirect to this relative address.
    Toward(&'static str),
    /// `/demo/`: the list of all addresses.
    Index,
    /// `/demo/time`: the wall clock, for DASH players.
    Time,
    /// An HLS multivariant playlist.
    Multivariant(HlsForm),
    /// An HLS media playlist.
    Playlist(HlsForm, &'static Rendition),
    /// A DASH manifest.
    Mpd(DashForm),
    /// A rendition's initialization segment.
    Init(&'static Rendition),
    /// A media segment by its number.
    Segment(Presentation, &'static Rendition, u64),
    /// A live segment that can be fetched while it is produced.
    Growing(&'static Rendition, u64),
    /// A part of one: the number of its segment, and its own from 0.
    Part(&'static Rendition, u64, u64),
    /// A rendition's segments in one file, with an index.
    File(&'static Rendition),
    /// A segment of MPEG-TS: a rung with its audio.
    Transport(Presentation, &'static Rendition, u64),
    /// One that is encrypted.
    Encrypted(&'static Rendition, u64),
    /// The key of the encrypted segments.
    Key,
    /// The HLS media playlist of a language's subtitles.
    SubtitlePlaylist(Language),
    /// The subtitles of one segment, or of all.
    Subtitles(Language, Option<u64>),
    /// A Smooth client manifest.
    Smooth(Presentation),
    /// A Smooth fragment, by its time in ticks of 90 kHz.
    SmoothFragment(Presentation, &'static Rendition, u64),
    /// The steering manifest.
    Steering,
    /// An endless transport stream of a rung with its audio.
    Stream(&'static Rendition),
    /// A rung with its audio in one MP4 file.
    Progressive(&'static Rendition),
}

/// One of the two ways the loop is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presentation {
    /// Ten minutes on demand.
    Vod,
    /// Without end.
    Live,
}

impl Address {
    /// Reads a path. Each address has exactly one form.
    pub(super) fn parse(path: &str) -> Option<Self> {
        match path {
            "/" => return Some(Self::Toward("demo/")),
            "/demo" => return Some(Self::Toward("demo/")),
            "/demo/" => return Some(Self::Index),
            "/demo/time" => return Some(Self::Time),
            _ => {}
        }
        let names: Vec<_> = path.strip_prefix("/demo/")?.splitn(6, '/').collect();
        match names.as_slice() {
            ["live", names @ ..] => live(names),
            ["ll", names @ ..] => low_latency(names),
            ["subtitles", names @ ..] => subtitled(names),
            ["steering", names @ ..] => steered(names),
            names => on_demand(names),
        }
    }
}

fn on_demand(names: &[&str]) -> Option<Address> {
    Some(match names {
        ["hls", file] => playlist(HlsForm::OnDemand, file)?,
        ["ts", file] => playlist(HlsForm::Transport, file)?,
        ["ts", rung, file] => {
            Address::Transport(Presentation::Vod, program(rung)?, number(file, "ts")?)
        }
        ["aes", "key"] => Address::Key,
        ["aes", file] => playlist(HlsForm::Encrypted, file)?,
        ["aes", rung, file] => Address::Encrypted(program(rung)?, number(file, "ts")?),
        ["range", file] => playlist(HlsForm::Ranges, file)?,
        ["dash", "manifest.mpd"] => Address::Mpd(DashForm::Number),
        ["dash", "periods.mpd"] => Address::Mpd(DashForm::Periods),
        ["dash", "timeline.mpd"] => Address::Mpd(DashForm::Timeline),
        ["dash", "list.mpd"] => Address::Mpd(DashForm::List),
        ["dash", "base.mpd"] => Address::Mpd(DashForm::Base),
        ["media", file] if file.ends_with(".mp4") => {
            Address::File(Rendition::named(file.strip_suffix(".mp4")?)?)
        }
        ["media", names @ ..] => media(Presentation::Vod, names)?,
        ["smooth", names @ ..] => smooth(Presentation::Vod, names)?,
        ["progressive", file] => Address::Progressive(program(file.strip_suffix(".mp4")?)?),
        _ => return None,
    })
}

fn live(names: &[&str]) -> Option<Address> {
    Some(match names {
        ["hls", file] => playlist(HlsForm::Live, file)?,
        ["ts", file] => playlist(HlsForm::LiveTransport, file)?,
        ["ts", rung, file] => {
            Address::Transport(Presentation::Live, program(rung)?, number(file, "ts")?)
        }
        ["dash", "manifest.mpd"] => Address::Mpd(DashForm::LiveNumber),
        ["dash", "timeline.mpd"] => Address::Mpd(DashForm::LiveTimeline),
        ["media", names @ ..] => media(Presentation::Live, names)?,
        ["smooth", names @ ..] => smooth(Presentation::Live, names)?,
        ["stream", file] => Address::Stream(program(file.strip_suffix(".ts")?)?),
        _ => return None,
    })
}

fn low_latency(names: &[&str]) -> Option<Address> {
    Some(match names {
        ["hls", file] => playlist(HlsForm::LowLatency, file)?,
        ["dash", "manifest.mpd"] => Address::Mpd(DashForm::LowLatency),
        ["media", rendition, "init.mp4"] => Address::Init(Rendition::named(rendition)?),
        ["media", rendition, file] => {
            let rendition = Rendition::named(rendition)?;
            let digits = file.strip_prefix("seg-")?.strip_suffix(".m4s")?;
            match digits.split_once('.') {
                None => Address::Growing(rendition, plain(digits)?),
                Some((number, "0")) => Address::Part(rendition, plain(number)?, 0),
                Some((number, part)) => {
                    let part = plain(part).filter(|part| *part < PARTS)?;
                    Address::Part(rendition, plain(number)?, part)
                }
            }
        }
        _ => return None,
    })
}

fn subtitled(names: &[&str]) -> Option<Address> {
    Some(match names {
        ["manifest.mpd"] => Address::Mpd(DashForm::Subtitled),
        [file] => {
            if let Some(language) = file.strip_suffix(".vtt").and_then(Language::named) {
                return Some(Address::Subtitles(language, None));
            }
            match file.strip_suffix(".m3u8").and_then(Language::named) {
                Some(language) => Address::SubtitlePlaylist(language),
                None => playlist(HlsForm::Subtitled, file)?,
            }
        }
        [language, file] => {
            Address::Subtitles(Language::named(language)?, Some(number(file, "vtt")?))
        }
        _ => return None,
    })
}

fn steered(names: &[&str]) -> Option<Address> {
    Some(match names {
        ["master.m3u8"] => Address::Multivariant(HlsForm::Steered),
        ["manifest.json"] => Address::Steering,
        ["a" | "b", "media", names @ ..] => media(Presentation::Vod, names)?,
        ["a" | "b", file] => {
            Address::Playlist(HlsForm::Steered, Rendition::named(file.strip_suffix(".m3u8")?)?)
        }
        _ => return None,
    })
}

fn playlist(form: HlsForm, file: &str) -> Option<Address> {
    let name = file.strip_suffix(".m3u8")?;
    if name == "master" {
        return Some(Address::Multivariant(form));
    }
    let rendition = Rendition::named(name)?;
    // There a rung has its audio in the same stream.
    let alone = !form.is_multiplexed() || rendition.picture.is_some();
    alone.then_some(Address::Playlist(form, rendition))
}

fn media(presentation: Presentation, names: &[&str]) -> Option<Address> {
    let [rendition, file] = names else { return None };
    let rendition = Rendition::named(rendition)?;
    if *file == "init.mp4" {
        return Some(Address::Init(rendition));
    }
    let number = match file.strip_prefix("time-") {
        Some("0.m4s") => 1,
        Some(time) => number_at(rendition, plain(time.strip_suffix(".m4s")?)?)?,
        None => number(file, "m4s")?,
    };
    Some(Address::Segment(presentation, rendition, number))
}

/// `demo.ism/Manifest`, `demo.ism/QualityLevels(235000)/Fragments(video=360000)`.
fn smooth(presentation: Presentation, names: &[&str]) -> Option<Address> {
    let folder = match presentation {
        Presentation::Vod => "demo.ism",
        Presentation::Live => "demo.isml",
    };
    let names = names.strip_prefix(&[folder])?;
    if names == ["Manifest"] {
        return Some(Address::Smooth(presentation));
    }
    let [level, fragment] = names else { return None };
    let bits = plain(level.strip_prefix("QualityLevels(")?.strip_suffix(')')?)?;
    let (kind, time) = fragment.strip_prefix("Fragments(")?.strip_suffix(')')?.split_once('=')?;
    let rendition = Rendition::at(kind, bits)?;
    let time = if time == "0" { 0 } else { plain(time)? };
    Some(Address::SmoothFragment(presentation, rendition, time))
}

/// A rung, by whose name the program of rung and audio is addressed.
fn program(name: &str) -> Option<&'static Rendition> {
    Rendition::named(name).filter(|rendition| rendition.picture.is_some())
}

/// The number in `seg-17.m4s`.
fn number(file: &str, extension: &str) -> Option<u64> {
    plain(file.strip_prefix("seg-")?.strip_suffix(extension)?.strip_suffix('.')?)
}

/// A number without a leading zero.
fn plain(digits: &str) -> Option<u64> {
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
        for (path, expected) in
            [("seg-1", 1), ("time-0", 1), ("time-192512", 2), ("time-384000", 3)]
        {
            let found = Address::parse(&format!("/demo/media/a1/{path}.m4s"));
            let Some(Address::Segment(Presentation::Vod, _, number)) = found else {
                panic!("{path} is {found:?}");
            };
            assert_eq!(number, expected);
        }
    }

    #[test]
    fn parts_have_the_number_of_their_segment_and_their_own() {
        let parse = |file| Address::parse(&format!("/demo/ll/media/v2/seg-{file}.m4s"));
        assert!(matches!(parse("448839133"), Some(Address::Growing(_, 448_839_133))));
        assert!(matches!(parse("448839133.0"), Some(Address::Part(_, 448_839_133, 0))));
        assert!(matches!(parse("448839133.7"), Some(Address::Part(_, 448_839_133, 7))));
        for file in ["448839133.8", "448839133.", ".1", "1.01", "1.0.0", "0.0", "1.-1"] {
            assert!(parse(file).is_none(), "{file}");
        }
    }

    #[test]
    fn smooth_fragments_have_a_bitrate_and_a_time() {
        let parse = |rest| Address::parse(&format!("/demo/smooth/demo.ism/{rest}"));
        let found = parse("QualityLevels(1050000)/Fragments(video=360000)");
        assert!(matches!(
            found,
            Some(Address::SmoothFragment(_, Rendition { name: "v3", .. }, 360_000))
        ));
        let found = parse("QualityLevels(128000)/Fragments(audio=0)");
        assert!(matches!(found, Some(Address::SmoothFragment(_, Rendition { name: "a1", .. }, 0))));
        for rest in [
            "QualityLevels(1)/Fragments(video=0)",
            "QualityLevels(128000)/Fragments(video=0)",
            "QualityLevels(1050000)/Fragments(video=00)",
            "QualityLevels(1050000)/Fragments(video=0)/",
            "Manifest/",
        ] {
            assert!(parse(rest).is_none(), "{rest}");
        }
        assert!(matches!(parse("Manifest"), Some(Address::Smooth(Presentation::Vod))));
    }

    #[test]
    fn other_spellings_lead_nowhere() {
        let lost = "|demo|/demo//|/demo/live|/demo/live/|/demo/hls|/demo/hls/|/demo/hls/v7.m3u8\
            |/demo/hls/master.m3u8/|/demo/hls/v1|/demo/hls/.m3u8|/demo/dash/manifest|/demo/media/v1\
            |/demo/media/v1/|/demo/media/v1/seg-0.m4s|/demo/media/v1/seg--1.m4s\
            |/demo/media/v1/seg-+1.m4s|/demo/media/v1/seg-01.m4s|/demo/media/v1/seg-.m4s\
            |/demo/media/v1/seg-1.m4s/|/demo/media/v1/seg-1.mp4|/demo/media/v1/seg-1e3.m4s\
            |/demo/media/v1/seg-99999999999999999999.m4s|/demo/media/v1/../v2/init.mp4\
            |/demo/media/V1/init.mp4|/demo/media/v1/init.mp4/x|*|/x|/demo/time/|/demo/\u{e9}\
            |/demo/media/v1/time-1.m4s|/demo/media/v1/time-00.m4s|/demo/ts/a1.m3u8\
            |/demo/ts/a1/seg-1.ts|/demo/ts/v1/seg-1.m4s|/demo/live/live/hls/v1.m3u8|/demo/ll/hls\
            |/demo/steering/c/v1.m3u8|/demo/steering/v1.m3u8|/demo/subtitles/fr.vtt|/demo/aes/key/\
            |/demo/progressive/a1.mp4|/demo/live/media/v1.mp4|/demo/hls/v1.m3u8/a/b/c/d/e/f";
        for path in lost.split('|') {
            assert!(Address::parse(path).is_none(), "{path}");
        }
    }
}
