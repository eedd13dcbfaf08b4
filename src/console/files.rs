//! The embedded files of the console.

use include_dir::{Dir, include_dir};

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/console/web");

/// Name of the player, as in `hls.js`, and its script.
type Player = (&'static str, &'static [u8]);

// `build.rs` writes this list: `static PLAYERS: &[Player]`.
include!(concat!(env!("OUT_DIR"), "/players.rs"));

/// The address and the bytes of each file. `/` is the page itself.
pub(super) fn all() -> Vec<(String, &'static [u8])> {
    let mut found = Vec::new();
    walk(&PAGES, &mut found);
    found.extend(PLAYERS.iter().map(|(name, script)| (format!("/players/{name}"), *script)));
    found
}

/// The names of the embedded players, as a JSON array.
pub(super) fn players() -> String {
    let names: Vec<_> = PLAYERS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    format!("[{}]", names.join(","))
}

/// The text of the file at `path` below `console/web/`; empty if there is none.
pub(super) fn text(path: &str) -> String {
    let file = PAGES.get_file(path);
    file.map(|file| String::from_utf8_lossy(file.contents()).into_owned()).unwrap_or_default()
}

fn walk(folder: &Dir<'static>, found: &mut Vec<(String, &'static [u8])>) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        let address = if path == "index.html" { "/".to_owned() } else { format!("/{path}") };
        found.push((address, file.contents()));
    }
    for inner in folder.dirs() {
        walk(inner, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_script_are_embedded() {
        let all = all();
        let has = |wanted: &str| all.iter().any(|(address, _)| address == wanted);
        assert!(has("/") && has("/main.js") && has("/timeline/timeline.js"));
        assert!(!all.iter().any(|(address, _)| address.contains("node_modules")));
    }

    #[test]
    fn the_list_of_players_is_json() {
        let names: Vec<String> = serde_json::from_str(&players()).unwrap();
        assert_eq!(names.len(), PLAYERS.len());
    }
}
