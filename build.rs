//! Lists the players of `console/node_modules`, so that the web console can embed those that are there.
//!
//! They are third-party programs, which this repository does not contain. `npm ci` in `console/` installs them. Without
//! them the list is empty, and the console plays what the browser plays by itself.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

/// The name of each player, and its script below `console/node_modules`.
const PLAYERS: [(&str, &str); 3] = [
    ("hls.js", "hls.js/dist/hls.min.js"),
    ("dash.js", "dashjs/dist/modern/umd/dash.all.min.js"),
    ("shaka.js", "shaka-player/dist/shaka-player.compiled.js"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let console = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("console");
    let mut list = "static PLAYERS: &[Player] = &[\n".to_owned();
    for (name, script) in PLAYERS {
        let path = console.join("node_modules").join(script);
        if path.is_file() {
            writeln!(list, "    ({name:?}, include_bytes!({path:?})),")?;
        }
    }
    list.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("players.rs"), list)?;
    choose_system_calls();
    // A new file of the console is embedded at the next build, and so is a player that was installed.
    println!("cargo:rerun-if-changed=console");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}

/// Sets `vsps_unix` and `vsps_linux`, unless the fallbacks of `src/system` are to be used.
fn choose_system_calls() {
    println!("cargo:rerun-if-env-changed=VSPS_PORTABLE");
    let wanted = env::var_os("VSPS_PORTABLE").is_some_and(|value| value != "0");
    if wanted || env::var_os("CARGO_CFG_VSPS_PORTABLE").is_some() {
        return;
    }
    if env::var_os("CARGO_CFG_UNIX").is_some() {
        println!("cargo:rustc-cfg=vsps_unix");
    }
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux" || system == "android")
    {
        println!("cargo:rustc-cfg=vsps_linux");
    }
}
