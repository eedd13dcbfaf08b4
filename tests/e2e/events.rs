//! Reads the proxy's event log.

use crate::process::json;
use serde_json::Value;
use std::{collections::BTreeSet, io::Write as _, time::Duration};

pub(crate) struct Events(Vec<Value>);

impl Events {
    pub(crate) fn read(text: &str) -> Self {
        Self(text.lines().map(json).collect())
    }

    /// Those of the session that was started with `vsps.label=LABEL`.
    pub(crate) fn of_session(&self, label: &str) -> Self {
        let started = self.of("session_started").find(|event| event["label"] == label);
        let session = &started.unwrap_or_else(|| panic!("no session {label}"))["session"];
        let own = self.0.iter().filter(|event| event["session"] == *session);
        Self(own.cloned().collect())
    }

    /// How many there are of a kind.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.of(kind).count()
    }

    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(move |event| event["event"] == kind)
    }

    /// The rungs, from 1, of which whole video segments were handed to players of `protocol`.
    pub(crate) fn rungs(&self, protocol: &str) -> BTreeSet<u64> {
        self.rungs_within(protocol, Duration::MAX)
    }

    /// As [`rungs`](Self::rungs), only of segments that were there within `time` of the start of
    /// their session.
    pub(crate) fn rungs_within(&self, protocol: &str, time: Duration) -> BTreeSet<u64> {
        let whole = self.of("request_finished").filter(|event| {
            let resource = &event["resource"];
            resource["protocol"] == protocol
                && resource["kind"] == "segment"
                && resource["media"] == "video"
                && event["outcome"] == "complete"
                && at(event).saturating_sub(self.start(&event["session"])) <= time
        });
        whole.map(|event| event["resource"]["rung"].as_u64().unwrap()).collect()
    }

    fn start(&self, session: &Value) -> Duration {
        at(self.of("session_started").find(|event| event["session"] == *session).unwrap())
    }

    /// Requests that the proxy could not classify.
    pub(crate) fn unclassified(&self) -> Vec<&str> {
        let finished = self.of("request_finished");
        let other = finished.filter(|event| event["resource"]["kind"] == "other");
        other.map(|event| event["path"].as_str().unwrap()).collect()
    }

    /// Prints the share of `other` among the requests of a run, past the capture of output; it must be under
    /// one per cent.
    pub(crate) fn few_others(&self, run: &str) {
        let (other, all) = (self.unclassified(), self.count("request_finished"));
        let share = 100.0 * other.len() as f64 / all as f64;
        let told = format!("{run}: {} of {all} requests are other: {share:.2} %", other.len());
        // Not `eprintln`, whose output is captured from tests that pass.
        std::io::stderr().write_all(format!("{told}\n").as_bytes()).unwrap();
        assert!(all > 0 && share < 1.0, "{told}: {other:?}");
    }

    /// Requests that were not answered, or with an error; not those that the player gave up before.
    pub(crate) fn refused(&self) -> Vec<String> {
        let refused = self.of("request_finished").filter(|event| {
            event["outcome"] != "player-gone"
                && event["status"].as_u64().is_none_or(|status| !(200..400).contains(&status))
        });
        refused.map(|event| format!("{} {}", event["status"], event["path"])).collect()
    }
}

/// When an event was, since 1970.
fn at(event: &Value) -> Duration {
    Duration::from_micros(event["measured"]["at_unix_us"].as_u64().unwrap())
}
