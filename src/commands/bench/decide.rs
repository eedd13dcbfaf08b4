//! `vsps bench decide`.

use crate::{
    commands::Failure,
    sweep::decide::{DecideError, run},
};
use std::io::{self, ErrorKind};

/// Answers each line of standard input.
pub(super) fn decide(abr: &str) -> Result<(), Failure> {
    match run(abr, io::stdin().lock(), io::BufWriter::new(io::stdout().lock())) {
        Ok(()) => Ok(()),
        // The reader has closed its end.
        Err(DecideError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error @ DecideError::Io(_)) => Err(Failure::running(error)),
        Err(error) => Err(Failure::usage(error)),
    }
}
