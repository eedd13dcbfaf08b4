//! Rules for the modules: which may import which, which files may read the clock, and how large files and
//! functions may be.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

#[path = "architecture/circles.rs"]
mod circles;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every module of `src/`, low to high, and what it may import. `model` has no clock and no I/O; `proxy` and
/// `observers` share only `event`; `origin` does not depend on the proxy.
const MODULES: &[(&str, &[&str])] = &[
    // Calls of one system, with their fallbacks.
    ("system", &[]),
    ("output", &["system"]),
    ("descriptors", &[]),
    // Look-ups of host names, and which addresses are of this machine.
    ("names", &[]),
    // What may be held for clients, and who holds how much.
    ("memory", &[]),
    // The accept loop of every server.
    ("listen", &[]),
    ("units", &[]),
    // Signs certificates; the folder of the configuration is its own.
    ("local_ca", &["system", "units"]),
    ("seed", &[]),
    ("model", &["units", "seed"]),
    ("media", &["units"]),
    ("builtin", &[]),
    ("document", &["units"]),
    // `builtin`: the names of the profiles that a rule may name. `model` and `seed`: a delay may be
    // drawn from the same distributions as a profile's jitter.
    ("rules", &["builtin", "document", "media", "model", "seed", "units"]),
    // `media`: the types of media that a limit is about.
    ("profiles", &["builtin", "document", "media", "model", "rules", "seed", "units"]),
    ("plot", &["model", "profiles", "seed", "units"]),
    // Real time is read here, and nowhere else in the data plane.
    ("clock", &["units"]),
    ("event", &["clock", "media", "model", "rules", "units"]),
    (
        "sessions",
        &["clock", "event", "media", "memory", "model", "profiles", "rules", "seed", "units"],
    ),
    // The formulas of the quality of experience, for the observers and the simulated player.
    ("qoe", &[]),
    // `rules` and `units`: the event log spells out plans, whose parts are their types.
    ("observers", &["clock", "event", "memory", "output", "qoe", "rules", "units"]),
    // `rules`: to check that the rules it writes can be read.
    ("replay", &["event", "media", "rules", "units"]),
    // `profiles`: the catalogue, for `vsps.profile=NAME`.
    (
        "proxy",
        &[
            "clock",
            "descriptors",
            "event",
            "listen",
            "local_ca",
            "media",
            "memory",
            "model",
            "names",
            "profiles",
            "rules",
            "seed",
            "sessions",
            "system",
            "units",
        ],
    ),
    // `seed` and `units`: to name the values of a request. `plot`: a profile's rate over time for the console.
    (
        "api",
        &[
            "document",
            "event",
            "listen",
            "observers",
            // The audit log.
            "output",
            "plot",
            "profiles",
            "rules",
            "seed",
            "sessions",
            "units",
        ],
    ),
    ("console", &[]),
    ("origin", &["listen", "media", "system", "units"]),
    // `profiles`: the networks of toxics of type `vsps`.
    ("tcp", &["clock", "listen", "model", "names", "profiles", "seed", "units"]),
    ("player", &["media", "model", "qoe", "seed", "units"]),
    // `model`, `media` and `rules`: to make the network of a session of a profile. `console`: its timeline, for the report.
    (
        "sweep",
        &["console", "document", "media", "model", "player", "profiles", "rules", "seed", "units"],
    ),
    // `player`: its assertions. `media`: the versions of CMCD.
    ("args", &["media", "player", "profiles", "proxy", "sessions", "sweep", "units"]),
    ("logging", &["args", "output", "units"]),
    (
        "config",
        &[
            "args", "clock", "document", "local_ca", "profiles", "proxy", "rules", "seed",
            "sessions", "system", "units",
        ],
    ),
    (
        "app",
        &[
            "api",
            "clock",
            "config",
            "console",
            "descriptors",
            "event",
            "listen",
            "memory",
            "observers",
            "origin",
            "output",
            "profiles",
            "proxy",
            "sessions",
            "system",
        ],
    ),
    (
        "commands",
        &[
            "app",
            "args",
            // `vsps ca` makes the local CA, which is dated.
            // The players of several machines start at the same time of day.
            "clock",
            "config",
            "descriptors",
            "document",
            // The bench runs a proxy of its own for real players, and reads its events.
            "event",
            "local_ca",
            "logging",
            "media",
            "model",
            "origin",
            "output",
            "player",
            "plot",
            "profiles",
            "replay",
            "rules",
            "seed",
            "sessions",
            "sweep",
            "system",
            "tcp",
            "units",
        ],
    ),
];

