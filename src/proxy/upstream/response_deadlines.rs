//! Until when responses of origins are waited for. All wait equally long, so they are in the order of their deadlines, and
//! one timer is enough: a request costs no timer of its own.

use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::time::Instant;

/// The deadlines of one worker.
#[derive(Debug)]
pub(super) struct ResponseDeadlines {
    longest: Duration,
    queue: Mutex<Queue>,
}

/// Those that wait, by number: nothing is kept of one that waits no longer, however long others do.
#[derive(Debug, Default)]
struct Queue {
    /// The number of the next one.
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// A task waits for the first deadline, or for an earlier one.
    timed: bool,
}

#[derive(Debug)]
struct Waiting {
    deadline: Instant,
    waker: Waker,
}

/// One that waits. Dropping it ends that.
struct Wait<'a> {
    of: &'a Arc<ResponseDeadlines>,
    /// `None` = there is none that can be reached.
    deadline: Option<Instant>,
    /// Its number; `None` = it does not wait yet.
    number: Option<u64>,
}

impl ResponseDeadlines {
    /// Deadlines of responses that are waited for at most `longest`.
    pub(super) fn new(longest: Duration) -> Arc<Self> {
        Arc::new(Self { longest, queue: Mutex::default() })
    }

    /// Waits for `answer` to a request that is sent at `now`, the current time. `None` = it did not come in time.
    pub(super) async fn wait<T>(
        self: &Arc<Self>,
        now: Instant,
        mut answer: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let mut wait = Wait { of: self, deadline: now.checked_add(self.longest), number: None };
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => wait.poll(cx).map(|()| None),
        })
        .await
    }

    /// Wakes those whose deadlines are over, as long as somebody waits. The first deadline is `next`.
    async fn run(all: Weak<Self>, mut next: Instant) {
        let mut over = Vec::new();
        loop {
            tokio::time::sleep_until(next).await;
            let following =
                all.upgrade().and_then(|all| all.queue.lock().take_over(next, &mut over));
            over.drain(..).for_each(Waker::wake);
            let Some(following) = following else { return };
            next = following;
        }
    }
}

impl Queue {
    /// Moves the wakers of those whose deadlines are over at `now` to `over`. Returns the next deadline.
    fn take_over(&mut self, now: Instant, over: &mut Vec<Waker>) -> Option<Instant> {
        while let Some(first) = self.waiting.first_entry().filter(|at| at.get().deadline <= now) {
            over.push(first.remove().waker);
        }
        let next = self.waiting.first_key_value().map(|(_, first)| first.deadline);
        self.timed = next.is_some();
        next
    }
}

impl Wait<'_> {
    /// Waits until the deadline.
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let mut queue = self.of.queue.lock();
        let Some(number) = self.number else {
            let number = queue.next;
            queue.next += 1;
            self.number = Some(number);
            queue.waiting.insert(number, Waiting { deadline, waker: cx.waker().clone() });
            if !std::mem::replace(&mut queue.timed, true) {
                drop(queue);
                tokio::spawn(ResponseDeadlines::run(Arc::downgrade(self.of), deadline));
            }
            return Poll::Pending;
        };
        let Some(waiting) = queue.waiting.get_mut(&number) else { return Poll::Ready(()) };
        if !waiting.waker.will_wake(cx.waker()) {
            waiting.waker = cx.waker().clone();
        }
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // The waker is dropped without the lock: dropping the last one of a task runs code.
        let left = self.number.and_then(|number| self.of.queue.lock().waiting.remove(&number));
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::pending, pin::pin};
    use tokio::time::{sleep, timeout};

    const LONGEST: Duration = Duration::from_secs(30);

    async fn after(wait: Duration, all: Arc<ResponseDeadlines>) -> (Option<u8>, Duration) {
        let start = Instant::now();
        let answer = async {
            sleep(wait).await;
            7
        };
        let answer = all.wait(start, pin!(answer)).await;
        (answer, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn each_has_its_own_deadline() {
        let all = ResponseDeadlines::new(LONGEST);
        let mut waits = tokio::task::JoinSet::new();
        for at in 0..20_u64 {
            // Every other response comes in time.
            let wait = Duration::from_secs(10 + 30 * (at % 2));
            waits.spawn(after(wait, Arc::clone(&all)));
            sleep(Duration::from_millis(700)).await;
        }
        while let Some(seen) = waits.join_next().await {
            let (answer, lasted) = seen.unwrap();
            // The runtime's timers have whole milliseconds.
            let expected = if answer.is_some() { Duration::from_secs(10) } else { LONGEST };
            assert!(
                lasted >= expected && lasted - expected <= Duration::from_millis(2),
                "{lasted:?}"
            );
        }
        assert!(all.queue.lock().waiting.is_empty());
        // It works again after its task has ended.
        sleep(2 * LONGEST).await;
        assert!(!all.queue.lock().timed);
        assert_eq!(after(2 * LONGEST, Arc::clone(&all)).await.0, None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_given_up_is_forgotten() {
        let all = ResponseDeadlines::new(LONGEST);
        let mut never = pin!(pending::<()>());
        let mut other = pin!(pending::<()>());
        let given_up = timeout(Duration::from_secs(1), all.wait(Instant::now(), never.as_mut()));
        let (given_up, waited) = tokio::join!(given_up, all.wait(Instant::now(), other.as_mut()));
        assert!(given_up.is_err() && waited.is_none());
        assert!(all.queue.lock().waiting.is_empty());
    }

    /// While one waits, nothing is kept of others that came and went.
    #[tokio::test(start_paused = true)]
    async fn what_has_come_takes_no_memory() {
        let all = ResponseDeadlines::new(LONGEST);
        let mut never = pin!(pending::<()>());
        let hung = all.wait(Instant::now(), never.as_mut());
        let usual = async {
            for _ in 0..1000 {
                assert_eq!(after(Duration::from_millis(1), Arc::clone(&all)).await.0, Some(7));
                assert_eq!(all.queue.lock().waiting.len(), 1);
            }
        };
        let (hung, ()) = tokio::join!(hung, usual);
        assert!(hung.is_none());
    }
}
