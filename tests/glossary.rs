//! `docs/glossary.md` and the code agree: each term's module exists, and no retired name is used.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PAGE: &str = "docs/glossary.md";
/// What follows is the glossary's own list of retired names.
const RETIRED: &str = "\n## Retired names\n";

/// Identifiers that had another name in earlier versions. Those that are also listed in the glossary
/// had a meaning of their own; the others were spelled differently.
const IDENTIFIERS: &[&str] = &[
    "Asker",
    "asker",
    "be_punctual",
    "befall",
    "Chapter",
    "CHAPTERS",
    "Chapters",
    "chapters",
    "Charges",
    "Clump",
    "Crossing",
    "deface",
    "Detour",
    "detour",
    "dismiss",
    "dismiss_all",
    "dismiss_idle",
    "Doors",
    "Fate",
    "Gatekeeper",
    "gatekeeper",
    "Harm",
    "harm",
    "HEARD_OUT",
    "hear_next",
    "kept_errors",
    "KeptError",
    "KeptErrors",
    "LAST_WORDS",
    "Narration",
    "Narrator",
    "narrator",
    "newcomer",
    "Newcomer",
    "obeyed",
    "Passage",
    "player_data",
    "Purse",
    "purse",
    "ran_dry",
    "Ration",
    "ration",
    "reckon",
    "rings_at",
    "RuleBook",
    "second_look",
    "Shelf",
    "Shelves",
    "SIGN_OF_LIFE",
    "Sip",
    "Sleeper",
    "stories",
    "spoil",
    "Strike",
    "struck_by_name",
    "take_struck",
    "Teller",
    "teller",
    "Ticket",
    "Trail",
    "unfire",
    "Unfire",
    "way_back",
    "Whither",
    "whither",
    "would_obey",
];

/// Words that comments, messages and pages do not use any more, in lower case. They are former names, and words that
/// were used with a meaning of their own.
const WORDS: &[&str] = &[
    "asker",
    "be_punctual",
    "befall",
    "befalls",
    "befell",
    "chapter",
    "chapters",
    "clump",
    "clumps",
    "deface",
    "defaces",
    "detour",
    "detours",
    "gatekeeper",
    "hear",
    "heard",
    "hears",
    "narration",
    "narrator",
    "newcomer",
    "newcomers",
    "obeyed",
    "purse",
    "reckon",
    "rooms",
    "sip",
    "stories",
    "struck",
    "strikes",
    "teller",
    "unfire",
    "Unfire",
    "whither",
    "whoever",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// All files below `folder` that end in `.ending`, with their paths from the crate's root.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|is| is == ending) {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, read(&path)));
            }
        }
    }
    found
}

/// The cells of each row of the page's tables, heads and lines below them left out.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let is_row = |line: &&str| {
        line.starts_with("| ") && !line.starts_with("| term ") && !line.starts_with("| retired ")
    };
    page.lines().filter(is_row).map(|line| line.trim_matches('|').split(" | ").collect())
}

fn glossary() -> (String, String) {
    let page = read(&root().join(PAGE));
    let (terms, retired) = page.split_once(RETIRED).unwrap();
    (terms.to_owned(), retired.to_owned())
}

/// Whether `module`, as in `rules::plan`, is a file or a folder of `src`.
fn exists(module: &str) -> bool {
    let path = root().join("src").join(module.replace("::", "/"));
    path.is_dir() || path.with_extension("rs").is_file()
}

/// The words of `text`; letters, digits and underscores belong to a word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// A line without comment and string literals. Raw strings may be left: their quotes still pair.
fn code(line: &str) -> String {
    code_and_prose(line).0
}

/// The code of a line, and its prose: the comment and the string literals.
fn code_and_prose(line: &str) -> (String, String) {
    let (mut code, mut prose) = (String::new(), String::new());
    let (mut quoted, mut escaped, mut last) = (false, false, ' ');
    for (at, c) in line.char_indices() {
        match c {
            // `\n` is not a letter of the word that follows.
            _ if escaped => {
                escaped = false;
                prose.push(' ');
            }
            '\\' if quoted => escaped = true,
            '"' if last != '\'' => {
                quoted = !quoted;
                prose.push(' ');
            }
            '/' if !quoted && last == '/' => {
                prose.push_str(&line[at..]);
                break;
            }
            c if quoted => prose.push(c),
            c => code.push(c),
        }
        last = c;
    }
    (code, prose)
}

