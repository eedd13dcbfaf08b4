//! Reading is linear in the length of any manifest: in the bytes allocated, in what is kept, and in processor
//! time.

use crate::{
    hostile::{CLIENT_MANIFESTS, Hostile, JSON, MPDS, PATCHES, PLAYLISTS},
    maps::Proxy,
};
use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use std::time::Duration;
use url::Url;
use vsps::{
    media::{
        Ladder, ManifestFormat,
        edit::{Discontinuity, Durations, EditMemory, Edition, ManifestEdit, RungSet, apply},
        rewrite,
    },
    units::SessionTime,
};

/// The length of the shorter one of two manifests that are compared.
const LEN: usize = 40 << 10;
/// What may be allocated at a time, and kept, beside a share of the manifest's length.
const CONSTANT: u64 = 3 << 20;
/// How often the length of a manifest may be allocated at a time.
const SHARE: u64 = 80;
/// The resolution of measured processor time.
const TICK: Duration = Duration::from_millis(12);

type Way = fn(ManifestFormat, &str) -> Kept;

/// What the proxy does with a manifest.
const WAYS: &[(&str, Way)] = &[
    ("learning", learn_again),
    ("rewriting", |format, body| {
        let _ = rewrite(format, body.as_bytes(), &Proxy);
        Kept::default()
    }),
    ("editing", edit),
];

/// What is kept after it.
#[derive(Default)]
struct Kept {
    _ladder: Option<Ladder>,
    _edits: Option<EditMemory>,
}

fn url() -> Url {
    Url::parse("https://origin.example/a/b?q=1").unwrap()
}

fn learn(format: ManifestFormat, body: &str) -> Kept {
    let mut ladder = Ladder::default();
    if format == ManifestFormat::MpdPatch {
        let periods = "<Period a='1'/>".repeat(body.len() / 40);
        let known = format!(
            "<MPD type='dynamic' publishTime=\"1\"><PatchLocation>p</PatchLocation>{periods}<Period/></MPD>"
        );
        ladder.learn(&url(), ManifestFormat::Mpd, known.as_bytes()).unwrap();
    }
    let _ = ladder.learn(&url(), format, body.as_bytes());
    let _ = ladder.resolve("https://origin.example/a/7.ts", Some(100));
    Kept { _ladder: Some(ladder), ..Kept::default() }
}

/// A reload, with something new at its end.
fn learn_again(format: ManifestFormat, body: &str) -> Kept {
    let mut kept = learn(format, body);
    let more = match format {
        ManifestFormat::Hls => "#EXTINF:1,\nnew.ts\n",
        _ => "<!-- new -->",
    };
    if let Some(ladder) = &mut kept._ladder {
        let _ = ladder.learn(&url(), format, format!("{body}{more}").as_bytes());
    }
    kept
}

fn edit(format: ManifestFormat, body: &str) -> Kept {
    let edits = [
        ManifestEdit::Lag(2),
        ManifestEdit::Discontinuity(Discontinuity::Insert(1)),
        ManifestEdit::Gap(1),
        ManifestEdit::Durations(Durations { scale: Some(2.0), ..Durations::default() }),
        ManifestEdit::DropRungs(RungSet { lowest: true, ..RungSet::default() }),
        ManifestEdit::Strip(["CODECS".into(), "RESOLUTION".into()].into()),
        ManifestEdit::Bandwidth(2.0),
        ManifestEdit::Host("nowhere.invalid".into()),
    ];
    let mut memory = EditMemory::default();
    let edition = Edition { url: "https://origin.example/a", format, now: SessionTime::ZERO };
    let asked = edits.iter().map(|edit| ("rule", edit));
    let _ = apply(asked, edition, Bytes::copy_from_slice(body.as_bytes()), &mut memory);
    Kept { _edits: Some(memory), ..Kept::default() }
}

/// Processor time that this thread has had, if the system tells: other work on the machine does not count.
fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(told.split_whitespace().next()?.parse().ok()?))
}

struct Cost {
    memory: AllocationInfo,
    kept: u64,
    time: Option<Duration>,
}

fn cost(way: Way, format: ManifestFormat, body: &str) -> Cost {
    let mut kept = None;
    let before = processor_time();
    let memory = measure(|| kept = Some(way(format, body)));
    let time = before.and_then(|before| processor_time()?.checked_sub(before));
    drop(kept);
    Cost { kept: memory.bytes_current.max(0).unsigned_abs(), memory, time }
}

/// The violations of linearity in reading these manifests.
fn faults(hostile: &Hostile) -> Vec<String> {
    let (short, long) = ((hostile.make)(LEN), (hostile.make)(4 * LEN));
    let growth = long.len() as f64 / short.len() as f64;
    let mut faults = Vec::new();
    for (way, run) in WAYS {
        let mut fault = |what: &str, said: String| {
            faults.push(format!("{way} {:?} of {}: {what}: {said}", hostile.name, hostile.format));
        };
        let (one, four) = (cost(*run, hostile.format, &short), cost(*run, hostile.format, &long));
        let total = (one.memory.bytes_total + CONSTANT / 4) as f64 * growth * 1.1;
        if four.memory.bytes_total as f64 > total {
            let (one, four) = (one.memory.bytes_total, four.memory.bytes_total);
            fault(
                "bytes allocated",
                format!("{one} of one, {four} of one {growth:.1} times as long"),
            );
        }
        for (cost, len) in [(&one, short.len()), (&four, long.len())] {
            // The edits add lines to each segment of a playlist. A line of two bytes is a segment, whose place
            // takes a few hundred.
            let share =
                if *way == "editing" || hostile.name == "short lines" { 3 * SHARE } else { SHARE };
            let most = CONSTANT + share * len as u64;
            if cost.memory.bytes_max > most {
                fault("bytes at a time", format!("{} for {len}", cost.memory.bytes_max));
            }
            if cost.kept > CONSTANT + SHARE / 2 * len as u64 {
                fault("bytes kept", format!("{} for {len}", cost.kept));
            }
        }
        // The least of some runs: pages and caches are cold in the first.
        let least = |body: &str, first: Option<Duration>| {
            let more = (0..2).map(|_| cost(*run, hostile.format, body).time);
            more.chain([first]).flatten().min()
        };
        let slow = |one: Duration, four: Duration| {
            let usual = one.max(TICK).mul_f64(growth * 2.5);
            four > usual
        };
        let Some((first, second)) = one.time.zip(four.time) else { continue };
        if slow(first, second)
            && let Some((one, four)) = least(&short, Some(first)).zip(least(&long, Some(second)))
            && slow(one, four)
        {
            fault("time", format!("{one:?} of one, {four:?} of one {growth:.1} times as long"));
        }
    }
    faults
}

fn linear(all: &[Hostile]) {
    let faults: Vec<String> = all.iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn mpds() {
    linear(MPDS);
}

#[test]
fn patches() {
    linear(PATCHES);
}

#[test]
fn client_manifests() {
    linear(CLIENT_MANIFESTS);
}

#[test]
fn playlists() {
    linear(PLAYLISTS);
}

#[test]
fn steering_and_asset_lists() {
    linear(JSON);
}
