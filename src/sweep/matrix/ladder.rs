//! What is played: a built-in ladder, or a file in Sabre's movie format.

use super::{FormatRequests, MatrixError, SegmentPaths};
use crate::player::Presentation;
use serde::{Deserialize, Serialize};
use std::{fs, path::Path, time::Duration};

const MS: f64 = 1000.0;
/// A year of one-second segments.
const MOST_SEGMENTS: f64 = 31_536_000.0;

/// A ladder, and the sizes of some segments, which are repeated as long as needed.
#[derive(Debug, Clone)]
pub struct Ladder {
    /// Its name, or the file's path.
    pub name: String,
    /// ms.
    segment: f64,
    /// kbit/s.
    bitrates: Vec<f64>,
    /// Bits of each segment at each bitrate.
    sizes: Vec<Vec<f64>>,
    /// Bits of each segment of the audio, if it has segments of its own.
    audio: Option<Vec<f64>>,
    /// What the bitrates have of it, in kbit/s.
    audio_bitrate: f64,
    /// Where its segments are.
    paths: Option<SegmentPaths>,
    /// What players request beside segments.
    formats: Vec<FormatRequests>,
}

#[derive(Deserialize, Serialize)]
struct MovieFile {
    /// The URL that it was learnt from; not part of Sabre's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    segment_duration_ms: f64,
    bitrates_kbps: Vec<f64>,
    segment_sizes_bits: Vec<Vec<f64>>,
    /// Segments of separate audio; not part of Sabre's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio_sizes_bits: Option<Vec<f64>>,
}

impl Ladder {
    /// A ladder of segments of `segment` ms with `bitrates` in kbit/s, and sizes in bits.
    #[must_use]
    pub fn new(name: &str, segment: f64, bitrates: Vec<f64>, sizes: Vec<Vec<f64>>) -> Self {
        Self {
            name: name.to_owned(),
            segment,
            bitrates,
            sizes,
            audio: None,
            audio_bitrate: 0.0,
            paths: None,
            formats: Vec::new(),
        }
    }

    /// The same, whose audio has segments of its own, with sizes in bits.
    #[must_use]
    pub fn with_audio(self, sizes: Option<Vec<f64>>) -> Self {
        Self { audio: sizes, ..self }
    }

    /// The same, whose bitrates are those of the video and of separate audio of `bitrate` kbit/s together.
    #[must_use]
    pub fn with_audio_bitrate(self, bitrate: f64) -> Self {
        Self { audio_bitrate: bitrate, ..self }
    }

    /// The same, with segments at `paths`, and what players request beside them in each of `formats`.
    #[must_use]
    pub fn with_requests(self, paths: SegmentPaths, formats: Vec<FormatRequests>) -> Self {
        Self { paths: Some(paths), formats, ..self }
    }

    /// What players request beside segments, in each format.
    #[must_use]
    pub fn formats(&self) -> &[FormatRequests] {
        &self.formats
    }

    /// The same, with the audio in the segments of the video. Nobody serves that, so no paths are known of it.
    #[must_use]
    pub fn muxed(&self) -> Self {
        let Some(audio) = &self.audio else { return self.clone() };
        let both = |(row, audio): (&Vec<f64>, &f64)| row.iter().map(|size| size + audio).collect();
        let sizes = self.sizes.iter().zip(audio).map(both).collect();
        let (name, bitrates) = (&self.name, self.bitrates.clone());
        Self::new(name, self.segment, bitrates, sizes)
    }

    /// A ladder whose sizes are bitrate × duration.
    fn constant(name: &str, segment: f64, bitrates: &[f64]) -> Self {
        let sizes = vec![bitrates.iter().map(|bitrate| bitrate * segment).collect()];
        Self::new(name, segment, bitrates.to_vec(), sizes)
    }

