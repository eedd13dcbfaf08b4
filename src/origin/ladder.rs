//! The ladder: the declared properties of each rendition, independent of the size of its encoded bytes.

/// Six video rungs, lowest first, then the audio. `media/encode` produces the files.
pub(super) static RENDITIONS: [Rendition; 7] = [
    video("v1", 235, (426, 240), "avc1.640015", include_bytes!("media/v1.mp4")),
    video("v2", 560, (640, 360), "avc1.64001e", include_bytes!("media/v2.mp4")),
    video("v3", 1050, (854, 480), "avc1.64001f", include_bytes!("media/v3.mp4")),
    video("v4", 2350, (1280, 720), "avc1.64001f", include_bytes!("media/v4.mp4")),
    video("v5", 4300, (1600, 900), "avc1.640028", include_bytes!("media/v5.mp4")),
    video("v6", 8000, (1920, 1080), "avc1.640028", include_bytes!("media/v6.mp4")),
    Rendition {
        name: "a1",
        picture: None,
        bits_per_second: 128_000,
        swing: 30,
        codecs: "mp4a.40.2",
        timescale: 48_000,
        frame: 1024,
        encoded: include_bytes!("media/a1.mp4"),
    },
];

/// Pictures a second, in every rung.
pub(super) const FRAME_RATE: u64 = 30;

/// One quality level of one kind of media.
#[derive(Debug)]
pub(super) struct Rendition {
    /// Its name in addresses, and the DASH representation's id.
    pub(super) name: &'static str,
    /// Width and height in pixels; none is audio.
    pub(super) picture: Option<(u32, u32)>,
    /// The declared bitrate: the mean over ten segments.
    pub(super) bits_per_second: u64,
    /// How far a segment's bitrate may differ from the declared one, in thousandths.
    pub(super) swing: u64,
    /// RFC 6381 codec string.
    pub(super) codecs: &'static str,
    /// Ticks a second of its decode times.
    pub(super) timescale: u64,
    /// Ticks of one picture or one AAC frame.
    pub(super) frame: u64,
    /// The loop: fragmented MP4, one fragment a segment.
    pub(super) encoded: &'static [u8],
}

impl Rendition {
    /// The rendition of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        RENDITIONS.iter().find(|rendition| rendition.name == name)
    }

    /// The rendition of that kind, `video` or `audio`, and declared bitrate.
    pub(super) fn at(kind: &str, bits_per_second: u64) -> Option<&'static Self> {
        RENDITIONS.iter().find(|rendition| {
            rendition.kind() == kind && rendition.bits_per_second == bits_per_second
        })
    }

    /// `video` or `audio`.
    pub(super) fn kind(&self) -> &'static str {
        if self.picture.is_some() { "video" } else { "audio" }
    }

    /// Media type of its segments.
    pub(super) fn mime_type(&self) -> &'static str {
        if self.picture.is_some() { "video/mp4" } else { "audio/mp4" }
    }

    /// The highest bitrate any of its segments may have.
    pub(super) fn peak_bits_per_second(&self) -> u64 {
        (self.bits_per_second * (1000 + self.swing)).div_ceil(1000)
    }
}

/// The video renditions with their picture sizes, lowest first.
pub(super) fn rungs() -> impl Iterator<Item = (&'static Rendition, (u32, u32))> + Clone {
    RENDITIONS.iter().filter_map(|rendition| Some((rendition, rendition.picture?)))
}

/// The declared bit/s of each rung of the built-in ladder with its audio, lowest first.
pub fn ladder_bits_per_second() -> impl Iterator<Item = u64> {
    rungs().map(|(rung, _)| rung.bits_per_second + audio_bits_per_second())
}

/// The declared bit/s of its audio.
pub fn audio_bits_per_second() -> u64 {
    sounds().map(|sound| sound.bits_per_second).sum()
}

/// The audio renditions.
pub(super) fn sounds() -> impl Iterator<Item = &'static Rendition> + Clone {
    RENDITIONS.iter().filter(|rendition| rendition.picture.is_none())
}

const fn video(
    name: &'static str,
    kilobits_per_second: u64,
    picture: (u32, u32),
    codecs: &'static str,
    encoded: &'static [u8],
) -> Rendition {
    Rendition {
        name,
        picture: Some(picture),
        bits_per_second: kilobits_per_second * 1000,
        swing: 150,
        codecs,
        timescale: 90_000,
        frame: 90_000 / FRAME_RATE,
        encoded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after<'a>(bytes: &'a [u8], name: &[u8]) -> &'a [u8] {
        let at = bytes.windows(4).position(|window| window == name).expect("box is there");
        &bytes[at + 4..]
    }

    #[test]
    fn codecs_and_sizes_are_those_of_the_encoded_media() {
        for (rendition, (width, height)) in rungs() {
            let avcc = after(rendition.encoded, b"avcC");
            let codecs = format!("avc1.{:02x}{:02x}{:02x}", avcc[1], avcc[2], avcc[3]);
            assert_eq!(codecs, rendition.codecs);
            let entry = after(rendition.encoded, b"avc1");
            let pixels = |at: usize| u32::from(u16::from_be_bytes([entry[at], entry[at + 1]]));
            assert_eq!((pixels(24), pixels(26)), (width, height), "{}", rendition.name);
        }
    }

    #[test]
    fn audio_is_aac_lc_in_stereo_at_its_timescale() {
        for rendition in sounds() {
            let esds = after(rendition.encoded, b"esds");
            let config = [esds[35], esds[36]]; // AudioSpecificConfig, after three descriptors' heads
            let word = u16::from_be_bytes(config);
            assert_eq!((word >> 11, (word >> 7) & 15, (word >> 3) & 15), (2, 3, 2));
            assert_eq!(rendition.timescale, 48_000); // index 3 of ISO 14496-3, table 1.18
        }
    }

    #[test]
    fn the_timescale_is_that_of_the_encoded_media() {
        for rendition in &RENDITIONS {
            let mdhd = after(rendition.encoded, b"mdhd");
            let timescale = u32::from_be_bytes([mdhd[12], mdhd[13], mdhd[14], mdhd[15]]);
            assert_eq!(u64::from(timescale), rendition.timescale);
        }
    }

    #[test]
    fn all_media_together_weigh_less_than_two_megabytes() {
        let bytes: usize = RENDITIONS.iter().map(|rendition| rendition.encoded.len()).sum();
        assert!(bytes < 2_000_000, "{bytes} bytes");
    }
}
