//! `vsps bench --browser`, and `vsps bench characterise` of a player whose rules are known.

use crate::{
    machine::room_for_players,
    process::{ended, vsps},
    tool::{tool, web},
};
use serde_json::Value;
use std::time::Duration;

/// Far longer than each takes on a machine of its own.
const PATIENCE: Duration = Duration::from_secs(240);

async fn json(args: &[&str]) -> Value {
    let run = ended(vsps(args), PATIENCE).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// A real player is beside its re-creation in one result.
#[tokio::test]
async fn a_browser_is_in_the_results() {
    let _room = room_for_players(1).await;
    let (modules, chromium) = (web().join("node_modules"), tool("chromium"));
    let args = ["bench", "--browser", "hls.js", "--abr", "hls.js", "--profile", "wifi"];
    let places = [
        "--node-modules",
        modules.to_str().unwrap(),
        "--chromium",
        chromium.as_std().get_program().to_str().unwrap(),
    ];
    let rest = ["--seeds", "3", "--duration", "12s", "--json", "-"];
    let results = json(&[&args[..], &places[..], &rest[..]].concat()).await;
    assert_eq!(results["algorithms"], serde_json::json!(["hls.js", "browser:hls.js"]));
    let runs = results["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for run in runs {
        assert_eq!(run["seed"], 3);
        let figure = |name: &str| run[name].as_f64().unwrap_or_else(|| panic!("{run}"));
        assert!((figure("play_s") - 12.0).abs() < 1.0, "{run}");
        assert!(figure("bitrate_kbps") > 200.0 && figure("startup_s") > 0.0, "{run}");
    }
}

/// What is missing is named, with what to do about it; nothing is downloaded.
#[tokio::test]
async fn a_missing_package_is_named() {
    let args = ["bench", "--browser", "shaka", "--node-modules", "tests/no-such-folder"];
    let run = ended(vsps(&args), PATIENCE).await;
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    let wanted =
        "has no playwright-core, shaka-player; run `npm install playwright-core shaka-player`";
    assert!(run.stderr.contains(wanted), "{}", run.stderr);
}

/// `vsps play` tries a refused segment again; that is seen from its requests.
#[tokio::test]
async fn a_known_player_is_characterised() {
    let play = format!(
        "{} play {{url}} --abr throughput --duration {{seconds}}s",
        env!("CARGO_BIN_EXE_vsps")
    );
    let args = ["bench", "characterise", "--listen", "127.0.0.1:0", "--only", "one-503"];
    let findings = json(&[&args[..], &["--command", &play, "--json", "-"]].concat()).await;
    let scenario = &findings["scenarios"][0];
    assert_eq!(scenario["name"], "one-503");
    let fault = &scenario["fault"];
    assert_eq!((&fault["outcome"], &fault["retries"]), (&"plays-on".into(), &1.into()), "{fault}");
    assert_eq!(fault["back_offs_s"].as_array().unwrap().len(), 1, "{fault}");
}
