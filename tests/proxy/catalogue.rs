//! Every built-in fault file, on the wire: which requests it applies to, its effect, its events, and which
//! requests stay unchanged. A file without a row fails.

#[rustfmt::skip]
mod rows;
mod stage;
mod stream;

use self::{
    rows::{ROWS, Row},
    stage::{Stage, Step},
    stream::Stream,
};
use crate::rig::Rig;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{collections::BTreeSet, thread};
use vsps::profiles::faults;

/// Rows that run at a time.
const AT_A_TIME: usize = 8;

/// Faults that apply to every request: a server's wrong clock is wrong in each of its responses.
const ALL_MEANT: &[&str] = &["clock-skew"];

/// Each row has a runtime of its own: there time can be made to pass for it alone.
fn run((name, steps): Row) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::set(name).await;
        stage.play(steps).await;
        stage.told().await;
    });
}

#[test]
fn every_ready_fault_does_on_the_wire_what_it_says_and_nothing_else() {
    let names: BTreeSet<_> = faults().unwrap().iter().map(|fault| fault.name).collect();
    let rows: BTreeSet<_> = ROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!((&rows, ROWS.len()), (&names, names.len()), "a row for each file");
    for (name, steps) in ROWS {
        let spares = steps.iter().any(Step::spares);
        assert!(spares != ALL_MEANT.contains(name), "{name}: is anything left alone?");
        assert!(steps.iter().any(Step::hits), "{name} hits nothing");
    }
    let queue = Mutex::new(ROWS.iter().copied());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(row) = { queue.lock().next() } {
                    if std::panic::catch_unwind(|| run(row)).is_err() {
                        failed.lock().push(row.0);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), [""; 0], "see above");
}

/// The requests of one pass over the stream: kind, rung (audio has its own) and path.
fn sweep() -> Vec<(&'static str, Option<u16>, bool, String)> {
    let mut all = Vec::new();
    for (name, rung) in [("v1", Some(1)), ("v2", Some(2)), ("v3", Some(3)), ("a1", None)] {
        let video = name != "a1";
        for (kind, file) in [
            ("media-playlist", ".m3u8"),
            ("init", "/init.mp4"),
            ("segment", "/12.m4s"),
            ("segment", "/13.m4s"),
            ("part", "/22.0.m4s"),
            ("part", "/22.1.m4s"),
        ] {
            all.push((kind, rung, video, format!("/ll/still/{name}{file}")));
        }
        all.push(("key", None, video, format!("/ll/still/{name}/k1.key")));
    }
    all
}

/// A fault for one kind on one rung applies to no other kind, rung or session, and there is one event for each.
#[tokio::test]
async fn a_fault_for_a_kind_on_a_rung_hits_nothing_else() {
    let (origin, _stream) = Stream::start().await;
    let rig = Rig::before(&origin).await;
    let kinds = ["media-playlist", "init", "segment", "part"];
    let pairs = kinds.iter().flat_map(|kind| (1..=3).map(move |rung| (*kind, rung)));
    let (mut hits, mut told) = (0, Vec::new());
    for (kind, rung) in pairs {
        let inside = rig.session("").await;
        let when = json!({ "kind": kind, "media": "video", "rung": rung });
        let name = format!("{kind} {rung}");
        let rule = json!({ "name": name, "when": when, "then": { "status": 418 } });
        // Its playlists first, so that all requests can be classified; then the rule.
        for path in ["main", "v1", "v2", "v3", "a1"] {
            assert_eq!(rig.get(&format!("{inside}/ll/still/{path}.m3u8")).await.status(), 200);
        }
        rig.patch(&inside, &json!({ "rules": [rule] }).to_string()).await;
        for (what, on, video, path) in sweep() {
            let status = rig.get(&format!("{inside}{path}")).await.status();
            let meant = what == kind && on == Some(rung) && video;
            assert_eq!(status, if meant { 418 } else { 200 }, "{name}: {path}");
            if meant {
                hits += 1;
                told.push((name.clone(), path));
            }
        }
    }
    let events = rig.told("fault_injected", hits).await;
    let word = |event: &Value, key: &str| event[key].as_str().unwrap().to_owned();
    let events: Vec<_> = events.iter().map(|e| (word(e, "rule"), word(e, "path"))).collect();
    assert_eq!(events, told);
    assert_eq!(hits, 18);
    assert_eq!(rig.counted("vsps_faults_total").await, 18.0);
}
