//! `docs/faults.md`, the reference of all faults, is generated from the built-in rule files: this test fails
//! when it is out of date, and regenerates it with `UPDATE_DOCS=1 cargo test --test library faults`.

use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::Path};
use vsps::{
    profiles::{ELSEWHERE, Fault, fault_named, faults},
    rules::{RuleFile, RuleSet},
};

const HEAD: &str = "\
# Faults

<!-- Made from profiles/faults/*.toml: UPDATE_DOCS=1 cargo test --test library faults -->

Ready rule files, each for a fault that people who build players have reported. All are built in:
`--rules stuck-playlist`, `?vsps.rules=stuck-playlist` in a link, its name in a list of `rules` in a
profile or over the API, `vsps rules show stuck-playlist` to start one of your own.
A proxy above TCP can't lose a packet or close a port for one viewer alone; where that matters the
table says what is nearest.

| number | name | what it does | rules | met by |
|---|---|---|---|---|
";

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*")
}

fn line(fault: &Fault) -> String {
    let rules = fault.rules.iter().map(|rule| {
        let line = rule.to_string();
        let (_, words) = line.split_once(": ").unwrap_or_default();
        cell(words)
    });
    format!(
        "| {} | [`{}`](../profiles/faults/{}{}.toml) | {} | {} | {} |\n",
        fault.id.unwrap_or(""),
        fault.name,
        fault.id.map(|id| format!("{id}-")).unwrap_or_default(),
        fault.name,
        cell(&fault.summary),
        rules.collect::<Vec<_>>().join("<br>"),
        cell(&fault.source),
    )
}

#[test]
fn the_page_of_faults_is_what_the_files_are() {
    let faults = faults().unwrap();
    let mut page = HEAD.to_owned();
    page.extend(faults.iter().map(line));
    page += "\nFaults of the catalogue that are no rule:\n\n";
    for (id, what, why) in ELSEWHERE {
        let _ = writeln!(page, "- {id} {what}: {why}.");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/faults.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let stale = "docs/faults.md is out of date; UPDATE_DOCS=1 cargo test --test library faults";
    assert!(page == written, "{stale}");
}

/// E01 to E54 exist, each once; every file has a description and valid rules, and means the same as JSON.
#[test]
fn every_fault_of_the_catalogue_is_ready() {
    let faults = faults().unwrap();
    let ids = faults.iter().filter_map(|fault| fault.id);
    let ids: Vec<&str> = ids.chain(ELSEWHERE.iter().map(|(id, ..)| *id)).collect();
    let wanted: BTreeSet<String> = (1..=54).map(|n| format!("E{n:02}")).collect();
    assert_eq!(ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>(), wanted);
    assert_eq!(ids.len(), 54);
    for seed in ["delayAudio", "stuckPlaylist", "dropPacket", "segmentFailure"] {
        assert_eq!(fault_named(seed).unwrap().name, seed);
    }
    for fault in &faults {
        let name = fault.name;
        assert!(!fault.summary.is_empty() && !fault.source.is_empty(), "{name}");
        assert!(!fault.rules.is_empty(), "{name}");
        let book = RuleFile::from_toml(name, fault.text).unwrap();
        assert_eq!(book.warnings(), [], "{name}");
        let json = serde_json::to_value(&fault.rules).unwrap();
        assert_eq!(serde_json::from_value::<RuleSet>(json).unwrap(), fault.rules, "{name}");
    }
}
