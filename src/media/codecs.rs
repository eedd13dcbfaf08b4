//! The media type of a stream, from codec strings, MIME types and content types.

use super::MediaType;

const VIDEO: &[&str] = &[
    "avc1", "avc2", "avc3", "avc4", "hvc1", "hev1", "hvt1", "vvc1", "vvi1", "dvh1", "dvhe", "dva1",
    "dvav", "dav1", "vp08", "vp09", "vp8", "vp9", "av01", "mp4v", "s263", "h264", "lvc1", "evc1",
    "apv1", "jpeg", "mjp2",
];
const AUDIO: &[&str] = &[
    "mp4a", "ac-3", "ec-3", "ac-4", "opus", "vorbis", "flac", "fla", "alac", "dtsc", "dtse",
    "dtsh", "dtsl", "dtsx", "dtsy", "mha1", "mha2", "mhm1", "mhm2", "mp3", "samr", "sawb", "aac",
    "iamf", "apac", "dra1",
];
const TEXT: &[&str] = &["stpp", "wvtt", "tx3g", "vtt", "webvtt", "ttml", "c608", "c708", "im1t"];

fn of_codec(codec: &str) -> MediaType {
    let family = codec.trim().split('.').next().unwrap_or_default();
    let is = |names: &[&str]| names.iter().any(|name| family.eq_ignore_ascii_case(name));
    match family {
        _ if is(VIDEO) => MediaType::Video,
        _ if is(AUDIO) => MediaType::Audio,
        _ if is(TEXT) => MediaType::Text,
        _ => MediaType::Unknown,
    }
}

/// The media type of a list of codecs (RFC 6381); video with audio is [`MediaType::Muxed`].
pub(super) fn of_codecs(codecs: &str) -> MediaType {
    let (mut video, mut audio, mut text) = (false, false, false);
    for codec in codecs.split(',') {
        match of_codec(codec) {
            MediaType::Video => video = true,
            MediaType::Audio => audio = true,
            MediaType::Text => text = true,
            MediaType::Muxed | MediaType::Unknown => {}
        }
    }
    match (video, audio, text) {
        (true, true, _) => MediaType::Muxed,
        (true, false, _) => MediaType::Video,
        (false, true, _) => MediaType::Audio,
        (false, false, true) => MediaType::Text,
        (false, false, false) => MediaType::Unknown,
    }
}

/// The media type stated by a MIME type or DASH `@contentType`.
pub(super) fn of_mime(mime: &str) -> MediaType {
    let starts =
        |with: &str| mime.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    let ttml =
        starts("application/ttml") || starts("application/x-rawcc") || starts("application/cea");
    match mime {
        _ if starts("video") => MediaType::Video,
        _ if starts("audio") => MediaType::Audio,
        _ if starts("text") || ttml => MediaType::Text,
        _ => MediaType::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codec_lists() {
        assert_eq!(of_codecs("avc1.64001f,mp4a.40.2"), MediaType::Muxed);
        assert_eq!(of_codecs("hvc1.2.4.L123.B0"), MediaType::Video);
        assert_eq!(of_codecs("ec-3"), MediaType::Audio);
        assert_eq!(of_codecs("stpp.ttml.im1t, "), MediaType::Text);
        assert_eq!(of_codecs("avc1,stpp"), MediaType::Video);
        assert_eq!(of_codecs("zzzz"), MediaType::Unknown);
        assert_eq!(of_codecs(""), MediaType::Unknown);
    }

    #[test]
    fn mime_types() {
        assert_eq!(of_mime("video/mp4"), MediaType::Video);
        assert_eq!(of_mime("Audio"), MediaType::Audio);
        assert_eq!(of_mime("application/ttml+xml"), MediaType::Text);
        assert_eq!(of_mime("application/mp4"), MediaType::Unknown);
        assert_eq!(of_mime("image/jpeg"), MediaType::Unknown);
    }
}
