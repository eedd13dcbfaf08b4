//! Standard output and standard error. A closed reader is not a failure, and a reader that does not read
//! does not block the program for long.

use super::Failure;
use crate::output::{self, LineWriter, Notices, Unwritten};
use std::{
    io::{self, Write as _},
    time::Duration,
};

/// How long the program waits at its end for the readers of its output.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints `text` as it is.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::running(format_args!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints `value` as indented JSON.
pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::running)?;
    print(&(text + "\n"))
}

/// Writes `text` to standard error, and ignores failures.
pub fn tell(text: &str) {
    let notices = Notices { failed: |_| {}, recovered: |_| {} };
    let writer = output::standard_error()
        .and_then(|stream| LineWriter::start("standard-error", stream, notices));
    if let Ok(writer) = writer {
        writer.write(text.as_bytes());
        // There is no other place to report this.
        let _ = writer.flush(PATIENCE);
    }
}

/// Standard output of a server. Its failures do not end the service.
pub(super) struct Stdout(LineWriter);

impl Stdout {
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |error: &io::Error| match error.kind() {
            io::ErrorKind::BrokenPipe => {}
            _ => tracing::error!(%error, "standard output can't be written"),
        };
        let notices = Notices { failed, recovered: |_| {} };
        let stream = output::standard_output()
            .and_then(|stream| LineWriter::start("standard-output", stream, notices));
        stream.map(Self).map_err(|error| Failure::running(format_args!("standard output: {error}")))
    }

    pub(super) fn print(&self, text: &str) {
        self.0.write(text.as_bytes());
    }

    /// Waits until the output is written, for at most a second.
    pub(super) fn finish(&self) -> Result<(), Failure> {
        match self.0.flush(PATIENCE) {
            Ok(()) | Err(Unwritten::NoReader) => Ok(()),
            Err(error) => Err(Failure::running(format_args!("standard output: {error}"))),
        }
    }
}
