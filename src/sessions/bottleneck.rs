//! A simulated link that several responses share. Changes take effect at once.

use super::schedule_runs::ScheduleRuns;
use crate::{
    model::{Link, LinkAccess, LinkSpec, ResponseShaper, Verdict},
    seed::Seed,
    units::{BitRate, LinkTime},
};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    task::Waker,
};

/// A link shared by all its users. It runs on link time: see [`Downlink`](super::Downlink).
#[derive(Debug)]
pub struct Bottleneck {
    link: Mutex<Link>,
    schedule_runs: Mutex<ScheduleRuns>,
    /// Whether the link shapes bodies. Read per chunk, so that an unshaped link costs one atomic read.
    shapes: AtomicBool,
    waiting: Mutex<Wakers>,
}

/// Wakers by number. A number is never used twice.
#[derive(Debug, Default)]
struct Wakers {
    last: u64,
    wakers: HashMap<u64, Waker, RandomState>,
}

/// A body's registration to be woken when the link changes.
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
            schedule_runs: Mutex::default(),
            shapes: AtomicBool::new(spec.shapes_bodies()),
            waiting: Mutex::default(),
        }
    }

    /// Whether bodies must poll the link.
    #[must_use]
    pub fn shapes_bodies(&self) -> bool {
        self.shapes.load(Ordering::Relaxed)
    }

    /// Runs `work` on the link, under its lock. Keep it short.
    pub fn with<R>(&self, work: impl FnOnce(&mut Link) -> R) -> R {
        work(&mut self.link.lock())
    }

    /// Polls a message that only this link shapes: see [`ResponseShaper::poll`]. Times are link times.
    pub fn poll(&self, shaper: &mut ResponseShaper, now: LinkTime, available: usize) -> Verdict {
        self.with(|link| shaper.poll(&mut LinkAccess::new(link), now, available))
    }

    /// The rate at `now`; `None` = no limit.
    #[must_use]
    pub fn rate(&self, now: LinkTime) -> Option<BitRate> {
        self.link.lock().rate(now)
    }

    /// Changes the link to `spec` at `now`, and wakes all waiting bodies. The run with the number `schedule_run` of its
    /// schedules starts now, unless it has started before.
    pub fn change(&self, now: LinkTime, spec: &LinkSpec, schedule_run: u64) {
        let start = self.schedule_runs.lock().start(schedule_run, now);
        self.link.lock().change_on(now, spec, schedule_run, start);
        self.shapes.store(spec.shapes_bodies(), Ordering::Relaxed);
        self.wake();
    }

    /// Wakes all waiting bodies.
    pub fn wake(&self) {
        // Woken without the lock, which others need meanwhile: there may be thousands.
        let wakers: Vec<Waker> = self.waiting.lock().wakers.values().cloned().collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Registers `waker` to be woken when the link changes, until [`Self::leave`].
    pub fn wait(&self, waiting: &mut Waiting, waker: &Waker) {
        // Called before each wait, nearly always by the same task.
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

    /// Removes the registration.
    pub fn leave(&self, waiting: &mut Waiting) {
        if let Some((id, _)) = waiting.place.take() {
            self.waiting.lock().wakers.remove(&id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::{Arc, Weak, atomic::AtomicUsize},
        task::Wake,
    };

    /// Counts the wake-ups at which the list of wakers is not locked.
    struct Body(Weak<Bottleneck>, AtomicUsize);

    impl Wake for Body {
        fn wake(self: Arc<Self>) {
            let link = self.0.upgrade().unwrap();
            let free = usize::from(link.waiting.try_lock().is_some());
            self.1.fetch_add(free, Ordering::Relaxed);
        }
    }

    #[test]
    fn bodies_are_woken_without_the_lock() {
        let link = Arc::new(Bottleneck::new(&LinkSpec::default(), Seed::new(1)));
        let body = Arc::new(Body(Arc::downgrade(&link), AtomicUsize::new(0)));
        let mut waiting = Waiting::default();
        link.wait(&mut waiting, &Waker::from(Arc::clone(&body)));
        link.wake();
        link.wake();
        assert_eq!(body.1.load(Ordering::Relaxed), 2);
        link.leave(&mut waiting);
        link.wake();
        assert_eq!(body.1.load(Ordering::Relaxed), 2);
    }
}
