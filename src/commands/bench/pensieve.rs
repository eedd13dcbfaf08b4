//! `vsps bench pensieve`.

use crate::{
    args::{PensieveAbrName, PensieveArgs},
    commands::Failure,
    sweep::pensieve::{PensieveAbr, PensieveError, PensieveOptions, run},
};
use std::io::{self, ErrorKind, Write as _};

/// Prints a row a chunk.
pub(super) fn pensieve(args: PensieveArgs) -> Result<(), Failure> {
    let abr = match args.abr {
        PensieveAbrName::Bba => PensieveAbr::Bba,
        PensieveAbrName::RobustMpc => PensieveAbr::RobustMpc,
    };
    let options = PensieveOptions { traces: args.trace, sizes: args.sizes, abr };
    let mut out = io::BufWriter::new(io::stdout().lock());
    match run(&options, &mut out).and_then(|result| out.flush().map(|()| result)) {
        Ok(result) => result.map_err(failure),
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::running(format_args!("standard output: {error}"))),
    }
}

fn failure(error: PensieveError) -> Failure {
    if error.is_bad_use() { Failure::usage(error) } else { Failure::running(error) }
}
