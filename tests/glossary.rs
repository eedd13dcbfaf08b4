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
    "newcomer",
    "Newcomer",
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
    "spoil",
    "take_struck",
    "Teller",
    "teller",
    "Trail",
    "unfire",
    "way_back",
    "Whither",
    "whither",
    "would_obey",
];

/// Words that no text uses any more, in whatever form.
const WORDS: &[&str] = &["be_punctual"];

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
    let (mut out, mut quoted, mut escaped, mut last) = (String::new(), false, false, ' ');
    for c in line.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if last != '\'' => quoted = !quoted,
            '/' if !quoted && last == '/' => break,
            _ if quoted => {}
            c => out.push(c),
        }
        last = c;
    }
    out
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

#[test]
fn no_text_uses_the_clearest_of_them() {
    let mut texts = files("src", "rs");
    texts.extend(files("docs", "md"));
    texts.push(("README.md".to_owned(), read(&root().join("README.md"))));
    let mut faults = Vec::new();
    for (name, text) in texts {
        let text = if name == PAGE { glossary().0 } else { text };
        for (number, line) in text.lines().enumerate() {
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
    assert_eq!(words("a_b(C::d)").collect::<Vec<_>>(), ["a_b", "C", "d"]);
    assert!(exists("rules::plan") && exists("proxy::body") && !exists("rules::purse"));
}
