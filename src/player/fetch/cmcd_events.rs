//! Reports of a player's events to a collector (CMCD's event mode, CTA-5004-B).

use super::{clock::Clock, cmcd::Reporter, http::Http, viewing::Shared};
use crate::{media::CmcdWriter, player::PlayoutState};
use std::collections::VecDeque;
use url::Url;

/// How often the viewing is looked at, in ms.
const LOOK: f64 = 100.0;
/// Between two reports without an occasion, in ms: the default of CTA-5004-B.
const INTERVAL: f64 = 30_000.0;
/// The most reports that wait for a collector; older ones are dropped.
const MOST: usize = 256;
/// The first and the longest wait after a collector refused, in ms.
const WAIT: f64 = 1000.0;
const LONGEST_WAIT: f64 = 60_000.0;
/// How long one post may take, in ms.
const POST: f64 = 5000.0;
const KBIT: f64 = 1000.0;

/// Reports what happens to one player.
#[derive(Debug)]
pub(super) struct EventReporter {
    reporter: Reporter,
    http: Http,
    shared: Shared,
    collector: Url,
    /// Reports that were not sent yet.
    pending: VecDeque<String>,
    reports: u64,
    state: Option<PlayoutState>,
    rung: Option<usize>,
    next_interval: f64,
    /// Nothing is sent before this time, in ms.
    not_before: f64,
    wait: f64,
    /// The collector takes no more reports (status 410).
    refused: bool,
}

impl EventReporter {
    pub(super) const fn new(reporter: Reporter, http: Http, shared: Shared, to: Url) -> Self {
        Self {
            reporter,
            http,
            shared,
            collector: to,
            pending: VecDeque::new(),
            reports: 0,
            state: None,
            rung: None,
            next_interval: INTERVAL,
            not_before: 0.0,
            wait: WAIT,
            refused: false,
        }
    }

    /// Reports until it is dropped.
    pub(super) async fn run(&mut self) {
        while !self.refused {
            self.look();
            self.send().await;
            Clock::sleep(LOOK).await;
        }
        std::future::pending::<()>().await;
    }

    /// The end of the viewing: what is left is sent once.
    pub(super) async fn end(&mut self, failed: bool) {
        self.look();
        if failed {
            self.note("e");
        }
        self.not_before = 0.0;
        self.send().await;
    }

    /// Notes what has changed.
    fn look(&mut self) {
        let (state, rung) = {
            let viewing = self.shared.now();
            (viewing.playout.state(), viewing.playout.rung())
        };
        if self.state.replace(state) != Some(state) {
            self.note("ps");
        }
        if rung.is_some() && self.rung != rung {
            self.rung = rung;
            self.note("bc");
        }
        if self.shared.clock.now() >= self.next_interval {
            self.next_interval += INTERVAL;
            self.note("t");
        }
    }

    /// Adds a report of `event`.
    fn note(&mut self, event: &'static str) {
        self.reports += 1;
        let mut writer = self.reporter.event(&self.shared);
        writer.token("e", event);
        writer.integer("ts", (self.shared.clock.unix_time().as_secs_f64() * 1000.0).round());
        writer.integer("sn", self.reports as f64);
        self.bitrate(&mut writer);
        if self.pending.len() >= MOST {
            self.pending.pop_front();
        }
        self.pending.push_back(writer.line());
    }

    fn bitrate(&self, writer: &mut CmcdWriter) {
        let viewing = self.shared.lock();
        let bitrate = viewing.playout.rung().and_then(|rung| viewing.ladder.get(rung)).copied();
        if let Some(bitrate) = bitrate {
            writer.listed("br", bitrate / KBIT, "v");
        }
    }

    /// Posts what is pending, unless the collector is to be left alone for a while.
    async fn send(&mut self) {
        if self.pending.is_empty() || self.shared.clock.now() < self.not_before {
            return;
        }
        let lines: Vec<&str> = self.pending.iter().map(String::as_str).collect();
        match self.http.post(&self.collector, "text/cmcd", lines.join("\n"), POST).await {
            Some(200..300) => {
                self.pending.clear();
                self.wait = WAIT;
            }
            Some(410) => self.refused = true,
            // Too many requests, an error, or no answer: the reports are kept.
            _ => {
                self.not_before = self.shared.clock.now() + self.wait;
                self.wait = (2.0 * self.wait).min(LONGEST_WAIT);
            }
        }
    }
}
