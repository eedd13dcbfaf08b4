//! The player is a real one in Chromium.

use super::{
    super::browser::{Driver, Job, Task, Tools},
    watch::Armed,
};
use crate::{
    args::{BrowserArgs, BrowserPlayer, CharacteriseArgs},
    commands::{Failure, output},
};
use std::{num::NonZeroUsize, thread};

/// More media than any scenario has time for, in seconds.
const ENOUGH: f64 = 1e6;

/// Plays all scenarios.
pub(super) async fn play(
    args: &CharacteriseArgs,
    player: BrowserPlayer,
    armed: &[Armed],
) -> Result<(), Failure> {
    let browser = BrowserArgs {
        browser: vec![player],
        node_modules: args.node_modules.clone(),
        chromium: args.chromium.clone(),
        at_once: args.at_once,
    };
    let tools = Tools::find(&browser, &browser.browser)?;
    let task = |one: &Armed| Task {
        player: player.name(),
        url: one.url.clone(),
        seconds: one.scenario.seconds,
        enough: ENOUGH,
        stock: true,
    };
    let tasks: Vec<Task> = armed.iter().map(task).collect();
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let at_once = args.at_once.unwrap_or(cores).get();
    let mut driver = Driver::start(&tools, &Job { tasks: &tasks, at_once }).await?;
    let mut done = 0;
    while driver.line().await?.is_some() {
        done += 1;
        output::tell(&format!("{done} of {} scenarios\n", tasks.len()));
    }
    Ok(())
}
