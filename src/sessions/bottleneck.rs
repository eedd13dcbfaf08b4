//! A link at work: shared by responses, and felt at once when it changes.

use crate::{
    model::{Link, LinkSpec},
    seed::Seed,
    units::BitRate,
};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    task::Waker,
    time::Duration,
};

/// A link that all who use it share. Its time is its own: see [`Downlink`](super::Downlink).
#[derive(Debug)]
pub struct Bottleneck {
    link: Mutex<Link>,
    /// Whether it holds anything up: read per chunk, so that an unshaped one costs nothing.
    shapes: AtomicBool,
    waiting: Mutex<Wakers>,
}

/// Who to wake, by number: a place is never handed to somebody else.
#[derive(Debug, Default)]
struct Wakers {
    last: u64,
    wakers: HashMap<u64, Waker, RandomState>,
}

/// A body's place among those that wake up when the link changes, and who is woken there.
#[derive(Debug, Default)]
pub struct Waiting {
    place: Option<(u64, Waker)>,
}

impl Bottleneck {
    /// A link of `spec`.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Self {
        Self {
            link: Mutex::new(Link::new(spec, seed)),
            shapes: AtomicBool::new(spec.shapes_bodies()),
            waiting: Mutex::default(),
        }
    }

    /// Whether bodies must ask the link at all.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.shapes.load(Ordering::Relaxed)
    }

    /// Does something with the link; keep it short.
    pub fn with<R>(&self, work: impl FnOnce(&mut Link) -> R) -> R {
        work(&mut self.link.lock())
    }

    /// The rate at `now`; `None` = no limit.
    #[must_use]
    pub fn rate(&self, now: Duration) -> Option<BitRate> {
        self.link.lock().rate(now)
    }

    /// Becomes a link of `spec` at `now`, and wakes everybody who waits.
    pub fn change(&self, now: Duration, spec: &LinkSpec) {
        self.link.lock().change(now, spec);
        self.shapes.store(spec.shapes_bodies(), Ordering::Relaxed);
        self.wake();
    }

    /// Wakes everybody who waits.
    pub fn wake(&self) {
        self.waiting.lock().wakers.values().for_each(Waker::wake_by_ref);
    }

    /// Asks to be woken when the link changes, until it is taken back.
    pub fn wait(&self, waiting: &mut Waiting, waker: &Waker) {
        // Asked before each wait, nearly always by the same task.
        if waiting.place.as_ref().is_some_and(|(_, known)| known.will_wake(waker)) {
            return;
        }
        let mut wakers = self.waiting.lock();
        let id = waiting.place.as_ref().map_or_else(
            || {
                wakers.last += 1;
                wakers.last
            },
            |(id, _)| *id,
        );
        wakers.wakers.insert(id, waker.clone());
        waiting.place = Some((id, waker.clone()));
    }

    /// Takes back the request to be woken.
    pub fn leave(&self, waiting: &mut Waiting) {
        if let Some((id, _)) = waiting.place.take() {
            self.waiting.lock().wakers.remove(&id);
        }
    }
}
