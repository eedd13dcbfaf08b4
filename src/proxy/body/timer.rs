//! Wakes tasks at an exact time. The runtime's timers have a resolution of a millisecond, which is too late for
//! some.
//!
//! Where the kernel has a timer that the runtime polls with its sockets, a task of the runtime waits for it: no other
//! thread is involved. Elsewhere it is a thread.

use crate::{clock::Clock, system::KernelTimer, units::ProcessTime};
use parking_lot::{Condvar, Mutex};
use std::{
    cmp::{self, Reverse},
    collections::BinaryHeap,
    future::poll_fn,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};
use tokio::{runtime::Handle, task::AbortHandle};

/// A timer. Its thread or task ends when it is dropped.
#[derive(Debug)]
pub(in crate::proxy) struct PreciseTimer {
    queue: Arc<WakeQueue>,
    /// The task that waits for the kernel's timer.
    task: Option<AbortHandle>,
}

/// The wake-ups shared with the timer's thread or task.
#[derive(Debug)]
struct WakeQueue {
    clock: Clock,
    wakeups: Mutex<Wakeups>,
    wait: Wait,
    /// It wakes nobody any more.
    failed: AtomicBool,
}

/// What waits for the next wake-up.
#[derive(Debug)]
enum Wait {
    Task(KernelTimer),
    Thread(Condvar),
}

#[derive(Debug, Default)]
struct Wakeups {
    /// Earliest first.
    waiting: BinaryHeap<Reverse<Wakeup>>,
    /// The task is waking others, and will set the kernel's timer when they have run.
    waking: bool,
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
    /// Starts the timer on the time of `clock`, for tasks of `runtime`.
    ///
    /// # Errors
    /// When its thread can't be started, or too many files are open.
    pub(in crate::proxy) fn start(clock: Clock, runtime: &Handle) -> io::Result<Self> {
        let kernel_timer = {
            let _context = runtime.enter();
            KernelTimer::new()?
        };
        let Some(kernel_timer) = kernel_timer else { return Self::start_thread(clock) };
        let queue = WakeQueue::new(clock, Wait::Task(kernel_timer));
        let own = Arc::clone(&queue);
        let task = runtime.spawn(async move {
            if let Err(problem) = own.run_task().await {
                tracing::error!(%problem, "the precise timer failed: the timers of the runtime are used");
                own.fail();
            }
        });
        Ok(Self { queue, task: Some(task.abort_handle()) })
    }

    fn start_thread(clock: Clock) -> io::Result<Self> {
        let queue = WakeQueue::new(clock, Wait::Thread(Condvar::new()));
        let own = Arc::clone(&queue);
        thread::Builder::new().name("alarm".to_owned()).spawn(move || own.run_thread())?;
        Ok(Self { queue, task: None })
    }

    /// Returns at process time `at`, or at once if the timer has failed: then its value is `false`.
    pub(in crate::proxy) async fn wakes_at(&self, at: ProcessTime) -> bool {
        poll_fn(|cx| {
            if self.queue.clock.now() >= at {
                return Poll::Ready(true);
            }
            if self.set(at, cx.waker().clone()) { Poll::Pending } else { Poll::Ready(false) }
        })
        .await
    }

    /// Whether it has failed: what was set before is not to be waited for.
    pub(in crate::proxy) fn has_failed(&self) -> bool {
        self.queue.failed.load(Ordering::SeqCst)
    }

    /// Wakes `waker` at process time `at`, or earlier if the timer fails. This can't be cancelled: the task must tolerate
    /// needless wake-ups. Returns `false` if the timer has failed.
    pub(in crate::proxy) fn set(&self, at: ProcessTime, waker: Waker) -> bool {
        let mut wakeups = self.queue.wakeups.lock();
        if wakeups.over {
            return false;
        }
        let earliest = wakeups.waiting.peek().is_none_or(|Reverse(first)| at < first.at);
        wakeups.waiting.push(Reverse(Wakeup { at, waker }));
        if !earliest {
            return true;
        }
        match &self.queue.wait {
            Wait::Thread(changed) => {
                drop(wakeups);
                changed.notify_one();
            }
            Wait::Task(timer) if !wakeups.waking => {
                if let Err(problem) = timer.set(self.queue.until(at)) {
                    tracing::error!(%problem, "the precise timer could not be set");
                    drop(wakeups);
                    self.queue.fail();
                    return false;
                }
            }
            Wait::Task(_) => {}
        }
        true
    }
}

impl Drop for PreciseTimer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        let mut wakeups = self.queue.wakeups.lock();
        wakeups.over = true;
        let forgotten = std::mem::take(&mut wakeups.waiting);
        // Wakers are dropped without the lock: dropping the last one of a task runs code.
        drop(wakeups);
        drop(forgotten);
        if let Wait::Thread(changed) = &self.queue.wait {
            changed.notify_one();
        }
    }
}

impl WakeQueue {
    fn new(clock: Clock, wait: Wait) -> Arc<Self> {
        let failed = AtomicBool::new(false);
        Arc::new(Self { clock, wakeups: Mutex::default(), wait, failed })
    }

    /// The time from now to process time `at`.
    fn until(&self, at: ProcessTime) -> Duration {
        at - self.clock.now()
    }

