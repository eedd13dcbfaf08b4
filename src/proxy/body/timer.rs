//! Wakes tasks at the moment they asked for, where the runtime's timers, which are of whole
//! milliseconds, would be late.

use crate::sessions::Clock;
use parking_lot::{Condvar, Mutex};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    future::poll_fn,
    io,
    sync::Arc,
    task::{Poll, Waker},
    thread,
    time::Duration,
};

/// An alarm clock with a thread of its own, which ends with it.
#[derive(Debug)]
pub(in crate::proxy) struct PreciseTimer {
    board: Arc<WakeQueue>,
}

/// Where calls are left and found.
#[derive(Debug)]
struct WakeQueue {
    clock: Clock,
    calls: Mutex<Calls>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Calls {
    /// The earliest one first.
    waiting: BinaryHeap<Reverse<Call>>,
    over: bool,
}

/// A task that wants to be woken.
#[derive(Debug)]
struct Call {
    /// Process time.
    at: Duration,
    waker: Waker,
}

impl PreciseTimer {
    /// Starts it, by the time of `clock`.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(in crate::proxy) fn start(clock: Clock) -> io::Result<Self> {
        let board = Arc::new(WakeQueue { clock, calls: Mutex::default(), changed: Condvar::new() });
        let ticking = Arc::clone(&board);
        thread::Builder::new().name("alarm".to_owned()).spawn(move || ticking.run())?;
        Ok(Self { board })
    }

    /// Returns at process time `at`.
    pub(in crate::proxy) async fn wakes_at(&self, at: Duration) {
        poll_fn(|cx| {
            if self.board.clock.now() >= at {
                return Poll::Ready(());
            }
            self.set(at, cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Wakes `waker` at process time `at`. It can't be taken back: a task must bear to be woken for
    /// nothing.
    pub(in crate::proxy) fn set(&self, at: Duration, waker: Waker) {
        let mut calls = self.board.calls.lock();
        let earliest = calls.waiting.peek().is_none_or(|Reverse(first)| at < first.at);
        calls.waiting.push(Reverse(Call { at, waker }));
        drop(calls);
        if earliest {
            self.board.changed.notify_one();
        }
    }
}

impl Drop for PreciseTimer {
    fn drop(&mut self) {
        self.board.calls.lock().over = true;
        self.board.changed.notify_one();
    }
}

impl WakeQueue {
    /// Wakes whose time has come, until it is over.
    fn run(&self) {
        let mut calls = self.calls.lock();
        while !calls.over {
            let Some(at) = calls.waiting.peek().map(|Reverse(call)| call.at) else {
                self.changed.wait(&mut calls);
                continue;
            };
            if at > self.clock.now() {
                self.changed.wait_until(&mut calls, self.clock.instant(at).into_std());
                continue;
            }
            let due = calls.waiting.pop();
            // A woken task may ask for its next alarm at once.
            parking_lot::MutexGuard::unlocked(&mut calls, || {
                if let Some(Reverse(call)) = due {
                    call.waker.wake();
                }
            });
        }
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Call {}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Call {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc, task::Wake};

    /// Says its name when it is woken.
    struct PreciseSleep(&'static str, Clock, mpsc::Sender<(&'static str, Duration)>);

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
        let at = Duration::from_millis;
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
        let far = Duration::from_secs(3600);
        alarm.set(far, Waker::from(Arc::new(PreciseSleep("never", clock, told))));
        drop(alarm);
        // The sleeper is dropped, unwoken: nobody is left to tell.
        assert!(heard.recv().is_err());
    }
}
