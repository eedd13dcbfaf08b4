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

/// A body's place among those that wake up when the link changes.
#[derive(Debug, Default)]
pub struct Waiting {
    id: Option<u64>,
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

    /// Asks to be woken when the link changes.
    pub fn wait(&self, place: &mut Waiting, waker: &Waker) {
        let mut waiting = self.waiting.lock();
        let id = *place.id.get_or_insert_with(|| {
            waiting.last += 1;
            waiting.last
        });
        match waiting.wakers.get_mut(&id) {
            Some(old) => old.clone_from(waker),
            None => {
                waiting.wakers.insert(id, waker.clone());
            }
        }
    }

    /// Takes back the request to be woken.
    pub fn leave(&self, place: &mut Waiting) {
        if let Some(id) = place.id.take() {
            self.waiting.lock().wakers.remove(&id);
        }
    }
}
