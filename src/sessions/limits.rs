//! The rate limits of a session, beside its link: one link for each host, media type or response.

use crate::{
    media::MediaType,
    model::{Link, LinkSpec, RateSpec},
    profiles::{Limit, Per},
    seed::Seed,
    units::BitRate,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The most hosts and media types with a link each. Further ones share one link.
const MOST_LINKS: usize = 256;

/// Which responses share a link; the number is the limit's index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Sharers {
    Host(usize, String),
    Media(usize, &'static str),
    Rest(usize),
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
    /// Time zero of their schedules, in link time.
    start: Duration,
    links: HashMap<Sharers, Arc<Mutex<Link>>>,
    /// Counts the sets of limits, so that each set has its own random draws.
    sets: u64,
    changes: u64,
    /// A link of rate zero, while the network is paused.
    pause: Option<Arc<Mutex<Link>>>,
}

impl Limits {
    pub(super) fn new(limits: Arc<[Limit]>, start: Duration, seed: Seed) -> Self {
        Self {
            version: AtomicU64::new(u64::from(!limits.is_empty())),
            state: Mutex::new(State {
                limits,
                start,
                links: HashMap::new(),
                sets: 1,
                changes: 1,
                pause: None,
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
    pub(super) fn begin(&self, now: Duration) {
        self.state.lock().start = now;
    }

    /// Replaces the limits from link time `now` on.
    pub(super) fn change(&self, limits: Arc<[Limit]>, now: Duration) {
        let mut state = self.state.lock();
        (state.limits, state.start, state.links) = (limits, now, HashMap::new());
        state.sets += 1;
        self.changed(&mut state);
    }

    /// Pauses the network from link time `now` on, or ends the pause. The schedules of link and limits continue
    /// during a pause.
    pub(super) fn pause(&self, paused: bool, now: Duration) {
        let mut state = self.state.lock();
        let silence = LinkSpec { rate: RateSpec::Constant(BitRate::ZERO), ..LinkSpec::default() };
        let link = || Arc::new(Mutex::new(Link::starting(now, &silence, self.seed)));
        state.pause = paused.then(link);
        self.changed(&mut state);
    }

    fn changed(&self, state: &mut State) {
        state.changes += 1;
        let none = state.limits.is_empty() && state.pause.is_none();
        self.version.store(if none { 0 } else { state.changes }, Ordering::Relaxed);
    }

    /// The links of all limits that apply to a response of `media` from `host`, and their version.
    #[must_use]
    pub fn of(&self, host: &str, media: MediaType) -> (u64, Vec<Arc<Mutex<Link>>>) {
        let mut state = self.state.lock();
        let limits = Arc::clone(&state.limits);
        let meant = limits.iter().enumerate().filter(|(_, limit)| limit.is_about(host, media));
        let links = meant.map(|(i, limit)| state.link(i, limit, host, media, self.seed));
        let mut links: Vec<_> = links.collect();
        links.extend(state.pause.clone());
        (self.version(), links)
    }
}

impl State {
    fn link(
        &mut self,
        i: usize,
        limit: &Limit,
        host: &str,
        media: MediaType,
        seed: Seed,
    ) -> Arc<Mutex<Link>> {
        let seed = seed.numbered(self.sets).numbered(i as u64);
        let start = self.start;
        let made = |seed| Arc::new(Mutex::new(Link::starting(start, &limit.spec, seed)));
        let (mut sharers, seed) = match limit.per {
            Per::Response => return made(seed),
            Per::Host => {
                let host = host.to_ascii_lowercase();
                let seed = seed.named(&host);
                (Sharers::Host(i, host), seed)
            }
            Per::Media => (Sharers::Media(i, media.as_str()), seed.named(media.as_str())),
        };
        if self.links.len() >= MOST_LINKS && !self.links.contains_key(&sharers) {
            sharers = Sharers::Rest(i);
        }
        Arc::clone(self.links.entry(sharers).or_insert_with(|| made(seed)))
    }
}