fn report(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn each_term_names_a_module_that_exists() {
    let (terms, _) = glossary();
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for row in rows(&terms) {
        let [term, meaning, place] = row[..] else {
            faults.push(format!("{row:?} has not three cells"));
            continue;
        };
        let modules: Vec<_> = place.split('`').skip(1).step_by(2).collect();
        if term.trim().is_empty() || meaning.trim().is_empty() || modules.is_empty() {
            faults.push(format!("{term}: a cell is empty"));
        }
        for module in modules.iter().filter(|module| !exists(module)) {
            faults.push(format!("{term}: there is no module `{module}`"));
        }
        if !seen.insert(term.trim().to_owned()) {
            faults.push(format!("{term}: listed twice"));
        }
    }
    assert!(seen.len() > 80, "{} terms read", seen.len());
    report(&faults);
}

#[test]
fn every_module_of_the_crate_is_named() {
    let (terms, _) = glossary();
    for module in
        ["model", "media", "rules", "profiles", "sessions", "proxy", "observers", "player"]
    {
        assert!(terms.contains(&format!("`{module}::")), "no term of `{module}` is listed");
    }
}

#[test]
fn no_retired_name_is_an_identifier() {
    let mut faults = Vec::new();
    for (name, text) in files("src", "rs") {
        for (number, line) in text.lines().enumerate() {
            let line = code(line);
            for word in words(&line).filter(|word| IDENTIFIERS.contains(word)) {
                faults.push(format!("{name}:{}: `{word}` is retired", number + 1));
            }
        }
        let stem = name.trim_end_matches(".rs").rsplit('/').next().unwrap();
        if IDENTIFIERS.contains(&stem) {
            faults.push(format!("{name}: `{stem}` is retired"));
        }
    }
    report(&faults);
}

/// The prose of the program (comments and messages, tests left out) and of the pages, with the names of the files.
fn prose() -> Vec<(String, String)> {
    let mut texts = files("docs", "md");
    for name in ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "Cargo.toml"] {
        texts.push((name.to_owned(), read(&root().join(name))));
    }
    for (_, text) in texts.iter_mut().filter(|(name, _)| name == PAGE) {
        *text = glossary().0;
    }
    let sources = files("src", "rs").into_iter();
    texts.extend(sources.filter(|(name, _)| !name.ends_with("/tests.rs")).map(|(name, text)| {
        let production = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
        let lines: Vec<_> = production.lines().map(|line| code_and_prose(line).1).collect();
        (name, lines.join("\n"))
    }));
    texts
}

#[test]
fn no_prose_uses_a_retired_word() {
    let mut faults = Vec::new();
    for (name, text) in prose() {
        // The sources of profiles are quoted.
        for (number, line) in text.lines().enumerate().filter(|_| name != "docs/profiles.md") {
            let lower = line.to_lowercase();
            for word in words(&lower).filter(|word| WORDS.contains(word)) {
                faults.push(format!("{name}:{}: `{word}` is retired", number + 1));
            }
        }
    }
    report(&faults);
}

#[test]
fn the_list_of_retired_names_is_the_tests() {
    let (_, retired) = glossary();
    let mut count = 0;
    for row in rows(&retired) {
        let [old, new] = row[..] else { panic!("{row:?} has not two cells") };
        let (old, new) = (old.trim().trim_matches('`'), new.trim().trim_matches('`'));
        assert!(IDENTIFIERS.contains(&old), "{old} is not looked for");
        assert!(!IDENTIFIERS.contains(&new), "{new} is retired itself");
        count += 1;
    }
    assert!(count > 20, "{count} names read");
}

#[test]
fn the_reader_sees() {
    assert_eq!(code("let a = \"Purse // b\"; // c").trim_end_matches('/').trim(), "let a = ;");
    let line = "fail(\"a \\n\\\"b\"); // c";
    assert_eq!(words(&code_and_prose(line).1).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(words("a_b(C::d)").collect::<Vec<_>>(), ["a_b", "C", "d"]);
    assert!(exists("rules::plan") && exists("proxy::body") && !exists("rules::purse"));
}
