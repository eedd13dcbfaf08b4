//! Wakes tasks at an exact time. The runtime's timers have a resolution of a millisecond, which is too late for
//! some.

use crate::{clock::Clock, units::ProcessTime};
use parking_lot::{Condvar, Mutex};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    future::poll_fn,
    io,
    sync::Arc,
    task::{Poll, Waker},
    thread,
};

/// A timer with its own thread, which ends when the timer is dropped.
#[derive(Debug)]
pub(in crate::proxy) struct PreciseTimer {
    queue: Arc<WakeQueue>,
}

/// The wake-ups shared with the timer's thread.
#[derive(Debug)]
struct WakeQueue {
    clock: Clock,
    wakeups: Mutex<Wakeups>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Wakeups {
    /// Earliest first.
    waiting: BinaryHeap<Reverse<Wakeup>>,
    over: bool,
}

/// A task to wake.
#[derive(Debug)]
struct Wakeup {
    /// Process time.
    at: ProcessTime,
    waker: Waker,
}

impl PreciseTimer {
    /// Starts the timer's thread, on the time of `clock`.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub(in crate::proxy) fn start(clock: Clock) -> io::Result<Self> {
        let timer_queue =
            Arc::new(WakeQueue { clock, wakeups: Mutex::default(), changed: Condvar::new() });
        let queue = Arc::clone(&timer_queue);
        thread::Builder::new().name("alarm".to_owned()).spawn(move || queue.run())?;
        Ok(Self { queue: timer_queue })
    }

    /// Returns at process time `at`.
    pub(in crate::proxy) async fn wakes_at(&self, at: ProcessTime) {
        poll_fn(|cx| {
            if self.queue.clock.now() >= at {
                return Poll::Ready(());
            }
            self.set(at, cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Wakes `waker` at process time `at`. This can't be cancelled: the task must tolerate needless wake-ups.
    pub(in crate::proxy) fn set(&self, at: ProcessTime, waker: Waker) {
        let mut wakeups = self.queue.wakeups.lock();
        let earliest = wakeups.waiting.peek().is_none_or(|Reverse(first)| at < first.at);
        wakeups.waiting.push(Reverse(Wakeup { at, waker }));
        drop(wakeups);
        if earliest {
            self.queue.changed.notify_one();
        }
    }
}

impl Drop for PreciseTimer {
    fn drop(&mut self) {
        self.queue.wakeups.lock().over = true;
        self.queue.changed.notify_one();
    }
}

impl WakeQueue {
    /// Wakes the tasks that are due, until the timer is dropped.
    fn run(&self) {
        let mut wakeups = self.wakeups.lock();
        while !wakeups.over {
            let Some(at) = wakeups.waiting.peek().map(|Reverse(wakeup)| wakeup.at) else {
                self.changed.wait(&mut wakeups);
                continue;
            };
            if at > self.clock.now() {
                self.changed.wait_until(&mut wakeups, self.clock.instant(at).into_std());
                continue;
            }
            let due = wakeups.waiting.pop();
            // Unlock while waking: a woken task may set its next wake-up at once.
            parking_lot::MutexGuard::unlocked(&mut wakeups, || {
                if let Some(Reverse(wakeup)) = due {
                    wakeup.waker.wake();
                }
            });
        }
    }
}

impl PartialEq for Wakeup {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Wakeup {}

impl PartialOrd for Wakeup {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wakeup {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, task::Wake};

    /// Says its name when it is woken.
    struct PreciseSleep(&'static str, Clock, mpsc::Sender<(&'static str, ProcessTime)>);

    impl Wake for PreciseSleep {
        fn wake(self: Arc<Self>) {
            let _ = self.2.send((self.0, self.1.now()));
        }
    }

    #[test]
    fn each_is_woken_in_the_order_of_time_and_never_early() {
        let clock = Clock::start();
        let alarm = PreciseTimer::start(clock).unwrap();
        let (told, heard) = mpsc::channel();
        let at = ProcessTime::from_millis;
        for (name, ms) in [("third", 30), ("first", 10), ("second", 20), ("at once", 0)] {
            let waker = Waker::from(Arc::new(PreciseSleep(name, clock, told.clone())));
            alarm.set(at(ms), waker);
        }
        for (name, ms) in [("at once", 0), ("first", 10), ("second", 20), ("third", 30)] {
            let (woken, when) = heard.recv().unwrap();
            assert_eq!(woken, name);
            assert!(when >= at(ms), "{name}");
        }
    }

    #[test]
    fn its_thread_ends_with_it_and_forgets_who_waits() {
        let clock = Clock::start();
        let alarm = PreciseTimer::start(clock).unwrap();
        let (told, heard) = mpsc::channel();
        let far = ProcessTime::from_secs(3600);
        alarm.set(far, Waker::from(Arc::new(PreciseSleep("never", clock, told))));
        drop(alarm);
        // The sleeper is dropped, unwoken: nobody is left to tell.
        assert!(heard.recv().is_err());
    }
}
