//! The run: arms the scenarios, lets the player play them, and writes what was found.

use super::{
    super::own_proxy::OwnProxy,
    by_browser, by_command, by_hand,
    watch::{Armed, arm, bitrates, wanted},
};
use crate::{
    args::CharacteriseArgs,
    commands::{Failure, output},
    profiles::Catalog,
    sessions::Origin,
    sweep::characterise::{Findings, report},
};
use anyhow::Context as _;
use std::{fs, sync::Arc};
use tokio::signal::ctrl_c;

const HLS: &str = "/demo/hls/master.m3u8";
const DASH: &str = "/demo/dash/manifest.mpd";

/// Does it.
///
/// # Errors
/// On bad use, or when the proxy or the player cannot be started.
pub(in super::super) fn run(args: &CharacteriseArgs) -> Result<(), Failure> {
    let bitrates = bitrates(args)?;
    let scenarios = wanted(args, &bitrates)?;
    let catalog = Arc::new(Catalog::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let findings = runtime.block_on(async {
        let path = path(args)?;
        let proxy = OwnProxy::start(args.listen.clone(), args.origin.clone(), &catalog).await?;
        let armed = scenarios.into_iter().map(|scenario| arm(&proxy, scenario, &path));
        let armed = armed.collect::<Result<Vec<_>, _>>()?;
        // What was watched until Ctrl-C is not lost.
        tokio::select! {
            played = play(args, &proxy, &armed) => played?,
            _ = ctrl_c() => {}
        }
        let watched: Vec<_> = armed
            .into_iter()
            .map(|one| {
                let seen = one.seen(&proxy);
                (one.scenario, seen)
            })
            .collect();
        Ok::<_, Failure>(Findings::of(&player(args), &bitrates, &watched))
    });
    runtime.shutdown_background();
    write(args, &findings?)
}

async fn play(args: &CharacteriseArgs, proxy: &OwnProxy, armed: &[Armed]) -> Result<(), Failure> {
    if let Some(command) = &args.command {
        by_command::play(command, args.at_once, armed).await
    } else if let Some(player) = args.browser {
        by_browser::play(args, player, armed).await
    } else {
        by_hand::play(&args.start_at, proxy, armed).await
    }
}

/// The path of the manifest.
fn path(args: &CharacteriseArgs) -> Result<String, Failure> {
    match &args.origin {
        None => Ok(if args.dash { DASH } else { HLS }.to_owned()),
        Some(url) => {
            let (_, path) = Origin::split(url).map_err(Failure::usage)?;
            if path == "/" {
                let hint = "write the URL of the manifest, as in https://cdn.example/master.m3u8";
                return Err(Failure::usage(format_args!("--origin: {url} has no path; {hint}")));
            }
            Ok(path)
        }
    }
}

/// What the player is called in the findings.
fn player(args: &CharacteriseArgs) -> String {
    match (&args.command, args.browser) {
        (Some(command), _) => command.clone(),
        (None, Some(player)) => format!("{} in Chromium", player.name()),
        (None, None) => format!("the player at {}", args.start_at),
    }
}

fn write(args: &CharacteriseArgs, findings: &Findings) -> Result<(), Failure> {
    match &args.json {
        Some(path) if path.as_os_str() == "-" => return output::print_json(findings),
        Some(path) => {
            let text = serde_json::to_string_pretty(findings).map_err(Failure::running)? + "\n";
            fs::write(path, text)
                .map_err(|error| Failure::running(format_args!("{}: {error}", path.display())))?;
        }
        None => {}
    }
    output::print(&report(findings))
}
