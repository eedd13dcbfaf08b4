//! The walls of the house, kept: who may import whom, who may ask the time, how large files and
//! functions grow.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every room, low to high, and what it may import. The walls behind the shape: `model` knows no
/// clock and no I/O; `proxy` and `observers` meet only in `event`; `origin` knows nothing of the proxy.
const ROOMS: &[(&str, &[&str])] = &[
    ("output", &[]),
    ("descriptors", &[]),
    ("units", &[]),
    ("seed", &[]),
    ("model", &["units", "seed"]),
    ("media", &["units"]),
    ("builtin", &[]),
    // `builtin`: the names of the profiles that a rule may name. `model` and `seed`: a delay may be
    // drawn from the same distributions as a profile's jitter.
    ("rules", &["builtin", "media", "model", "seed", "units"]),
    // `media`: the types of media that a limit is about.
    ("profiles", &["builtin", "media", "model", "rules", "seed", "units"]),
    ("plot", &["model", "profiles", "seed", "units"]),
    ("event", &["media", "model", "rules", "units"]),
    ("sessions", &["event", "media", "model", "profiles", "rules", "seed", "units"]),
    // The event log spells out plans, whose parts are rules' and units' types.
    ("observers", &["event", "output", "rules", "units"]),
    // `profiles`: the catalogue, for `vsps.profile=NAME`.
    ("proxy", &["event", "media", "model", "profiles", "rules", "seed", "sessions", "units"]),
    // `seed` and `units`: to name the values of a request.
    ("api", &["event", "observers", "profiles", "rules", "seed", "sessions", "units"]),
    ("origin", &["media", "units"]),
    ("player", &["media", "model", "seed", "units"]),
    // `model` and `media`: to make the network of a session of a profile.
    ("sweep", &["media", "model", "player", "profiles", "seed", "units"]),
    ("args", &["profiles", "proxy", "sessions", "sweep", "units"]),
    ("logging", &["args", "output"]),
    ("config", &["args", "profiles", "proxy", "rules", "seed", "sessions"]),
    (
        "app",
        &[
            "api",
            "config",
            "descriptors",
            "event",
            "observers",
            "origin",
            "output",
            "profiles",
            "proxy",
            "sessions",
        ],
    ),
    (
        "commands",
        &[
            "app",
            "args",
            "config",
            "descriptors",
            "logging",
            "media",
            "model",
            "origin",
            "output",
            "plot",
            "profiles",
            "rules",
            "seed",
            "sweep",
            "units",
        ],
    ),
];

/// Words that only the named files may use in production code.
const OWNED: &[(&str, &[&str])] = &[
    // A sweep tells how long it still takes.
    ("Instant::now", &["commands/bench/progress.rs", "sessions/clock.rs"]),
    (
        "SystemTime::now",
        &[
            "origin/server.rs",
            "observers/event_log.rs",
            "observers/feed.rs",
            "observers/har/archive.rs",
            "sessions/clock.rs",
        ],
    ),
    ("thread::sleep", &[]),
    (
        "time::sleep",
        &[
            "proxy/body/shaped_body.rs",      // the shaped body waits for its link
            "proxy/body/wake_schedule.rs",    // latency, delays and hangs before the headers
            "proxy/downstream/connection.rs", // watches for idle connections
            "proxy/downstream/protocol_detect.rs", // a first line may come in pieces
            "proxy/downstream/socket.rs",     // lets a refusal be read before the close
            "proxy/upstream/idle_connections.rs", // connections rest for a while
            "proxy/downstream/server.rs",     // pauses after a failed accept
            "origin/server.rs",
            "origin/pace.rs", // what does not exist yet is waited for
            "api/server.rs",
        ],
    ),
    ("process::exit", &[]),
    ("RandomState::new", &["config.rs"]), // draws the seed nobody chose
    ("rand::rng(", &[]),
    ("thread_rng", &[]),
];

/// Aims are 250 and 50; these leave room, so that nothing is squeezed or split to fit.
const LONGEST_FILE: usize = 450;
const LONGEST_FUNCTION: usize = 75;

/// A source file under `src/`, without its tests.
struct Source {
    path: PathBuf,
    /// As in `model/link.rs`.
    name: String,
    /// Code outside `mod tests`, comments removed.
    code: String,
    text: String,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let production = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
        let code = production.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        let name = path.strip_prefix(source_root()).unwrap().to_string_lossy().replace('\\', "/");
        Self { path: path.to_owned(), name, code, text }
    }

    fn room(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.contains("/tests/")
    }
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn without_comment(line: &str) -> &str {
    let trimmed = line.trim_start();
    if trimmed.starts_with("//") { "" } else { line.split(" // ").next().unwrap_or(line) }
}

