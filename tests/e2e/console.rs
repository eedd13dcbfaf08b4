//! The web console: the types of its scripts, their unit tests, and what a person sees and does in Chromium.

use crate::{
    machine::room_for_players,
    rig::Rig,
    tool::{output, tool, web},
};
use std::time::Duration;

/// The most that a check of the scripts may take.
const CHECK: Duration = Duration::from_secs(300);
/// The most that all scenarios together may take.
const WATCH: Duration = Duration::from_secs(900);

/// The JSDoc comments of the scripts are types, and `tsc` finds no error in them.
#[tokio::test]
async fn the_scripts_of_the_console_are_typed() {
    let folder = web();
    let mut command = tool("node");
    command.arg("node_modules/typescript/bin/tsc").args(["-p", "console/tsconfig.json"]);
    command.current_dir(&folder);
    output(command, CHECK).await;
}

#[tokio::test]
async fn the_parts_of_the_console_pass_their_unit_tests() {
    let mut command = tool("node");
    command.args(["--test", "console/"]).current_dir(web());
    let report = output(command, CHECK).await;
    assert!(report.contains("# fail 0"), "{report}");
}

/// Home starts sessions; the timeline grows; a dragged rate, a pause, undo and a fault have an effect that is seen; saved
/// runs open without a proxy; axe finds nothing serious; nothing overflows on a phone. `tests/web/console/` has the
/// scenarios.
#[tokio::test]
async fn a_person_sees_and_controls_sessions() {
    let rig = Rig::start("unlimited").await;
    let _room = room_for_players(2).await;
    let mut command = tool("node");
    command.arg("console/browser.mjs").arg(format!("http://{}", rig.admin())).arg(rig.url(""));
    command.current_dir(web()).env("VSPS_BIN", env!("CARGO_BIN_EXE_vsps"));
    let report = output(command, WATCH).await;
    assert!(report.lines().filter(|line| line.starts_with("ok ")).count() > 15, "{report}");
    rig.stop().await;
}

/// With `--admin-token` the page is public, and asks for the token; the API stays closed.
#[tokio::test]
async fn the_console_asks_for_the_token() {
    let rig = Rig::start_with("unlimited", &["--admin-token", "open sesame"]).await;
    let _room = room_for_players(2).await;
    let mut command = tool("node");
    command.arg("console/browser.mjs").arg(format!("http://{}", rig.admin())).arg(rig.url(""));
    command.current_dir(web()).env("VSPS_TOKEN", "open sesame");
    let report = output(command, WATCH).await;
    assert!(report.starts_with("ok "), "{report}");
    rig.stop().await;
}