/// Words that only the named files may use in production code.
const OWNED: &[(&str, &[&str])] = &[
    // A sweep shows its remaining time; a player plays in real time.
    // So does a warning that is not repeated for a while.
    (
        "Instant::now",
        &[
            "commands/bench/progress.rs",
            "player/fetch/clock.rs",
            "player/fetch/paced_stream.rs",
            "clock.rs",
            "listen/rare_warning.rs",
            // The time of day of the built-in origin goes on from its start.
            "origin/server.rs",
        ],
    ),
    ("SystemTime::now", &["origin/server.rs", "clock.rs", "player/fetch/clock.rs"]),
    ("thread::sleep", &[]),
    (
        "time::sleep",
        &[
            "proxy/body/session_timer.rs", // bodies wait for their link, their gate, their filter
            "proxy/body/wake_schedule.rs", // latency, delays and hangs before the headers
            "proxy/downstream/connection/activity.rs", // closes idle connections
            "proxy/downstream/http3/connection.rs", // and so does that of QUIC
            "proxy/downstream/tls/server.rs", // a handshake takes the round trips of the network
            "proxy/downstream/protocol_detect.rs", // a first line may arrive in pieces
            "proxy/downstream/half_close.rs", // asks whether the player is still there
            "proxy/downstream/socket.rs",  // lets a refusal be read before the close
            "proxy/upstream/h1_connection.rs", // an origin must read an upload on
            "proxy/upstream/idle_connections.rs", // keeps connections for a while
            "proxy/upstream/response_deadlines.rs", // an origin must answer in time
            "listen/accept.rs",            // pauses after a failed accept
            "listen/write_timeout.rs",     // a client must read
            "origin/pace.rs",              // what does not exist yet is waited for
            "player/fetch/clock.rs",       // playback in real time
            "tcp/relay/flow.rs",           // bytes wait for their toxics
        ],
    ),
    ("process::exit", &[]),
    ("RandomState::new", &["config.rs"]), // draws a seed when none was given
    ("rand::rng(", &[]),
    ("thread_rng", &[]),
];

/// Types that are too large for one file: their parts are in the folder with their name, and import the type.
const TYPES_WITH_PARTS: &[&str] = &[
    "media/dash/compile.rs", // one pass over an MPD: its lists of segments are read with the same state
    "model/response_shaper.rs", // two ways of polling one state
    "player/session.rs",     // its requests change its state
    "proxy/upstream/body.rs", // a body of HTTP/2 is one of its forms, and returns its connection as the others do
    "rules/matcher.rs",       // a matcher has matchers for what it excludes
    "rules/rule_set.rs",      // its counters, and which of its rules have matched
];

