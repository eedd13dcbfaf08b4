//! What real players cannot do of what was asked for.

use crate::{
    args::{ShardArg, SweepArgs},
    commands::Failure,
    origin,
    sweep::matrix::Shard,
};

const DEMO: &str = "demo";

/// Refuses what they cannot do.
///
/// # Errors
/// With what to write instead.
pub(in super::super) fn check(args: &SweepArgs) -> Result<(), Failure> {
    let stream = origin::SEGMENT * u32::try_from(origin::segment_bytes().count()).unwrap_or(0);
    let problem = if args.real.browser.is_empty() {
        return Ok(());
    } else if args.ladder != DEMO {
        "--browser plays the built-in stream: leave --ladder out, or write --ladder demo"
    } else if args.shard != ShardArg::Part(Shard::WHOLE) {
        "--browser plays all sessions on this machine: leave --shard out"
    } else if args.live || args.players.get() > 1 {
        "--browser plays on demand, one player on a link: leave --live and --players out"
    } else if args.duration > stream {
        "--browser plays the built-in stream, which is 10 m long: write a shorter --duration"
    } else {
        return Ok(());
    };
    Err(Failure::usage(problem))
}
