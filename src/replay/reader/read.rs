//! Reads a recording of any form.

use super::{bounded::Bounded, cmcd, event_log, form::Form, har, run_file};
use crate::{
    replay::{error::ReplayError, record::Recording},
    units::ByteSize,
};
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};

/// How much of the beginning is read to find the form.
const START: u64 = 8 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const BOM: &[u8] = b"\xef\xbb\xbf";

/// How a recording is read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// Larger files are refused; of compressed ones, what they unpack to counts.
    pub limit: ByteSize,
    /// The session to use, of a log with several; `None` = the one with the most bytes.
    pub session: Option<String>,
}

impl ReadOptions {
    /// Half a gibibyte: a HAR with the bodies of a day of watching.
    pub const LIMIT: ByteSize = ByteSize::from_bytes(512 << 20);
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { limit: Self::LIMIT, session: None }
    }
}

/// Reads a recording: HAR, event log, run file or CMCD reports, also compressed with gzip.
///
/// # Errors
/// If it is of no known form, too large, cut off, or has values that make no sense. The error names the place.
pub fn read(file: impl Read, options: &ReadOptions) -> Result<Recording, ReplayError> {
    let mut file = BufReader::new(file);
    let compressed = file.fill_buf()?.starts_with(&GZIP);
    let found = if compressed {
        text(flate2::bufread::MultiGzDecoder::new(file), options)
    } else {
        text(file, options)
    };
    found.map_err(|error| match error {
        ReplayError::Unreadable(cause) if cause.kind() == ErrorKind::FileTooLarge => {
            ReplayError::TooLarge(options.limit)
        }
        other => other,
    })
}

fn text(file: impl Read, options: &ReadOptions) -> Result<Recording, ReplayError> {
    let mut file = Bounded::new(file, options.limit.bytes());
    let mut start = Vec::new();
    file.by_ref().take(START).read_to_end(&mut start)?;
    if start.starts_with(BOM) {
        start.drain(..BOM.len());
    }
    let shown = String::from_utf8_lossy(&start).into_owned();
    let Some(form) = Form::of(&shown) else {
        let begins: String = shown.chars().take(40).collect();
        return Err(ReplayError::Unknown(format!("it begins with {begins:?}")));
    };
    let whole = BufReader::new(Cursor::new(start).chain(file));
    match form {
        Form::Har => har::read(whole),
        Form::RunFile => run_file::read(whole, options.session.as_deref()),
        Form::EventLog => event_log::read(whole, options.session.as_deref()),
        Form::Cmcd => cmcd::read(whole),
    }
}
