//! Logs to standard error or to a file, as text or JSON. `VSPS_LOG_LEVEL` sets the level, also by module.
//!
//! A separate thread writes the lines, so no task waits for standard error. Lines that can't be written
//! are dropped and counted.

use crate::{
    args::LogFormat,
    output,
    output::{LineWriter, LossCounter, Notices, RotatingFile, standard_error},
    units::ByteSize,
};
use std::{
    io::{self, IsTerminal as _, Write},
    panic,
    path::Path,
    sync::Arc,
    time::Duration,
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// How long the program waits for lines to be written when it ends or a thread panics.
const PATIENCE: Duration = Duration::from_millis(500);

/// The log of the process.
#[derive(Debug, Clone)]
pub struct Log(Arc<LineWriter>);

/// Starts logging to `file`, which is replaced by a new one at the size `limit`, or to standard error. A second call in one process
/// changes nothing.
///
/// # Errors
/// If the file can't be opened, or no file descriptor or no thread is available.
pub fn start(format: LogFormat, file: Option<&Path>, limit: Option<ByteSize>) -> io::Result<Log> {
    let recovered = |lines: u64| {
        tracing::warn!(lines, "log lines were dropped, because the log could not be written");
    };
    let notices = Notices { failed: |_| {}, recovered };
    let output: Box<dyn Write + Send> = match (file, limit) {
        (Some(path), Some(limit)) => Box::new(RotatingFile::open(path, limit.bytes())?),
        (Some(path), None) => output::open_to_append(path)?,
        (None, _) => Box::new(standard_error()?),
    };
    let log = Log(Arc::new(LineWriter::start("log", output, notices)?));
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .with_env_var("VSPS_LOG_LEVEL")
        .from_env_lossy();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(log.clone())
        .with_ansi(file.is_none() && io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => builder.with_target(false).compact().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_ok() {
        // The default hook writes to standard error itself, and could block.
        let log = log.clone();
        panic::set_hook(Box::new(move |panic| {
            tracing::error!("{panic}");
            log.flush();
        }));
    }
    Ok(log)
}

impl Log {
    /// How many lines were dropped.
    #[must_use]
    pub fn dropped(&self) -> LossCounter {
        self.0.lost()
    }

    /// Waits until all lines are written, for half a second at most.
    pub fn flush(&self) {
        // Lines that are not written are counted.
        let _ = self.0.flush(PATIENCE);
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines<'a>;

    fn make_writer(&'a self) -> Lines<'a> {
        Lines(&self.0)
    }
}

/// Collects the lines of one event.
#[derive(Debug)]
pub struct Lines<'a>(&'a LineWriter);

impl Write for Lines<'_> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.0.write(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