    /// `sabre`: the ten bitrates of Sabre's example movie, in segments of 3 s. `pensieve`: the six of
    /// Pensieve's, in segments of 4 s. All others are the path of a file in Sabre's movie format.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find(name: &str) -> Result<Self, MatrixError> {
        const SABRE: [f64; 10] =
            [230.0, 331.0, 477.0, 688.0, 991.0, 1427.0, 2056.0, 2962.0, 5027.0, 6000.0];
        const PENSIEVE: [f64; 6] = [300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0];
        match name {
            "sabre" => Ok(Self::constant(name, 3000.0, &SABRE)),
            "pensieve" => Ok(Self::constant(name, 4000.0, &PENSIEVE)),
            path => Self::read(Path::new(path)).map(|(ladder, _)| ladder),
        }
    }

    /// The ladder of `url`, from the file that [`Self::to_json`] made.
    ///
    /// # Errors
    /// When the file cannot be read, or is that of another URL.
    pub fn cached(path: &Path, url: &str) -> Result<Self, MatrixError> {
        let (ladder, source) = Self::read(path)?;
        if source.as_deref() != Some(url) {
            let source = source.as_deref().unwrap_or("no URL");
            let problem = format!("it is the ladder of {source}; remove it, or write another file");
            return Err(MatrixError::File { path: path.to_owned(), problem });
        }
        Ok(Self { name: url.to_owned(), ..ladder })
    }

    /// As a file in Sabre's movie format, with the name as its source.
    ///
    /// # Errors
    /// Never, but serialisation has no other form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let file = MovieFile {
            source: Some(self.name.clone()),
            segment_duration_ms: self.segment,
            bitrates_kbps: self.bitrates.clone(),
            segment_sizes_bits: self.sizes.clone(),
            audio_sizes_bits: self.audio.clone(),
        };
        serde_json::to_string(&file).map(|text| text + "\n")
    }

    fn read(path: &Path) -> Result<(Self, Option<String>), MatrixError> {
        let text = fs::read_to_string(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => MatrixError::File {
                path: path.to_owned(),
                problem: "there is no such file; write demo, sabre, pensieve, a URL, or the \
                          path of a file in Sabre's movie format"
                    .to_owned(),
            },
            _ => MatrixError::Read { path: path.to_owned(), error },
        })?;
        let file: MovieFile = serde_json::from_str(&text).map_err(|error| MatrixError::File {
            path: path.to_owned(),
            problem: error.to_string(),
        })?;
        let MovieFile { source, segment_duration_ms, bitrates_kbps, .. } = file;
        let name = path.to_string_lossy();
        let ladder = Self::new(&name, segment_duration_ms, bitrates_kbps, file.segment_sizes_bits)
            .with_audio(file.audio_sizes_bits);
        Ok((ladder, source))
    }

    /// The presentation of this duration, rounded up to a whole segment.
    ///
    /// # Errors
    /// When the ladder cannot be played, or the duration is that of no or too many segments.
    pub fn presentation(&self, duration: Duration) -> Result<Presentation, MatrixError> {
        let ladder = |error| MatrixError::Ladder { name: self.name.clone(), error };
        // Checks all sizes, also those that are not repeated.
        let once = Presentation::new(self.segment, self.bitrates.clone(), &self.sizes);
        let with_audio = |presentation: Presentation, audio: Option<Vec<f64>>| match audio {
            Some(audio) => presentation.with_audio_bitrate(self.audio_bitrate).with_audio(audio),
            None => Ok(presentation),
        };
        once.and_then(|once| with_audio(once, self.audio.clone())).map_err(ladder)?;
        let count = (duration.as_secs_f64() * MS / self.segment).ceil();
        if !(1.0..=MOST_SEGMENTS).contains(&count) {
            let problem = "write a duration of at least a segment and at most a year".to_owned();
            return Err(MatrixError::Option { option: "--duration", problem });
        }
        let sizes: Vec<_> = self.sizes.iter().cycle().take(count as usize).cloned().collect();
        let audio = self.audio.as_ref();
        let audio = audio.map(|audio| audio.iter().cycle().take(count as usize).copied().collect());
        let presentation = Presentation::new(self.segment, self.bitrates.clone(), &sizes);
        let presentation = presentation
            .and_then(|presentation| with_audio(presentation, audio))
            .map_err(ladder)?;
        Ok(match self.paths {
            Some(SegmentPaths { video, audio }) => {
                presentation.with_paths(video).with_audio_paths(audio)
            }
            None => presentation,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ladder_lasts_as_long_as_asked() {
        let ladder = Ladder::find("pensieve").unwrap();
        let presentation = ladder.presentation(Duration::from_secs(601)).unwrap();
        assert_eq!((presentation.count(), presentation.top()), (151, 5));
        assert_eq!(presentation.size(150, 0), Some(1_200_000.0));
    }

    #[test]
    fn bad_ladders_are_named() {
        let error = Ladder::find("pensive").unwrap_err().to_string();
        assert!(
            error.starts_with("--ladder pensive: there is no such file; write demo"),
            "{error}"
        );
        let ladder = Ladder::new("x", 4000.0, vec![300.0, 200.0], vec![vec![1.0, 2.0]]);
        let error = ladder.presentation(Duration::from_secs(60)).unwrap_err().to_string();
        assert!(error.starts_with("--ladder: 'x' bitrate 1 is 200; write"), "{error}");
        let ladder = Ladder::find("sabre").unwrap();
        assert!(ladder.presentation(Duration::ZERO).is_err());
    }
}
