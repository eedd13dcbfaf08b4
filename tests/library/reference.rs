//! `docs/reference-rules.md` and `docs/reference-profile.md`: every key of rules and profiles. The keys are
//! those of the code's tables, and each example is read by the code. The test fails when a page is out of
//! date; `UPDATE_DOCS=1 cargo test --test library reference` writes it.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};
use vsps::{profiles::Profile, rules::RuleFile};

const RULES: &str = include_str!("reference/rules.txt");
const PROFILE: &str = include_str!("reference/profile.txt");

const RULES_HEAD: &str = "\
# Reference: rules

<!-- Made from src/rules and tests/library/reference/rules.txt: UPDATE_DOCS=1 cargo test --test library reference -->

A rule has a `name`, conditions (`when`), effects (`then`) and a `budget`; only `then` is required. Rules are in files
(`--rules`), in profiles, in links, and in JSON over the API, with the same keys. How they work together:
[rules and scripts](writing-rules.md).

| value | written as |
|---|---|
| span | a number and `ms`, `s`, `m` or `h`: `\"900 ms\"`, `\"1.5 s\"`, `\"1 h 30 m\"` |
| rate | a number and `bit/s`, `kbit/s`, `Mbit/s` or `Gbit/s`, base 1000 |
| size | a number and `B`, `kB`, `KiB`, `MB`, `MiB`, … |
| ratio | `0.05` or `\"5 %\"` |
| numbers | `3`, `\"2..4\"` (both ends included), `\"3..\"`, `\"..4\"`, or a list of these |
| window | `\"10 s..30 s\"` (start included, end excluded), `\"30 s..\"`, `\"..10 s\"` |
| pattern | text in which `*` is any characters and `?` is one |
| point | a place in a body: `\"64 KiB\"`, `\"-1 KiB\"` (before the end), `\"50 %\"`, or a time after the first byte, `\"2 s\"` |
";

const PROFILE_HEAD: &str = "\
# Reference: profiles

<!-- Made from src/profiles and tests/library/reference/profile.txt: UPDATE_DOCS=1 cargo test --test library reference -->

The keys of a profile file. Values are written as in [rules](reference-rules.md): spans, rates, sizes, ratios. A
distribution is a table of its own: see below. How they work together: [networks and profiles](writing-profiles.md).
";

/// One key, as a line of the text files has it.
struct Key<'a> {
    name: &'a str,
    syntax: &'a str,
    default: &'a str,
    example: &'a str,
    meaning: &'a str,
}

/// The keys of one of the code's tables.
struct Section<'a> {
    table: &'a str,
    title: &'a str,
    /// An example stands in it in place of `{}`.
    frame: &'a str,
    keys: Vec<Key<'a>>,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut cells = line.split('¦').map(str::trim);
        let mut cell = || cells.next().unwrap_or_default();
        if let Some(table) = line.strip_prefix("## ") {
            let table = table.split('¦').next().unwrap().trim();
            cell();
            found.push(Section { table, title: cell(), frame: cell(), keys: Vec::new() });
        } else {
            let [name, syntax, default, example, meaning] = std::array::from_fn(|_| cell());
            let key = Key { name, syntax, default, example, meaning };
            found.last_mut().unwrap().keys.push(key);
        }
    }
    found
}

/// The keys of each `tables! { … }` in a file of `src`, as they are written in TOML.
fn tables(source: &str) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
    let (mut found, mut table) = (BTreeMap::<String, Vec<String>>::new(), None::<String>);
    for line in text.lines() {
        let trimmed = line.trim();
        if line.starts_with("    ") && !line.starts_with("     ") && trimmed.ends_with("\" {") {
            table = trimmed.split(' ').next().map(str::to_owned);
            continue;
        }
        if trimmed == "}" {
            table = None;
        }
        let Some(table) = &table else { continue };
        let renamed = trimmed.strip_prefix("#[serde(rename = \"");
        let renamed = renamed.and_then(|rest| rest.split('"').next()).map(str::to_owned);
        let plain = trimmed.rsplit("] ").next().and_then(|field| field.split(':').next());
        let Some(name) = renamed.or(plain.map(|name| name.trim().replace('_', "-"))) else {
            continue;
        };
        found.entry(table.clone()).or_default().push(name);
    }
    found
}

/// What the documentation of `Rule` says of each key, by the heading it is under.
fn meanings() -> BTreeMap<(String, String), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules/rule.rs");
    let (mut found, mut heading) = (BTreeMap::new(), String::new());
    for line in fs::read_to_string(path).unwrap().lines() {
        if let Some(title) = line.strip_prefix("/// # ") {
            title.clone_into(&mut heading);
        } else if let Some(row) = line.strip_prefix("/// | `") {
            let Some((name, rest)) = row.split_once("` | ") else { continue };
            let text = rest.trim_end_matches('|').trim();
            found.insert((heading.clone(), name.to_owned()), without_links(text));
        }
    }
    found
}

