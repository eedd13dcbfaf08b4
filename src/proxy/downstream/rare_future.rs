//! A future beside another one that is polled much more often, in the same task: it is polled only when it was woken
//! itself.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// Polls a future when it was woken.
pub(super) struct RareFuture<'a, F> {
    future: Pin<&'a mut F>,
    /// What it is polled with; `None` = it was not polled yet.
    own: Option<OwnWaker>,
}

/// What a future is polled with.
struct OwnWaker {
    wake: Arc<WakeFlag>,
    waker: Waker,
}

/// Records that it was woken, and wakes the task.
struct WakeFlag {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl OwnWaker {
    /// One that wakes `task`. The future is to be polled with it.
    fn new(task: &Waker) -> Self {
        let wake = Arc::new(WakeFlag { woken: AtomicBool::new(true), task: task.clone() });
        Self { waker: Waker::from(Arc::clone(&wake)), wake }
    }

    /// Whether the future was woken since the last call.
    fn take_woken(&self) -> bool {
        // Mostly it was not: a load costs less than a swap.
        self.wake.woken.load(Ordering::Relaxed) && self.wake.woken.swap(false, Ordering::Acquire)
    }
}

impl<'a, F: Future> RareFuture<'a, F> {
    pub(super) const fn new(future: Pin<&'a mut F>) -> Self {
        Self { future, own: None }
    }

    /// As [`Future::poll`]. It may be called whenever the task is polled.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<F::Output> {
        let own = match &mut self.own {
            Some(own) if own.wake.task.will_wake(cx.waker()) => own,
            // Another task polls it now.
            own => own.insert(OwnWaker::new(cx.waker())),
        };
        if !own.take_woken() {
            return Poll::Pending;
        }
        self.future.as_mut().poll(&mut Context::from_waker(&own.waker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::poll_fn,
        pin::pin,
        sync::atomic::{AtomicU32, Ordering},
    };
    use tokio::sync::Notify;

    #[test]
    fn it_is_polled_when_it_was_woken_and_else_not() {
        let (polls, notify) = (AtomicU32::new(0), Notify::new());
        let mut notified = pin!(notify.notified());
        let mut counted = pin!(poll_fn(|cx| {
            polls.fetch_add(1, Ordering::Relaxed);
            notified.as_mut().poll(cx)
        }));
        let mut rare = RareFuture::new(counted.as_mut());
        let (first, second) = (Arc::new(Woken::default()), Arc::new(Woken::default()));
        let mut poll = |task: &Arc<Woken>| {
            let waker = Waker::from(Arc::clone(task));
            (rare.poll(&Context::from_waker(&waker)), polls.load(Ordering::Relaxed))
        };
        for _ in 0..3 {
            assert_eq!(poll(&first), (Poll::Pending, 1));
        }
        // Another task is woken only if the future knows it.
        for _ in 0..3 {
            assert_eq!(poll(&second), (Poll::Pending, 2));
        }
        notify.notify_one();
        let woken = |task: &Woken| task.0.load(Ordering::Relaxed);
        assert_eq!((woken(&first), woken(&second)), (0, 1));
        assert_eq!(poll(&second), (Poll::Ready(()), 3));
    }

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
