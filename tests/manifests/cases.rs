//! The golden pairs, and the table that describes each of them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use vsps::media::ManifestFormat;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) format: ManifestFormat,
    pub(crate) origin: Vec<u8>,
    pub(crate) proxied: Vec<u8>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub(crate) fn cases() -> Vec<Case> {
    let root = root();
    let mut cases = Vec::new();
    // The extension gives the format of a case.
    for (folder, format, extension) in [
        ("hls", ManifestFormat::Hls, "m3u8"),
        ("dash", ManifestFormat::Mpd, "mpd"),
        ("dash", ManifestFormat::MpdPatch, "mpp"),
        ("smooth", ManifestFormat::Smooth, "ismc"),
        ("steering", ManifestFormat::Steering, "json"),
        ("asset-list", ManifestFormat::AssetList, "json"),
    ] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let read = |name: &str| fs::read(path.join(name).with_extension(extension)).unwrap();
            if !path.join("origin").with_extension(extension).exists() {
                continue;
            }
            let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            cases.push(Case { name, format, origin: read("origin"), proxied: read("proxied") });
        }
    }
    assert!(cases.len() > 50, "only {} cases found", cases.len());
    cases
}

/// What a table that names cases leaves out of `others`.
fn missing(others: &BTreeSet<String>, of: &BTreeSet<String>) -> Vec<String> {
    of.difference(others).cloned().collect()
}

/// Every case is in the table next to them, and every entry of the table is a case.
#[test]
fn the_table_names_every_case() {
    let held: BTreeSet<String> = cases().into_iter().map(|case| case.name).collect();
    let table = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let words = rows.flat_map(|row| row.split('|').nth(2).unwrap_or_default().split('`').skip(1));
    let named = words.filter(|word| word.contains('/') && !word.contains(".rs"));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(missing(&held, &named), [""; 0], "no such case");
    assert_eq!(missing(&named, &held), [""; 0], "not in tests/fixtures/README.md");
}