/// [`Kind`](path) becomes `Kind`.
fn without_links(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("[`") {
        let (name, after) = after.split_once("`](").unwrap();
        let _ = write!(out, "{before}`{name}`");
        rest = after.split_once(')').unwrap().1;
    }
    out + rest
}

pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The page of `sections`; `meaning` is asked for keys that have none.
fn page(head: &str, sections: &[Section<'_>], meaning: &dyn Fn(&str, &str) -> String) -> String {
    let mut page = head.to_owned();
    for Section { table, title, keys, .. } in sections {
        let _ = write!(page, "\n## {title}\n\n");
        page += "| key | value | default | meaning | example |\n|---|---|---|---|---|\n";
        for key in keys {
            let own = key.meaning.to_owned();
            let meaning = if own.is_empty() { meaning(table, key.name) } else { own };
            let example = match key.example {
                "" => String::new(),
                example => format!("`{}`", cell(example)),
            };
            let [syntax, default] = [key.syntax, key.default].map(cell);
            let meaning = cell(&meaning);
            let _ =
                writeln!(page, "| `{}` | {syntax} | {default} | {meaning} | {example} |", key.name);
        }
    }
    page
}

pub(super) fn check(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == written,
        "docs/{name} is out of date; UPDATE_DOCS=1 cargo test --test library reference"
    );
}

/// Every table of the code is a section with the same keys.
fn compare(sections: &[Section<'_>], sources: &[&str], left_out: &[&str]) {
    let mut of_code: BTreeMap<_, _> = sources.iter().flat_map(|source| tables(source)).collect();
    of_code.retain(|table, _| !left_out.contains(&table.as_str()));
    for Section { table, keys, .. } in sections {
        let mut wanted = of_code.remove(*table).unwrap();
        let mut named: Vec<String> = keys.iter().map(|key| key.name.to_owned()).collect();
        wanted.sort();
        named.sort();
        assert_eq!(named, wanted, "the keys of {table}");
    }
    assert!(of_code.is_empty(), "not documented: {of_code:?}");
}

#[test]
fn the_reference_of_rules_has_every_key() {
    let sections = sections(RULES);
    compare(&sections, &["src/rules/entry.rs", "src/rules/then_entry.rs"], &["RuleEntry"]);
    let meanings = meanings();
    let meaning = |table: &str, key: &str| {
        let heading = match table {
            "WhenEntry" => "When",
            "ThenEntry" => "Then",
            "ManifestTable" => "Manifest edits",
            _ => "Budget",
        };
        let found = meanings.get(&(heading.to_owned(), key.to_owned()));
        found.unwrap_or_else(|| panic!("{table}.{key} has no meaning")).clone()
    };
    check("reference-rules.md", &page(RULES_HEAD, &sections, &meaning));
}

#[test]
fn the_reference_of_profiles_has_every_key() {
    let sections = sections(PROFILE);
    let sources =
        ["src/profiles/file.rs", "src/profiles/file/trace_entry.rs", "src/rules/distribution.rs"];
    compare(&sections, &sources, &[]);
    let missing = |table: &str, key: &str| panic!("{table}.{key} has no meaning");
    check("reference-profile.md", &page(PROFILE_HEAD, &sections, &missing));
}

#[test]
fn the_examples_of_the_reference_of_rules_are_rules() {
    let mut count = 0;
    for Section { table, frame, keys, .. } in sections(RULES) {
        for key in keys.iter().filter(|key| !key.example.is_empty()) {
            let text = format!("rule = [{{ {} }}]", frame.replacen("{}", key.example, 1));
            let file = RuleFile::from_toml("example", &text);
            let file = file.unwrap_or_else(|error| panic!("{table}.{}: {error}", key.name));
            assert_eq!(file.rules.len(), 1, "{text}");
            assert!(text.contains(&format!("{} = ", key.name)), "{text} has no {}", key.name);
            count += 1;
        }
    }
    assert!(count > 100, "{count} examples");
}

#[test]
fn the_examples_of_the_reference_of_profiles_are_profiles() {
    let mut count = 0;
    for Section { table, frame, keys, .. } in sections(PROFILE) {
        for key in keys.iter().filter(|key| !key.example.is_empty()) {
            let names = |name: &str| key.example.starts_with(&format!("{name} = "));
            let (mut text, body) = (String::new(), frame.replacen("{}", key.example, 1));
            for name in ["summary", "source"].into_iter().filter(|name| !names(name)) {
                let _ = writeln!(text, "{name} = \"an example\"");
            }
            text += &body;
            let read = Profile::from_toml("example", "example", &text);
            read.unwrap_or_else(|error| panic!("{table}.{}: {error}\n{text}", key.name));
            assert!(body.contains(&format!("{} = ", key.name)), "{text} has no {}", key.name);
            count += 1;
        }
    }
    assert!(count > 60, "{count} examples");
}