/// The aims are 250 and 50. These limits are higher, so that nothing is split only to fit.
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

    fn module(&self) -> &str {
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

/// The names of modules that follow `crate::`, also in `use crate::{a, b::c}`.
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
fn modules_import_only_modules_below_them() {
    let mut faults = Vec::new();
    let mut imports_seen = 0;
    for source in sources() {
        let module = source.module();
        if matches!(module, "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
            faults.push(format!(
                "{}: module `{module}` has no entry yet; add it to MODULES",
                source.name
            ));
            continue;
        };
        for import in imports(&source.code) {
            imports_seen += 1;
            if import != module && !allowed.contains(&import.as_str()) {
                faults.push(format!("{}: `{module}` must not import `{import}`", source.name));
            }
        }
    }
    assert!(imports_seen > 100, "only {imports_seen} imports seen");
    report(&faults);
}

#[test]
fn the_imports_have_no_cycles() {
    for (at, (module, allowed)) in MODULES.iter().enumerate() {
        for import in *allowed {
            let under = MODULES[..at].iter().any(|(name, _)| name == import);
            assert!(under, "`{module}` may import `{import}`, which is not below it");
        }
    }
}

/// No file imports another that imports it, directly or through others: each can be read after those it needs. Only a
/// type with parts is read as a whole.
#[test]
fn files_have_no_circles() {
    let sources = sources();
    let files = sources.iter().map(|source| (source.name.as_str(), source.code.as_str()));
    report(&circles::Imports::new(files).circles(TYPES_WITH_PARTS));
}

/// `player/fetch` alone plays in real time.
#[test]
fn the_model_and_the_player_are_pure() {
    let mut faults = Vec::new();
    let pure = |source: &&Source| {
        source.module() == "model"
            || (source.module() == "player" && !source.name.starts_with("player/fetch/"))
    };
    for source in sources().iter().filter(pure) {
        for banned in [
            "async ",
            ".await",
            "tokio",
            "std::fs",
            "std::net",
            "std::io",
            "time::Instant",
            "hyper",
            "Mutex",
            "RwLock",
        ] {
            if source.code.contains(banned) {
                faults.push(format!("{}: `{banned}` in a pure module", source.name));
            }
        }
    }
    report(&faults);
}

#[test]
fn only_named_files_use_clocks_and_randomness() {
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
fn files_have_a_summary_and_stay_small() {
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
            .any(|vague| source.path.file_stem().is_some_and(|stem| stem == *vague))
        {
            faults.push(format!(
                "{}: a name that says nothing; name it after what it holds",
                source.name
            ));
        }
    }
    report(&faults);
}

#[test]
fn mod_files_hold_no_items() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.name.ends_with("mod.rs")) {
        for item in ["fn ", "struct ", "enum ", "impl ", "trait ", "const ", "static "] {
            let holds = source.code.lines().any(|line| {
                line.trim_start().trim_start_matches("pub ").trim_start().starts_with(item)
            });
            if holds {
                faults.push(format!(
                    "{}: holds a `{item}`; a mod.rs only declares and re-exports",
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

/// An algorithm that the catalogue does not make can be compiled and tested, and is missed by users alone.
#[test]
fn every_abr_algorithm_is_in_the_catalogue() {
    let sources = sources();
    let catalogue = sources.iter().filter(|source| source.name.starts_with("sweep/catalogue/"));
    let catalogue: String = catalogue.map(|source| source.code.as_str()).collect();
    let algorithms = sources
        .iter()
        .filter(|source| source.name.starts_with("player/abr/"))
        .flat_map(|source| source.code.split("impl Abr for ").skip(1))
        .filter_map(|rest| rest.split(|letter: char| !letter.is_alphanumeric()).next());
    // The first mention is the import.
    let missing: Vec<_> = algorithms.filter(|name| catalogue.matches(name).count() < 2).collect();
    assert_eq!(missing, Vec::<&str>::new(), "name them in src/sweep/catalogue/table.rs");
}

/// The readers above find what they look for.
#[test]
fn the_reader_sees() {
    let code = "use crate::{a::B, c::{D, E}, f};\nlet x = crate::g::h();";
    assert_eq!(imports(code), ["a", "c", "f", "g"]);
    let code = "pub(crate) fn one() {\n    if x { y }\n}\nfn two(\n    a: A,\n) {\n}";
    assert_eq!(functions(code), [("one".to_owned(), 3), ("two".to_owned(), 4)]);
}
