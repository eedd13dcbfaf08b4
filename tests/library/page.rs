//! `docs/profiles.md`, the reference of all profiles, is generated from them: this test fails when it is out of
//! date, and regenerates it with `UPDATE_DOCS=1 cargo test --test library page`.

use std::{env, fmt::Write as _, fs, path::Path, sync::Arc};
use vsps::{
    profiles::{CATEGORIES, Catalog, Category, Profile},
    units::BitRate,
};

const HEAD: &str = "\
# Profiles

<!-- Made from profiles/*.toml: UPDATE_DOCS=1 cargo test --test library page -->

All that are built in. `vsps profiles show NAME` tells more of one, `vsps profiles plot NAME` draws it.

*Link* is what the downlink does; `rtt` is a round trip, waited out before the first byte of each
response. *Seconds* are the 5th, 50th and 95th percentile of the rate over whole seconds, where it
varies, and the share of seconds under 100 kbit/s. Losses are per packet of 1448 bytes.

A profile of your own may change its round trip over time:
`[latency] schedule = [{ for = \"30 s\", rtt = \"75 ms\" }, { for = \"30 s\", rtt = \"150 ms\" }]` starts when the rate's
schedule does and repeats (`repeat = false`: the last stays). It may lose packets of requests:
`[uplink] loss = { model = { bernoulli = 0.02 } }`; a request whose head is lost waits for TCP's time-out (a
round trip and 200 ms), a body for a round trip, and `on-drop` is as in `[loss]`. `vsps profiles import`
writes such schedules from traces with latencies.
";

fn page(list: &[Arc<Profile>]) -> String {
    let mut page = HEAD.to_owned();
    for Category { title, note, .. } in CATEGORIES {
        let here = |profile: &&Arc<Profile>| {
            Category::of(profile).is_some_and(|chapter| chapter.title == *title)
        };
        let profiles: Vec<_> = list.iter().filter(here).collect();
        let _ = write!(page, "\n## {title}\n\n{note}\n\n");
        page += "| profile | what it is | link | seconds |\n|---|---|---|---|\n";
        for profile in &profiles {
            let line = profile.to_string();
            let link = line.split_once(": ").map_or("", |(_, link)| link);
            let _ = writeln!(
                page,
                "| `{}` | {} | {link} | {} |",
                profile.name,
                profile.summary,
                seconds(profile)
            );
        }
        page += "\nWhere the numbers come from:\n\n";
        for profile in &profiles {
            let _ = writeln!(page, "- `{}`: {}", profile.name, profile.source);
        }
    }
    page
}

fn seconds(profile: &Profile) -> String {
    let Some(of) = profile.statistics().filter(|of| of.p5 != of.p95) else { return String::new() };
    let [p5, p50, p95] = [of.p5, of.p50, of.p95].map(rounded);
    let out = match of.outage.get() {
        0.0 => String::new(),
        share => format!("; {:.1} % out", share * 100.0),
    };
    format!("{p5} · {p50} · {p95}{out}")
}

/// Two digits are enough in a table.
fn rounded(rate: BitRate) -> BitRate {
    let bits = rate.bits_per_second();
    let digit = 10u64.pow((bits.max(1).ilog10()).saturating_sub(1));
    BitRate::from_bits_per_second((bits + digit / 2) / digit * digit)
}

#[test]
fn the_page_is_what_the_library_is() {
    let list = Catalog::new().list().unwrap();
    let page = page(&list);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/profiles.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(page, written)| page != written);
    assert!(
        page == written,
        "docs/profiles.md is out of date (first: {differs:?}); \
         UPDATE_DOCS=1 cargo test --test library page"
    );
    for profile in &list {
        assert!(page.contains(&format!("| `{}` |", profile.name)), "{}", profile.name);
    }
}
