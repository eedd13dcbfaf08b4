//! The rate limits of a session, beside its link: one link for each host, media type or response.

use super::schedule_runs::ScheduleRuns;
use crate::{
    media::MediaType,
    model::{Link, LinkSpec, RateSpec, ResponseLimit, ResponseShaper},
    profiles::{Limit, Per},
    seed::Seed,
    units::{BitRate, LinkTime},
};
use http::uri::Authority;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The most hosts and media types with a link each. Further ones share one link.
const MOST_LINKS: usize = 256;

/// Which responses share a link; the number is the limit's index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Sharers {
    Host(usize, String),
    Media(usize, &'static str),
    Rest(usize),
    /// All responses, while the network is paused.
    Pause,
}

/// The limits that a response keeps to, and since which version of them.
#[derive(Debug)]
pub(super) struct AppliedLimits {
    host: Option<Authority>,
    media: MediaType,
    version: u64,
}

impl AppliedLimits {
    /// None yet, for a response of `media` from `host`.
    pub(super) const fn new(host: Option<Authority>, media: MediaType) -> Self {
        Self { host, media, version: 0 }
    }
}

/// The limits that apply in addition to a session's link.
#[derive(Debug)]
pub struct Limits {
    state: Mutex<State>,
    /// The version of the limits in force; zero = none. Read per chunk.
    version: AtomicU64,
    seed: Seed,
}

#[derive(Debug)]
struct State {
    limits: Arc<[Limit]>,
    /// Time zero of their schedules, in link time; and of those of the first set.
    start: LinkTime,
    first: LinkTime,
    /// The links that responses share, and the index of each.
    links: Vec<Link>,
    indices: HashMap<Sharers, usize>,
    /// The number of this set of limits, so that each set has its own random draws.
    set: u64,
    schedule_runs: ScheduleRuns,
    changes: u64,
    /// Since when the network is paused, in link time.
    paused: Option<LinkTime>,
}

impl Limits {
    pub(super) fn new(limits: Arc<[Limit]>, start: LinkTime, seed: Seed) -> Self {
        Self {
            version: AtomicU64::new(u64::from(!limits.is_empty())),
            state: Mutex::new(State {
                limits,
                start,
                first: start,
                links: Vec::new(),
                indices: HashMap::new(),
                set: 1,
                schedule_runs: ScheduleRuns::default(),
                changes: 1,
                paused: None,
            }),
            seed,
        }
    }

    /// The version of the limits in force; zero = none. It differs after every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Starts the schedules at link time `now`, when the session begins.
    pub(super) fn begin(&self, now: LinkTime) {
        let mut state = self.state.lock();
        (state.start, state.first) = (now, now);
        state.schedule_runs.begin(now);
    }

    /// Replaces the limits from link time `now` on by those of the profile whose schedules are in the run `schedule_run`.
    pub(super) fn change(&self, limits: Arc<[Limit]>, now: LinkTime, schedule_run: u64) {
        let mut state = self.state.lock();
        state.start = if schedule_run == 0 {
            state.first
        } else {
            state.schedule_runs.start(schedule_run, now)
        };
        state.limits = limits;
        state.links.clear();
        state.indices.clear();
        state.set = schedule_run + 1;
        self.changed(&mut state);
    }

    /// Pauses the network from link time `now` on, or ends the pause. The schedules of link and limits continue
    /// during a pause.
    pub(super) fn pause(&self, paused: bool, now: LinkTime) {
        let mut state = self.state.lock();
        state.paused = paused.then_some(now);
        // The next pause starts at another time.
        if let Some(index) = state.indices.get(&Sharers::Pause).copied()
            && let Some(link) = state.links.get_mut(index)
        {
            *link = silence(now, self.seed);
        }
        self.changed(&mut state);
    }

    fn changed(&self, state: &mut State) {
        state.changes += 1;
        let none = state.limits.is_empty() && state.paused.is_none();
        self.version.store(if none { 0 } else { state.changes }, Ordering::Relaxed);
    }

    /// Runs `work` on a response and the links of the limits, under their lock, after the response has got the limits
    /// in force. Keep it short.
    pub(super) fn with<R>(
        &self,
        applied: &mut AppliedLimits,
        shaper: &mut ResponseShaper,
        work: impl FnOnce(&mut ResponseShaper, &mut [Link]) -> R,
    ) -> R {
        if applied.version == 0 && self.version() == 0 {
            return work(shaper, &mut []);
        }
        let mut state = self.state.lock();
        let version = self.version();
        if applied.version != version {
            applied.version = version;
            shaper.set_limits(state.of(applied, self.seed));
        }
        work(shaper, &mut state.links)
    }
}

impl State {
    /// All limits that apply to a response.
    fn of(&mut self, response: &AppliedLimits, seed: Seed) -> Vec<ResponseLimit> {
        let host = response.host.as_ref().map_or("", Authority::host);
        let limits = Arc::clone(&self.limits);
        let meant = limits.iter().enumerate().filter(|(_, of)| of.is_about(host, response.media));
        let mut found: Vec<_> =
            meant.map(|(i, limit)| self.limit(i, limit, host, response.media, seed)).collect();
        if let Some(at) = self.paused {
            let pause = self.index(Sharers::Pause, || silence(at, seed));
            found.push(ResponseLimit::Shared(pause));
        }
        found
    }

    /// Limit number `i`, as it applies to a response of `media` from `host`.
    fn limit(
        &mut self,
        i: usize,
        limit: &Limit,
        host: &str,
        media: MediaType,
        seed: Seed,
    ) -> ResponseLimit {
        let seed = seed.numbered(self.set).numbered(i as u64);
        let start = self.start;
        let link = |seed| Link::starting(start, &limit.spec, seed);
        let (mut sharers, seed) = match limit.per {
            Per::Response => return ResponseLimit::Own(Box::new(link(seed))),
            Per::Host => {
                let host = host.to_ascii_lowercase();
                let seed = seed.named(&host);
                (Sharers::Host(i, host), seed)
            }
            Per::Media => (Sharers::Media(i, media.as_str()), seed.named(media.as_str())),
        };
        if self.links.len() >= MOST_LINKS && !self.indices.contains_key(&sharers) {
            sharers = Sharers::Rest(i);
        }
        ResponseLimit::Shared(self.index(sharers, || link(seed)))
    }

    /// The index of the link of `sharers`; `link` makes one if there is none.
    fn index(&mut self, sharers: Sharers, link: impl FnOnce() -> Link) -> usize {
        let Self { links, indices, .. } = self;
        *indices.entry(sharers).or_insert_with(|| {
            links.push(link());
            links.len() - 1
        })
    }
}

/// The link of a paused network: a rate of zero from link time `at` on.
fn silence(at: LinkTime, seed: Seed) -> Link {
    let rate = RateSpec::Constant(BitRate::ZERO);
    Link::starting(at, &LinkSpec { rate, ..LinkSpec::default() }, seed)
}
