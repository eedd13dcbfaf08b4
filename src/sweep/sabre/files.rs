//! Sabre's input files.

use super::SabreError;
use crate::player::{Presentation, network::Period};
use serde::Deserialize;
use std::{fs, path::Path};

#[derive(Deserialize)]
struct MovieFile {
    segment_duration_ms: f64,
    bitrates_kbps: Vec<f64>,
    segment_sizes_bits: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct PeriodFile {
    duration_ms: f64,
    bandwidth_kbps: f64,
    latency_ms: f64,
}

/// The most segments that a movie is repeated to: a year of one-second segments.
const MOST_SEGMENTS: f64 = 31_536_000.0;

/// Reads a movie, cut or repeated to `length` seconds.
pub(super) fn movie(path: &Path, length: Option<f64>) -> Result<Presentation, SabreError> {
    let file: MovieFile = read("--movie", path)?;
    let mut sizes = file.segment_sizes_bits;
    if let Some(length) = length {
        let count = (length * 1000.0 / file.segment_duration_ms).ceil();
        if !(1.0..=MOST_SEGMENTS).contains(&count) {
            let problem = "write a movie length of at least one segment, and of a year at most";
            return Err(SabreError::Usage(format!("--movie-length: {problem}")));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above"
        )]
        let count = count as usize;
        sizes = sizes.iter().cycle().take(count).cloned().collect();
    }
    Presentation::new(file.segment_duration_ms, file.bitrates_kbps, &sizes)
        .map_err(|error| SabreError::Movie { path: path.to_owned(), error })
}

/// Reads a network, its bandwidths times `multiplier`.
pub(super) fn network(path: &Path, multiplier: f64) -> Result<Vec<Period>, SabreError> {
    let periods: Vec<PeriodFile> = read("--network", path)?;
    let period = |period: PeriodFile| Period {
        duration: period.duration_ms,
        bandwidth: period.bandwidth_kbps * multiplier,
        latency: period.latency_ms,
    };
    Ok(periods.into_iter().map(period).collect())
}

fn read<T: for<'de> Deserialize<'de>>(option: &'static str, path: &Path) -> Result<T, SabreError> {
    let text = fs::read_to_string(path).map_err(|error| SabreError::Read {
        option,
        path: path.to_owned(),
        error,
    })?;
    serde_json::from_str(&text)
        .map_err(|error| SabreError::File { path: path.to_owned(), problem: error.to_string() })
}