    /// Ends the timer, and wakes all tasks.
    fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        let mut wakeups = self.wakeups.lock();
        wakeups.over = true;
        let waiting = std::mem::take(&mut wakeups.waiting);
        // A woken task may set a wake-up at once.
        drop(wakeups);
        waiting.into_iter().for_each(|Reverse(wakeup)| wakeup.waker.wake());
    }

    /// Wakes the tasks that are due, until the timer is dropped.
    fn run_thread(&self) {
        let Wait::Thread(changed) = &self.wait else { return };
        let mut wakeups = self.wakeups.lock();
        while !wakeups.over {
            let Some(at) = wakeups.waiting.peek().map(|Reverse(wakeup)| wakeup.at) else {
                changed.wait(&mut wakeups);
                continue;
            };
            if at > self.clock.now() {
                changed.wait_until(&mut wakeups, self.clock.instant(at).into_std());
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

    /// Wakes the tasks that are due each time the kernel's timer has elapsed.
    async fn run_task(&self) -> io::Result<()> {
        let Wait::Task(timer) = &self.wait else { return Ok(()) };
        let mut due = Vec::new();
        loop {
            timer.elapsed().await?;
            while self.take_due(&mut due) {
                due.drain(..).for_each(Waker::wake);
                // The timer is set once for all of them, when they have set their next wake-ups.
                run_others().await;
            }
            let mut wakeups = self.wakeups.lock();
            wakeups.waking = false;
            if let Some(Reverse(next)) = wakeups.waiting.peek() {
                timer.set(self.until(next.at))?;
            }
        }
    }

    /// Moves the wakers that are due to `due`. Returns whether there are any.
    fn take_due(&self, due: &mut Vec<Waker>) -> bool {
        let now = self.clock.now();
        let mut wakeups = self.wakeups.lock();
        while wakeups.waiting.peek().is_some_and(|Reverse(wakeup)| wakeup.at <= now)
            && let Some(Reverse(wakeup)) = wakeups.waiting.pop()
        {
            due.push(wakeup.waker);
        }
        wakeups.waking = !due.is_empty();
        wakeups.waking
    }
}

/// Lets the tasks run that are ready. The runtime's own way to yield would poll its sockets before.
async fn run_others() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl PartialEq for Wakeup {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Wakeup {}

impl PartialOrd for Wakeup {
    fn partial_cmp(&self, other: &Self) -> Option<cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Wakeup {
    fn cmp(&self, other: &Self) -> cmp::Ordering {
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

    /// Timers that wait as they do on any system.
    fn timers(clock: Clock) -> [PreciseTimer; 2] {
        let thread = PreciseTimer::start_thread(clock).unwrap();
        [PreciseTimer::start(clock, &Handle::current()).unwrap(), thread]
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn each_is_woken_in_the_order_of_time_and_never_early() {
        let clock = Clock::start();
        for timer in timers(clock) {
            let (told, heard) = mpsc::channel();
            let start = clock.now();
            let at = |ms| start + Duration::from_millis(ms);
            for (name, ms) in [("third", 30), ("first", 10), ("second", 20), ("at once", 0)] {
                let waker = Waker::from(Arc::new(PreciseSleep(name, clock, told.clone())));
                assert!(timer.set(at(ms), waker));
            }
            for (name, ms) in [("at once", 0), ("first", 10), ("second", 20), ("third", 30)] {
                let (woken, when) = heard.recv().unwrap();
                assert_eq!(woken, name);
                assert!(when >= at(ms), "{name}");
            }
        }
    }

    #[tokio::test]
    async fn a_task_is_woken_again_and_again_on_one_thread() {
        let clock = Clock::start();
        for timer in timers(clock) {
            let timer = Arc::new(timer);
            let mut tasks = tokio::task::JoinSet::new();
            for step in 1..=20 {
                let timer = Arc::clone(&timer);
                tasks.spawn(async move {
                    let mut at = clock.now();
                    for _ in 0..20 {
                        at += Duration::from_micros(50 * step);
                        assert!(timer.wakes_at(at).await);
                        assert!(clock.now() >= at);
                    }
                });
            }
            assert!(tasks.join_all().await.len() == 20);
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn it_ends_when_dropped_and_forgets_who_waits() {
        let clock = Clock::start();
        for timer in timers(clock) {
            let (told, heard) = mpsc::channel();
            let far = ProcessTime::from_secs(3600);
            timer.set(far, Waker::from(Arc::new(PreciseSleep("never", clock, told))));
            drop(timer);
            // The waker is dropped without a call.
            assert!(heard.recv().is_err());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn all_are_woken_when_it_fails_and_none_waits_for_it_again() {
        let clock = Clock::start();
        for timer in timers(clock) {
            let (told, heard) = mpsc::channel();
            let waker = Waker::from(Arc::new(PreciseSleep("early", clock, told)));
            let far = ProcessTime::from_secs(3600);
            assert!(timer.set(far, waker.clone()));
            timer.queue.fail();
            assert_eq!(heard.recv().unwrap().0, "early");
            assert!(timer.has_failed() && !timer.set(far, waker));
            assert!(!timer.wakes_at(far).await);
        }
    }
}
