//! The multivariant playlist: its URIs are relative, so many forms read the same.

use std::fmt::Write as _;

use super::form::HlsForm;
use crate::origin::ladder::{FRAME_RATE, Rendition, rungs, sounds};
use crate::origin::steering::PATHWAYS;
use crate::origin::subtitles::Language;

/// The multivariant playlist of a form.
pub(in crate::origin) fn multivariant(form: HlsForm) -> String {
    let version = if form.is_multiplexed() { 3 } else { 7 };
    let mut text = format!("#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-INDEPENDENT-SEGMENTS\n\n");
    match form {
        HlsForm::Steered => steered(&mut text),
        HlsForm::Subtitled => {
            audio(&mut text, "audio", "");
            subtitles(&mut text);
            variants(&mut text, ",AUDIO=\"audio\",SUBTITLES=\"subtitles\"", "");
        }
        form if form.is_multiplexed() => variants(&mut text, "", ""),
        _ => {
            audio(&mut text, "audio", "");
            variants(&mut text, ",AUDIO=\"audio\"", "");
        }
    }
    text
}

/// Every rendition on each pathway; a client plays those of one, and may switch.
fn steered(text: &mut String) {
    let first = PATHWAYS[0];
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "#EXT-X-CONTENT-STEERING:SERVER-URI=\"manifest.json\",PATHWAY-ID=\"{first}\"\n"
    );
    for pathway in PATHWAYS {
        audio(text, &format!("audio-{pathway}"), &format!("{pathway}/"));
    }
    for pathway in PATHWAYS {
        let attributes = format!(",AUDIO=\"audio-{pathway}\",PATHWAY-ID=\"{pathway}\"");
        variants(text, &attributes, &format!("{pathway}/"));
    }
}

fn audio(text: &mut String, group: &str, folder: &str) {
    for sound in sounds() {
        let name = sound.name;
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"Beep\",LANGUAGE=\"und\",\
             DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{folder}{name}.m3u8\"\n"
        );
    }
}

fn subtitles(text: &mut String) {
    for language in Language::ALL {
        let (code, name) = (language.code(), language.name());
        let default = if language == Language::ALL[0] { "YES" } else { "NO" };
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"subtitles\",NAME=\"{name}\",\
             LANGUAGE=\"{code}\",DEFAULT={default},AUTOSELECT=YES,FORCED=NO,URI=\"{code}.m3u8\"\n"
        );
    }
}

fn variants(text: &mut String, attributes: &str, folder: &str) {
    // The audio that plays with any rung: its bits count, its codec is named.
    let audio_peak = sounds().map(Rendition::peak_bits_per_second).max().unwrap_or(0);
    let audio_mean = sounds().map(|sound| sound.bits_per_second).max().unwrap_or(0);
    let audio_codecs = sounds().fold(String::new(), |list, sound| list + "," + sound.codecs);
    for (rung, (width, height)) in rungs() {
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}{audio_codecs}\",\
             RESOLUTION={width}x{height},FRAME-RATE={FRAME_RATE}.000{attributes}\n{folder}{}.m3u8",
            rung.peak_bits_per_second() + audio_peak,
            rung.bits_per_second + audio_mean,
            rung.codecs,
            rung.name,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_multivariant_playlist_declares_peaks_and_means_with_audio() {
        insta::assert_snapshot!(multivariant(HlsForm::OnDemand));
        for form in [HlsForm::Live, HlsForm::LowLatency, HlsForm::Ranges] {
            assert_eq!(multivariant(form), multivariant(HlsForm::OnDemand));
        }
    }

    /// No group: the audio is in each variant.
    #[test]
    fn multiplexed_variants_stand_alone() {
        let text = multivariant(HlsForm::Transport);
        assert!(!text.contains("AUDIO=") && !text.contains("EXT-X-MEDIA"), "{text}");
        assert_eq!(text.matches("avc1.").count(), text.matches(",mp4a.40.2\"").count());
        assert_eq!(multivariant(HlsForm::Encrypted), text);
    }

    #[test]
    fn subtitles_are_a_group_that_every_variant_names() {
        let text = multivariant(HlsForm::Subtitled);
        let groups: Vec<_> = text.lines().filter(|line| line.contains("SUBTITLES,")).collect();
        insta::assert_snapshot!(groups.join("\n"), @r#"
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,FORCED=NO,URI="en.m3u8"
        #EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="de.m3u8"
        "#);
        assert_eq!(text.matches("SUBTITLES=\"subtitles\"").count(), 6);
    }

    /// Both pathways have the whole ladder, and their own audio.
    #[test]
    fn two_pathways_have_everything_twice() {
        insta::assert_snapshot!(multivariant(HlsForm::Steered));
    }
}
