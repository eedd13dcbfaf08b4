//! Reactions of players to faults: hls.js, Shaka and dash.js in Chromium under the faults that player teams
//! report, each in its own session; the event log shows that exactly the requested faults were applied.
//!
//! `docs/players.md` is this table; `UPDATE_DOCS=1 cargo test --test e2e page_of_players` writes it.

use crate::{
    events::Events,
    rig::Rig,
    viewers::{Seen, Task, watch},
};
use Hits::{Any, Each, Times};
use Reaction::{Fails, OtherPathway, OtherRung, PlaysOn, Refetches};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

/// A fault, and what players are expected to make of it.
struct Row {
    fault: &'static str,
    /// The rule, as `vsps.rules` has it.
    rule: &'static str,
    path: &'static str,
    hits: Hits,
    players: &'static [(&'static str, Reaction)],
}

/// The requests of a row to which its rule must have been applied, and no others.
enum Hits {
    /// The first so many of a kind, and media type.
    Times(usize, &'static str, &'static str),
    /// Every one of a kind, and media type.
    Each(&'static str, &'static str),
    /// One or more of a kind; of any, if it is empty.
    Any(&'static str),
}

enum Reaction {
    /// It requests the lost piece again, from the same rung or another, and plays past it.
    Refetches,
    /// It takes what it lost from another rung, and plays past it.
    OtherRung,
    /// It goes over to the other pathway.
    OtherPathway,
    /// It plays past the fault; nothing has to be requested again.
    PlaysOn,
    /// It gives up with an error that starts so.
    Fails(&'static str),
}

const HLS: &str = "/demo/hls/master.m3u8";
const AES: &str = "/demo/aes/master.m3u8";
const DASH: &str = "/demo/dash/manifest.mpd";
const LIVE: &str = "/demo/live/hls/master.m3u8";
const STEERED: &str = "/demo/steering/master.m3u8";

/// What is cut or held is audio: it has one rung, so that no player leaves the request for another. On demand
/// the fault is in the second segment, which ends after 8 s; a player that played more is past it.
const PAST: f64 = 9.0;
/// Live, playback would stop permanently within the 14 s that a player is behind the edge.
const PAST_LIVE: f64 = 20.0;
/// The most that a row takes, on a machine that is busy with others.
const PATIENCE: u64 = 60;

const TABLE: &[Row] = &[
    Row {
        fault: "a segment is 404, once",
        rule: "segment.video.index=2:status=404,times=1",
        path: HLS,
        hits: Times(1, "segment", "video"),
        players: &[("hls.js", Refetches), ("shaka", Refetches)],
    },
    Row {
        fault: "a segment is 404, once",
        rule: "segment.video.index=2:status=404,times=1",
        path: DASH,
        hits: Times(1, "segment", "video"),
        players: &[("dash.js", Refetches)],
    },
    Row {
        fault: "a segment is 404 on every rung, for good",
        rule: "segment.video.index=2:status=404",
        path: HLS,
        hits: Any("segment"),
        players: &[("hls.js", Fails("networkError/fragLoadError")), ("shaka", Fails("1001 "))],
    },
    Row {
        fault: "a segment is 404 on every rung, for good",
        rule: "segment.video.index=2:status=404",
        path: DASH,
        hits: Any("segment"),
        players: &[("dash.js", Fails("27 "))],
    },
    Row {
        fault: "a segment is 503 with Retry-After, twice",
        rule: "segment.video.index=2:status.code=503,status.retry-after=2s,times=2",
        path: HLS,
        hits: Times(2, "segment", "video"),
        players: &[("hls.js", Refetches), ("shaka", Refetches)],
    },
    Row {
        fault: "an audio segment is never answered, once",
        rule: "segment.audio.index=2:hang=forever,times=1",
        path: HLS,
        hits: Times(1, "segment", "audio"),
        players: &[("hls.js", Refetches), ("shaka", Refetches)],
    },
    Row {
        fault: "the connection is reset in an audio segment, once",
        rule: "segment.audio.index=2:cut.at=8KiB,cut.end=reset,times=1",
        path: HLS,
        hits: Times(1, "segment", "audio"),
        players: &[("hls.js", Refetches), ("shaka", Refetches)],
    },
    Row {
        fault: "the connection is reset in an audio segment, once",
        rule: "segment.audio.index=2:cut.at=8KiB,cut.end=reset,times=1",
        path: DASH,
        hits: Times(1, "segment", "audio"),
        players: &[("dash.js", Refetches)],
    },
    Row {
        fault: "an audio segment breaks off, its whole length declared, once",
        rule: "segment.audio.index=2:cut.at=8KiB,times=1",
        path: HLS,
        hits: Times(1, "segment", "audio"),
        players: &[("hls.js", Refetches), ("shaka", Refetches)],
    },
    Row {
        fault: "a segment is 200 and empty, once",
        rule: "segment.video.index=2:body=empty,times=1",
        path: HLS,
        hits: Times(1, "segment", "video"),
        players: &[("hls.js", PlaysOn), ("shaka", PlaysOn)],
    },
    Row {
        fault: "audio alone is slow",
        rule: "segment.audio:delay=3s",
        path: HLS,
        hits: Each("segment", "audio"),
        players: &[("hls.js", PlaysOn), ("shaka", PlaysOn)],
    },
    Row {
        fault: "every third segment is a gap",
        rule: "media-playlist:gap=3",
        path: HLS,
        hits: Any("media-playlist"),
        players: &[("hls.js", PlaysOn)],
    },
    Row {
        fault: "live playlists stand still for 14 s",
        rule: "media-playlist.nth=2..:freeze=14s",
        path: LIVE,
        hits: Any("media-playlist"),
        players: &[("hls.js", PlaysOn)],
    },
    Row {
        fault: "a live playlist goes back three segments, once",
        rule: "media-playlist.nth=3:go-back=3",
        path: LIVE,
        hits: Times(1, "media-playlist", ""),
        players: &[("hls.js", PlaysOn)],
    },
    Row {
        fault: "the playlist of a rung is 404",
        rule: "media-playlist.rung=1:status=404",
        path: HLS,
        hits: Any("media-playlist"),
        players: &[("hls.js", OtherRung)],
    },
    Row {
        fault: "the steering server is down, and a pathway",
        rule: "steering:status=503;path=/demo/steering/a/**:status=503",
        path: STEERED,
        hits: Any(""),
        players: &[("hls.js", OtherPathway)],
    },
    Row {
        fault: "the key is 403",
        rule: "key:status=403",
        path: AES,
        hits: Each("key", ""),
        players: &[("hls.js", Fails("networkError/keyLoadError")), ("shaka", Fails("1001 "))],
    },
    Row {
        fault: "init segments are missing",
        rule: "init.video:status=404",
        path: HLS,
        hits: Each("init", "video"),
        players: &[("hls.js", Fails("networkError/fragLoadError")), ("shaka", Fails("1001 "))],
    },
    Row {
        fault: "init segments are missing",
        rule: "init.video:status=404",
        path: DASH,
        hits: Each("init", "video"),
        players: &[("dash.js", Fails("28 "))],
    },
    Row {
        fault: "the manifest comes without CORS headers",
        rule: "manifest:cors=missing",
        path: HLS,
        hits: Each("multivariant-playlist", ""),
        players: &[("hls.js", Fails("networkError/manifestLoadError")), ("shaka", Fails("1002 "))],
    },
    Row {
        fault: "the manifest comes without CORS headers",
        rule: "manifest:cors=missing",
        path: DASH,
        hits: Each("mpd", ""),
        players: &[("dash.js", Fails("25 ")), ("shaka", Fails("1002 "))],
    },
    Row {
        fault: "the manifest is 404",
        rule: "manifest:status=404",
        path: HLS,
        hits: Each("multivariant-playlist", ""),
        players: &[("hls.js", Fails("networkError/manifestLoadError")), ("shaka", Fails("1001 "))],
    },
    Row {
        fault: "the manifest is 404",
        rule: "manifest:status=404",
        path: DASH,
        hits: Each("mpd", ""),
        players: &[("dash.js", Fails("25 ")), ("shaka", Fails("1001 "))],
    },
    Row {
        fault: "a sign-in page in place of the manifest",
        rule: "manifest:body=captive-portal",
        path: HLS,
        hits: Each("multivariant-playlist", ""),
        players: &[
            ("hls.js", Fails("networkError/manifestParsingError")),
            ("shaka", Fails("4015 ")),
        ],
    },
    Row {
        fault: "a sign-in page in place of the manifest",
        rule: "manifest:body=captive-portal",
        path: DASH,
        hits: Each("mpd", ""),
        players: &[("dash.js", Fails("10 ")), ("shaka", Fails("4001 "))],
    },
];

/// A row with one of its players: the row's number, the row, the player, and what it does.
type Viewer = (usize, &'static Row, &'static str, &'static Reaction);

fn viewers() -> impl Iterator<Item = Viewer> {
    let of_row = |(number, row): (usize, &'static Row)| {
        row.players.iter().map(move |(player, does)| (number, row, *player, does))
    };
    TABLE.iter().enumerate().flat_map(of_row)
}

/// The label of a viewer's session.
fn label(number: usize, player: &str) -> String {
    format!("{number} {player}")
}

/// The first row whose fault is not in one segment alone.
const STREAM: &str = "audio alone is slow";

fn first_row_of_stream() -> usize {
    TABLE.iter().position(|row| row.fault == STREAM).unwrap()
}

#[tokio::test]
async fn players_do_about_faulty_segments_what_the_table_says() {
    react(|row| row < first_row_of_stream()).await;
}

#[tokio::test]
async fn players_do_about_other_faults_what_the_table_says() {
    react(|row| row >= first_row_of_stream()).await;
}

/// Lets players meet the faults of the rows with these numbers.
async fn react(rows: impl Fn(usize) -> bool) {
    let viewers = || viewers().filter(|(number, ..)| rows(*number));
    let rig = Rig::start("cable").await;
    let task = |(number, row, player, _): Viewer| {
        let label = label(number, player);
        let [label, rule] = [&*label, row.rule].map(|it| utf8_percent_encode(it, NON_ALPHANUMERIC));
        Task {
            player,
            url: rig.url(&format!("{}?vsps.label={label}&vsps.rules={rule}", row.path)),
            seconds: PATIENCE,
            // The page's clock and the sum of what was played differ by some milliseconds.
            enough: Some(0.5 + if row.path == LIVE { PAST_LIVE } else { PAST }),
            ..Task::default()
        }
    };
    let seen = watch(&viewers().map(task).collect::<Vec<_>>()).await;
    let (_, events) = rig.stop().await;
    let mut wrong = Vec::new();
    for ((number, row, player, reaction), viewer) in viewers().zip(&seen) {
        let own = events.of_session(&label(number, player));
        let found = [struck_as_asked(row, &own), reacted(reaction, row, viewer, &own)];
        for trouble in found.into_iter().filter_map(Result::err) {
            wrong.push(format!("{}, {player}: {trouble}: {viewer:?}", row.fault));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    events.few_others("players meeting faults");
}

/// The rule was applied as often as it should, and to no other request.
fn struck_as_asked(row: &Row, events: &Events) -> Result<(), String> {
    let (kind, media) = match row.hits {
        Times(_, kind, media) | Each(kind, media) => (kind, media),
        Any(kind) => (kind, ""),
    };
    let meant = |event: &&Value| {
        let resource = &event["resource"];
        (kind.is_empty() || resource["kind"] == kind)
            && (media.is_empty() || resource["media"] == media)
    };
    let hits: Vec<_> = events.of("fault_injected").collect();
    let ours = |event: &Value| row.rule.split(';').any(|rule| event["rule"] == rule);
    let astray = hits.iter().filter(|event| !meant(event) || !ours(event));
    let astray: Vec<_> = astray.map(|event| event["path"].to_string()).collect();
    if !astray.is_empty() {
        return Err(format!("hit {astray:?}"));
    }
    let asked: Vec<_> = events.of("request_finished").filter(meant).collect();
    // A player that ends before a fault is due does not get it.
    let stayed = asked.iter().filter(|event| event["outcome"] != "player-gone").count();
    let count = hits.len();
    let right = match row.hits {
        Times(times, ..) => count == times,
        Each(..) => (1.max(stayed)..=asked.len()).contains(&count),
        Any(_) => count > 0,
    };
    if right { Ok(()) } else { Err(format!("hit {count} of {}", asked.len())) }
}

/// The player did what it is expected to do.
fn reacted(reaction: &Reaction, row: &Row, viewer: &Seen, events: &Events) -> Result<(), String> {
    if let Fails(how) = reaction {
        let as_expected = viewer.fatal.iter().any(|fatal| fatal.starts_with(how));
        return if as_expected { Ok(()) } else { Err(format!("no error {how}")) };
    }
    if !viewer.fatal.is_empty() {
        return Err("gave up".to_owned());
    }
    let past = if row.path == LIVE { PAST_LIVE } else { PAST };
    if viewer.played_seconds < past {
        return Err("did not play past it".to_owned());
    }
    let did = match reaction {
        Refetches => made_up_for(events, |_, _| true),
        OtherRung => made_up_for(events, |lost, found| lost["rung"] != found["rung"]),
        OtherPathway => viewer.asked.pathways == BTreeSet::from(["b".to_owned()]),
        PlaysOn | Fails(_) => true,
    };
    if did { Ok(()) } else { Err("played on in another way".to_owned()) }
}

/// Whether what was lost last came whole afterwards: the same piece of the same medium, from a
/// rung that `counts`.
fn made_up_for(events: &Events, counts: impl Fn(&Value, &Value) -> bool) -> bool {
    let at = |event: &Value| event["measured"]["at_unix_us"].as_u64();
    let Some(lost) = events.of("fault_injected").last() else { return false };
    events.of("request_finished").any(|event| {
        let (had, has) = (&lost["resource"], &event["resource"]);
        let same = ["kind", "media", "index"].iter().all(|key| had[key] == has[key]);
        // A browser that kept the first half requests only the rest: 206.
        let whole =
            matches!(event["status"].as_u64(), Some(200 | 206)) && event["outcome"] == "complete";
        same && whole && at(event) > at(lost) && counts(had, has)
    })
}

const HEAD: &str = "\
# What players do about faults

<!-- Made from tests/e2e/reactions.rs: UPDATE_DOCS=1 cargo test --test e2e page_of_players -->

What hls.js, Shaka and dash.js (the versions of `tests/web/package.json`, as they are set up in
`src/commands/bench/browser/viewer.js`) do in Chromium when they meet faults that player teams report. A test
watches them do it, and compares the log of ground truth: the fault applied as often as asked, and nothing else.
The rule is what stands after `vsps.rules=` in the link (percent-encoded).

Shaka 4.16 may start a live stream at the old end of its window in Chromium, and then wait for ever: the
browser moves the element to the start of the live seekable range that Shaka sets before the metadata are
there, and Shaka takes that for a seek by the user. It shows when init segments are late, with any origin.
The page hides `MediaSource.setLiveSeekableRange` from Shaka, which avoids it.

| fault | rule | stream | player | what it does |
|---|---|---|---|---|
";

impl Reaction {
    fn words(&self) -> String {
        match self {
            Refetches => "asks again, of this rung or another, and plays on".to_owned(),
            OtherRung => "goes on with another rung".to_owned(),
            OtherPathway => "goes on with the other pathway".to_owned(),
            PlaysOn => "plays on".to_owned(),
            Fails(how) => format!("gives up: `{}`", how.trim_end()),
        }
    }
}

#[test]
fn page_of_players() {
    let mut page = HEAD.to_owned();
    for (_, row, player, reaction) in viewers() {
        let rule = row.rule.replace('|', "\\|");
        let Row { fault, path, .. } = row;
        let does = reaction.words();
        writeln!(page, "| {fault} | `{rule}` | `{path}` | {player} | {does} |").unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/players.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let stale =
        "docs/players.md is out of date; UPDATE_DOCS=1 cargo test --test e2e page_of_players";
    assert!(page == written, "{stale}");
}
