//! The documentation against the repository: links lead somewhere, the README is short, and the rules and
//! profiles that pages show are valid.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{
    fs,
    path::{Path, PathBuf},
};
use vsps::{profiles::Profile, rules::RuleFile};

/// Words of the README, code included.
const LONGEST_README: usize = 1200;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page: path and text.
fn pages() -> Vec<(PathBuf, String)> {
    let folders = [root().to_owned(), root().join("docs")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    let pages = paths.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The targets of `[text](target)` that are files.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#'))
}

/// The blocks of code in `language`.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let (mut found, mut block) = (Vec::new(), None::<String>);
    for line in text.lines() {
        match (&mut block, line.trim_start().strip_prefix("```")) {
            (None, Some(name)) if name == language => block = Some(String::new()),
            (Some(_), Some(_)) => found.extend(block.take()),
            (Some(lines), None) => *lines += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    found
}

#[test]
fn links_lead_to_files() {
    let (mut faults, mut seen) = (Vec::new(), 0);
    for (path, text) in pages() {
        for target in links(&text) {
            seen += 1;
            let file = target.split('#').next().unwrap();
            if !path.parent().unwrap().join(file).exists() {
                faults.push(format!("{}: {target} does not exist", path.display()));
            }
        }
    }
    assert!(seen > 60, "{seen} links");
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_page_is_linked_from_another() {
    let pages = pages();
    for (path, _) in &pages {
        let name = path.file_name().unwrap().to_string_lossy();
        let links_here = |(other, text): &&(PathBuf, String)| {
            other != path && links(text).any(|target| target.rsplit('/').next() == Some(&name))
        };
        let linked = name == "README.md" || pages.iter().any(|page| links_here(&page));
        assert!(linked, "no page links to {name}");
    }
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words < LONGEST_README, "README.md has {words} words; move what is long to docs/");
}

#[test]
fn rules_and_profiles_that_pages_show_are_valid() {
    let (mut rules, mut profiles) = (0, 0);
    for (path, text) in pages() {
        let name = path.to_string_lossy();
        for block in blocks(&text, "toml") {
            if block.contains("summary =") {
                profiles += 1;
                Profile::from_toml("shown", &name, &block).unwrap();
            } else if block.starts_with("[[rule]]") {
                rules += 1;
                let file = RuleFile::from_toml(&name, &block).unwrap();
                assert_eq!(file.warnings(), [], "{name}");
            } else {
                // A part of a profile.
                let whole = format!("summary = \"s\"\nsource = \"s\"\n{block}");
                Profile::from_toml("shown", &name, &whole).unwrap();
            }
        }
    }
    assert!(rules >= 2 && profiles >= 1, "{rules} files of rules, {profiles} profiles");
}

#[test]
fn the_reader_sees() {
    let text = "a [b](c.md#d) [e](https://f)\n```toml\nx = 1\n```\n```sh\ny\n```\n";
    assert_eq!(links(text).collect::<Vec<_>>(), ["c.md#d"]);
    assert_eq!(blocks(text, "toml"), ["x = 1\n"]);
    assert_eq!(blocks(text, "sh"), ["y\n"]);
}
