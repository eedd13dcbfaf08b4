//! Comparison with other readers: dash-mpd-core and m3u8-rs read the same manifests as this crate, and agree on
//! the ladder, the segments and their addresses; for each difference a table states which clause decides.
//!
//! They read the golden manifests, what the built-in origin serves, and whatever lies in `tests/corpora`.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

mod files;
mod hls;
mod mpd;

use files::{Manifest, all};
use std::collections::BTreeMap;

/// A difference that is known: a part of the manifest's name, a part of what is said of it, and why.
pub(crate) type Known = (&'static str, &'static str, &'static str);

/// The result of comparing a manifest.
#[derive(Default)]
pub(crate) struct Compared {
    /// How many renditions and addresses were compared.
    pub(crate) renditions: usize,
    pub(crate) addresses: usize,
    /// Where the readers differ.
    pub(crate) differences: Vec<String>,
}

impl Compared {
    pub(crate) fn differ(&mut self, said: String) {
        self.differences.push(said);
    }
}

/// Compares the manifests with these endings.
fn compare(endings: &[&str], known: &[Known], with: fn(&Manifest) -> Result<Compared, String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut count = |what, more| *counts.entry(what).or_default() += more;
    let mut unknown = Vec::new();
    for manifest in all(endings) {
        count("manifests", 1);
        match with(&manifest) {
            Ok(compared) => {
                count("read by both", 1);
                count("renditions", compared.renditions);
                count("addresses", compared.addresses);
                for said in compared.differences {
                    let found = known.iter().find(|(name, what, _)| {
                        manifest.name.contains(name) && said.contains(what)
                    });
                    match found {
                        Some(_) => count("known differences", 1),
                        None => unknown.push(format!("{}: {said}", manifest.name)),
                    }
                }
            }
            Err(reason) => {
                count("not read by both", 1);
                eprintln!("{}: {reason}", manifest.name);
            }
        }
    }
    eprintln!("{counts:?}");
    unknown.dedup();
    let shown: Vec<_> = unknown.iter().take(60).map(String::as_str).collect();
    assert!(unknown.is_empty(), "{} differences\n{}\n", unknown.len(), shown.join("\n"));
    assert!(counts["read by both"] > 10 && counts["addresses"] > 100, "{counts:?}");
}

#[test]
fn mpds_are_read_as_dash_mpd_core_reads_them() {
    compare(&["mpd"], mpd::KNOWN, mpd::compare);
}

#[test]
fn playlists_are_read_as_m3u8_rs_reads_them() {
    compare(&["m3u8", "m3u"], hls::KNOWN, hls::compare);
}
