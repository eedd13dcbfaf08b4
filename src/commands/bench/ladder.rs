//! What `--ladder` names: a built-in ladder, a file, or a manifest whose segments are requested for their sizes.

use crate::{
    args::SweepArgs,
    commands::{Failure, output},
    origin,
    player::fetch::{LadderSizes, learn_ladder},
    sweep::matrix::Ladder,
};
use anyhow::Context as _;
use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::Path,
};

/// The built-in origin's ladder.
const DEMO: &str = "demo";
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;

/// The ladder that was asked for.
pub(super) fn ladder(args: &SweepArgs) -> Result<Ladder, Failure> {
    let name = args.ladder.as_str();
    if name.starts_with("http://") || name.starts_with("https://") {
        return learnt(name, args.ladder_cache.as_deref());
    }
    if args.ladder_cache.is_some() {
        return Err(Failure::usage("--ladder-cache is for a --ladder that is a URL"));
    }
    if name == DEMO { Ok(demo()) } else { Ladder::find(name).map_err(Failure::usage) }
}

/// Each rung with its audio, and the sizes that the origin serves.
fn demo() -> Ladder {
    let bitrates = origin::ladder_bits_per_second().map(|bits| bits as f64 / THOUSAND).collect();
    let row = |row: Vec<u64>| row.into_iter().map(|bytes| bytes as f64 * BITS).collect();
    let (sizes, sound): (Vec<_>, Vec<_>) = origin::segment_bytes().unzip();
    let sizes = sizes.into_iter().map(row).collect();
    Ladder::new(DEMO, origin::SEGMENT.as_secs_f64() * THOUSAND, bitrates, sizes)
        .with_audio(Some(row(sound)))
        .with_audio_bitrate(origin::audio_bits_per_second() as f64 / THOUSAND)
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