fn sources() -> Vec<Source> {
    fn walk(folder: &Path, found: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(Source::read(&path));
            }
        }
    }
    let mut found = Vec::new();
    walk(&source_root(), &mut found);
    found.retain(|source| !source.is_test());
    assert!(found.len() > 50, "only {} files found", found.len());
    found
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The names of rooms that follow `crate::`, also in `use crate::{a, b::c}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(list) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut start) = (0, 0);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                '}' | ',' if depth == 0 => {
                    found.push(word(list[start..i].trim()));
                    start = i + 1;
                    if c == '}' {
                        break;
                    }
                }
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn rooms_import_only_what_lies_under_them() {
    let mut faults = Vec::new();
    let mut arrows = 0;
    for source in sources() {
        let room = source.room();
        if matches!(room, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            faults
                .push(format!("{}: room `{room}` has no walls yet; add it to ROOMS", source.name));
            continue;
        };
        for import in imports(&source.code) {
            arrows += 1;
            if import != room && !allowed.contains(&import.as_str()) {
                faults.push(format!("{}: `{room}` must not import `{import}`", source.name));
            }
        }
    }
    assert!(arrows > 100, "only {arrows} imports seen");
    report(&faults);
}

#[test]
fn the_walls_have_no_circles() {
    for (at, (room, allowed)) in ROOMS.iter().enumerate() {
        for import in *allowed {
            let under = ROOMS[..at].iter().any(|(name, _)| name == import);
            assert!(under, "`{room}` may import `{import}`, which does not lie under it");
        }
    }
}

#[test]
fn the_model_is_pure() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.room() == "model") {
        for banned in [
            "async ",
            ".await",
            "tokio",
            "std::fs",
            "std::net",
            "std::io",
            "time::Instant",
            "hyper",
        ] {
            if source.code.contains(banned) {
                faults.push(format!("{}: `{banned}` in the model", source.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn time_and_chance_have_owners() {
    let mut faults = Vec::new();
    for source in sources() {
        for (banned, owners) in OWNED {
            if source.code.contains(banned) && !owners.contains(&source.name.as_str()) {
                faults.push(format!("{}: `{banned}` belongs to {owners:?}", source.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn files_say_what_they_are_and_stay_small() {
    let mut faults = Vec::new();
    for source in sources() {
        let first = source.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") {
            faults.push(format!("{}: does not open with `//!` and a sentence", source.name));
        }
        let lines = source.code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > LONGEST_FILE {
            faults.push(format!("{}: {lines} lines; split it", source.name));
        }
        for (name, lines) in functions(&source.code) {
            if lines > LONGEST_FUNCTION {
                faults.push(format!("{}: fn {name} has {lines} lines; split it", source.name));
            }
        }
        if ["utils", "helpers", "common", "shared", "misc"]
            .iter()
            .any(|dustbin| source.path.file_stem().is_some_and(|stem| stem == *dustbin))
        {
            faults.push(format!("{}: a dustbin; name it after its noun", source.name));
        }
    }
    report(&faults);
}

#[test]
fn faces_only_show() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.name.ends_with("mod.rs")) {
        for item in ["fn ", "struct ", "enum ", "impl ", "trait ", "const ", "static "] {
            let holds = source.code.lines().any(|line| {
                line.trim_start().trim_start_matches("pub ").trim_start().starts_with(item)
            });
            if holds {
                faults.push(format!(
                    "{}: holds a `{item}`; a face shows, it does not do",
                    source.name
                ));
            }
        }
    }
    report(&faults);
}

/// Functions and their length in lines, signature to closing brace, found by matching braces.
fn functions(code: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let declares = line.trim_start().starts_with("fn ")
            || (line.contains(" fn ") && line.trim_start().starts_with("pub"))
            || line.trim_start().starts_with("async fn ")
            || line.trim_start().starts_with("const fn ");
        if !declares {
            continue;
        }
        let name = word(line.split("fn ").nth(1).unwrap_or_default());
        let (mut depth, mut opened) = (0i32, false);
        for (length, line) in lines[at..].iter().enumerate() {
            depth += line.matches('{').count() as i32 - line.matches('}').count() as i32;
            opened |= line.contains('{');
            if (opened && depth <= 0) || (!opened && line.trim_end().ends_with(';')) {
                found.push((name, length + 1));
                break;
            }
        }
    }
    found
}

/// The test's own eyes are open.
#[test]
fn the_reader_sees() {
    let code = "use crate::{a::B, c::{D, E}, f};\nlet x = crate::g::h();";
    assert_eq!(imports(code), ["a", "c", "f", "g"]);
    let code = "pub(crate) fn one() {\n    if x { y }\n}\nfn two(\n    a: A,\n) {\n}";
    assert_eq!(functions(code), [("one".to_owned(), 3), ("two".to_owned(), 4)]);
}
