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
    // A new file of the console is embedded at the next build, and so is a player that was installed.
    println!("cargo:rerun-if-changed=console");
    println!("cargo:rerun-if-changed=build.rs");
    Ok(())
}
