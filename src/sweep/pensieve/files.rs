//! Pensieve's input files: "cooked" traces and chunk sizes.

use super::PensieveError;
use crate::player::{Presentation, network::PensieveNetwork};
use std::{fs, path::Path};

/// The ladder in kbit/s.
const BITRATES: [f64; 6] = [300.0, 750.0, 1200.0, 1850.0, 2850.0, 4300.0];
/// The duration of a chunk in ms.
const CHUNK: f64 = 4000.0;
/// Chunks that are played.
const CHUNKS: usize = 48;
/// What the options name.
const SIZES: &str = "a folder with the files video_size_0 to video_size_5";
const TRACE: &str = "a file with lines of seconds and Mbit/s";

/// Reads `video_size_0` to `video_size_5` of a folder: bytes of each chunk, a line each, the lowest
/// bitrate first. The presentation has as many chunks as the shortest file.
///
/// Of the published files the first 48 of 49 lines are played; the last one is still looked at by
/// MPC's error of one.
pub(super) fn sizes(folder: &Path) -> Result<Presentation, PensieveError> {
    let mut columns = Vec::new();
    for rung in 0..BITRATES.len() {
        let path = folder.join(format!("video_size_{rung}"));
        let sizes: Vec<f64> = lines("--sizes", SIZES, &path)?
            .into_iter()
            .map(|(_, fields)| fields[0] * 8.0)
            .collect();
        columns.push(sizes);
    }
    let count = columns.iter().map(Vec::len).min().unwrap_or(0);
    let rows: Vec<Vec<f64>> =
        (0..count).map(|chunk| columns.iter().map(|column| column[chunk]).collect()).collect();
    let presentation = Presentation::new(CHUNK, BITRATES.to_vec(), &rows)
        .map_err(|error| PensieveError::Sizes { path: folder.to_owned(), error })?;
    Ok(presentation.ending_at(CHUNKS))
}

/// Reads a trace of two columns: seconds and Mbit/s.
pub(super) fn trace(path: &Path) -> Result<PensieveNetwork, PensieveError> {
    let mut points = (Vec::new(), Vec::new());
    for (line, fields) in lines("--trace", TRACE, path)? {
        let [time, rate, ..] = fields[..] else {
            let problem = "has one column; write seconds and Mbit/s".into();
            return Err(PensieveError::Line { path: path.to_owned(), line, problem });
        };
        points.0.push(time);
        points.1.push(rate);
    }
    PensieveNetwork::new(points.0, points.1)
        .ok_or_else(|| PensieveError::Trace { path: path.to_owned() })
}

/// The numbers of each line that is not empty, with its 1-based number. Errors name the option of the file, and what to
/// write there instead.
fn lines(
    option: &'static str,
    instead: &'static str,
    path: &Path,
) -> Result<Vec<(usize, Vec<f64>)>, PensieveError> {
    let text = fs::read_to_string(path).map_err(|error| PensieveError::Read {
        option,
        instead,
        path: path.to_owned(),
        error,
    })?;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fields: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
        let fields = fields.map_err(|_| PensieveError::Line {
            path: path.to_owned(),
            line: index + 1,
            problem: format!(
                "'{}' is not a row of numbers",
                line.chars().take(40).collect::<String>()
            ),
        })?;
        if !fields.is_empty() {
            lines.push((index + 1, fields));
        }
    }
    Ok(lines)
}
