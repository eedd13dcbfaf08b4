//! The lines of a trace, one at a time, with their numbers.

use super::error::Fault;
use crate::units::{BitRate, ByteSize};
use std::io::{BufRead, Read};

/// The longest line in bytes.
const LONGEST: u64 = 64 << 10;

/// The lines of a text without blank lines and comments (`#`).
pub(super) struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, buffer: Vec::new(), number: 0 }
    }

    /// The next line and its number, trimmed.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &str)>, Fault> {
        loop {
            self.buffer.clear();
            self.number += 1;
            let line = self.number;
            let read = self.input.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer);
            let read = read.map_err(|cause| unreadable(line, &cause))?;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == LONGEST && self.buffer.last() != Some(&b'\n') {
                return Err(Fault::at(line, "is longer than 64 KiB", "write one sample a line"));
            }
            let text = std::str::from_utf8(&self.buffer)
                .map_err(|_| Fault::at(line, "is not text", "write UTF-8"))?;
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() && !text.starts_with('#') {
                break;
            }
        }
        // Read again, because the borrow can't be returned from the loop.
        let text = std::str::from_utf8(&self.buffer).unwrap_or_default();
        Ok(Some((self.number, text.trim_start_matches('\u{feff}').trim())))
    }
}

pub(super) fn unreadable(line: u64, cause: &std::io::Error) -> Fault {
    match cause.kind() {
        std::io::ErrorKind::FileTooLarge => {
            Fault::whole(cause.to_string(), "raise the limit with --max-trace, or cut it")
        }
        std::io::ErrorKind::IsADirectory => {
            Fault::whole("is a folder", "write the path of a trace")
        }
        _ => Fault::at(line, format!("can't be read: {cause}"), "write the path of a trace"),
    }
}

/// A number of at least zero.
pub(super) fn number(line: u64, text: &str) -> Result<f64, Fault> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        Ok(_) => Err(Fault::at(
            line,
            format!("`{text}` is not a number of at least 0"),
            "write a number from 0",
        )),
        Err(_) => {
            Err(Fault::at(line, format!("`{text}` is not a number"), "write one, as in `1200.5`"))
        }
    }
}

/// A rate of `bits` a second.
pub(super) fn rate(line: u64, bits: f64) -> Result<BitRate, Fault> {
    if bits > BitRate::MAX.bits_per_second() as f64 {
        let hint = "check the unit; the highest rate is 1000 Gbit/s";
        return Err(Fault::at(line, "is above 1000 Gbit/s", hint));
    }
    Ok(BitRate::from_bits_per_second(bits.round() as u64))
}

/// A duration of `seconds`.
pub(super) fn span(line: u64, seconds: f64) -> Result<std::time::Duration, Fault> {
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|span| span.as_secs() < 366 * 24 * 3600)
        .ok_or_else(|| Fault::at(line, "lasts longer than a year", "check the unit of its time"))
}

/// A reader that counts bytes, reports progress, and fails beyond a limit.
pub(super) struct Counted<'p, R> {
    input: R,
    read: u64,
    limit: ByteSize,
    progress: &'p mut dyn FnMut(u64),
}

impl<'p, R: Read> Counted<'p, R> {
    pub(super) fn new(input: R, limit: ByteSize, progress: &'p mut dyn FnMut(u64)) -> Self {
        Self { input, read: 0, limit, progress }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.read += read as u64;
        if self.read > self.limit.bytes() {
            let problem = format!("is larger than {}", self.limit);
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, problem));
        }
        (self.progress)(self.read);
        Ok(read)
    }
}
