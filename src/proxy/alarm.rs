//! Wakes tasks at the moment they asked for, where the runtime's timers, which are of whole
//! milliseconds, would be late.

use parking_lot::{Condvar, Mutex};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
    io,
    sync::Arc,
    task::Waker,
    thread,
    time::Instant,
};

/// An alarm clock with a thread of its own, which ends with it.
#[derive(Debug)]
pub(super) struct Alarm {
    clock: Arc<Clock>,
}

#[derive(Debug, Default)]
struct Clock {
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
    at: Instant,
    waker: Waker,
}

impl Alarm {
    /// Starts it.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub(super) fn start() -> io::Result<Self> {
        let clock = Arc::<Clock>::default();
        let ticking = Arc::clone(&clock);
        thread::Builder::new().name("alarm".to_owned()).spawn(move || ticking.run())?;
        Ok(Self { clock })
    }

    /// Wakes `waker` at `at`. It can't be taken back: a task must bear to be woken for nothing.
    pub(super) fn set(&self, at: Instant, waker: Waker) {
        let mut calls = self.clock.calls.lock();
        let earliest = calls.waiting.peek().is_none_or(|Reverse(first)| at < first.at);
        calls.waiting.push(Reverse(Call { at, waker }));
        drop(calls);
        if earliest {
            self.clock.changed.notify_one();
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.clock.calls.lock().over = true;
        self.clock.changed.notify_one();
    }
}

impl Clock {
    /// Wakes whose time has come, until it is over.
    fn run(&self) {
        let mut calls = self.calls.lock();
        while !calls.over {
            let Some(at) = calls.waiting.peek().map(|Reverse(call)| call.at) else {
                self.changed.wait(&mut calls);
                continue;
            };
            if at > tokio::time::Instant::now().into_std() {
                self.changed.wait_until(&mut calls, at);
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
    use std::{sync::mpsc, task::Wake, time::Duration};

    /// Says its name when it is woken.
    struct Sleeper(&'static str, mpsc::Sender<(&'static str, Instant)>);

    impl Wake for Sleeper {
        fn wake(self: Arc<Self>) {
            let now = tokio::time::Instant::now().into_std();
            let _ = self.1.send((self.0, now));
        }
    }

    #[test]
    fn each_is_woken_in_the_order_of_time_and_never_early() {
        let alarm = Alarm::start().unwrap();
        let (told, heard) = mpsc::channel();
        let zero = tokio::time::Instant::now().into_std();
        let at = |ms| zero + Duration::from_millis(ms);
        for (name, ms) in [("third", 30), ("first", 10), ("second", 20), ("at once", 0)] {
            let waker = Waker::from(Arc::new(Sleeper(name, told.clone())));
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
        let alarm = Alarm::start().unwrap();
        let (told, heard) = mpsc::channel();
        let far = tokio::time::Instant::now().into_std() + Duration::from_secs(3600);
        alarm.set(far, Waker::from(Arc::new(Sleeper("never", told))));
        drop(alarm);
        // The sleeper is dropped, unwoken: nobody is left to tell.
        assert!(heard.recv().is_err());
    }
}
