//! What `--ladder` names: a built-in ladder, a file, or a manifest whose segments are requested for their sizes.

use super::demo_ladder::{DEMO, demo_ladder};
use crate::{
    args::SweepArgs,
    commands::{Failure, output},
    player::fetch::{LadderSizes, learn_ladder},
    sweep::matrix::Ladder,
};
use anyhow::Context as _;
use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

/// The ladder that was asked for.
pub(super) fn ladder(args: &SweepArgs) -> Result<Ladder, Failure> {
    let name = args.ladder.as_str();
    if name.starts_with("http://") || name.starts_with("https://") {
        return learnt(name, args.ladder_cache.as_deref());
    }
    if args.ladder_cache.is_some() {
        return Err(Failure::usage("--ladder-cache is for a --ladder that is a URL"));
    }
    if name == DEMO { demo_ladder() } else { Ladder::find(name).map_err(Failure::usage) }
}

/// The ladder of a manifest, from the cache if it is there.
fn learnt(url: &str, cache: Option<&Path>) -> Result<Ladder, Failure> {
    if let Some(path) = cache.filter(|path| path.exists()) {
        return Ladder::cached(path, url).map_err(Failure::usage);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let terminal = io::stderr().is_terminal();
    let mut progress = |done: usize, all: usize| {
        if terminal {
            // The progress is not shown any more.
            let _ = write!(io::stderr(), "\r\x1b[K--ladder: {done} of {all} sizes");
        }
    };
    let learnt = runtime.block_on(learn_ladder(url, &mut progress));
    if terminal {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let LadderSizes { segment, bitrates, sizes, audio, notes } =
        learnt.map_err(|error| Failure::running(format_args!("--ladder: {error}")))?;
    for note in &notes {
        output::tell(&format!("--ladder: {note}\n"));
    }
    let ladder = Ladder::new(url, segment, bitrates, sizes).with_audio(audio);
    if let Some(path) = cache {
        let text = ladder.to_json().map_err(Failure::running)?;
        fs::write(path, text)
            .map_err(|error| Failure::running(format_args!("{}: {error}", path.display())))?;
    }
    Ok(ladder)
}
