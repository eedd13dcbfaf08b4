//! Threads that serve connections. Each has a runtime of its own, so a connection never changes its thread.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// The most threads for calls that block, of all workers together.
const BLOCKING_THREADS: usize = 512;
/// How long such a thread waits for the next call.
const FOREVER: Duration = Duration::MAX;
/// How long such calls may delay the end of a worker.
const END: Duration = Duration::from_secs(2);

/// Workers, each with a state of type `T` that only its connections use.
#[derive(Debug)]
pub struct Workers<T> {
    all: Vec<Worker<T>>,
    /// Counts the connections that were assigned.
    assigned: AtomicUsize,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Worker<T> {
    runtime: Handle,
    state: T,
    /// Cloned for each open connection.
    open: Arc<()>,
    /// Its thread ends when this is dropped; `None` = it has no thread of its own.
    _end: Option<oneshot::Sender<()>>,
}

/// The worker of one connection. It counts as open until this is dropped.
pub(super) struct Assigned<'a, T> {
    pub(super) runtime: &'a Handle,
    pub(super) state: &'a T,
    pub(super) open: Arc<()>,
}

/// The number of processor cores that the process may use.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

impl<T> Workers<T> {
    /// One worker on the current runtime, which may be one with paused time.
    ///
    /// # Panics
    /// Outside of a runtime.
    #[must_use]
    pub fn of_current_runtime(state: T) -> Self {
        let worker = Worker { runtime: Handle::current(), state, open: Arc::default(), _end: None };
        Self { all: vec![worker], assigned: AtomicUsize::new(0), threads: Vec::new() }
    }

    /// Starts a thread for each core, with a single-threaded runtime. `state` makes the state of a worker.
    ///
    /// # Errors
    /// If a thread can't be started, or `state` fails.
    pub fn start(state: impl FnMut(&Handle) -> io::Result<T>) -> io::Result<Self> {
        Self::start_threads(cores(), state)
    }

    fn start_threads(
        count: usize,
        mut state: impl FnMut(&Handle) -> io::Result<T>,
    ) -> io::Result<Self> {
        let blocking = (BLOCKING_THREADS / count.max(1)).max(1);
        let mut all = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let (end, ended) = oneshot::channel::<()>();
            let runtime = Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(blocking)
                .thread_keep_alive(FOREVER)
                .build()?;
            let handle = runtime.handle().clone();
            // The first thread for work that blocks, which stays: without one tokio panics if a thread can't be started.
            drop(handle.spawn_blocking(|| ()));
            let state = state(&handle)?;
            let named = thread::Builder::new().name(format!("worker-{number}"));
            threads.push(named.spawn(move || {
                // An error means that the sender was dropped: it is the end too.
                let _ = runtime.block_on(ended);
                runtime.shutdown_timeout(END);
            })?);
            all.push(Worker { runtime: handle, state, open: Arc::default(), _end: Some(end) });
        }
        Ok(Self { all, assigned: AtomicUsize::new(0), threads })
    }

    /// The state of each worker.
    pub fn states(&self) -> impl Iterator<Item = &T> {
        self.all.iter().map(|worker| &worker.state)
    }

    /// Ends the threads, and waits for them for a limited time: what their tasks report at their end comes before this
    /// returns.
    pub async fn end(self) {
        let Self { all, threads, .. } = self;
        // Each thread ends when its sender is dropped.
        drop(all);
        if threads.is_empty() {
            return;
        }
        let ended = tokio::task::spawn_blocking(move || {
            threads.into_iter().filter_map(|thread| thread.join().err()).count()
        });
        match tokio::time::timeout(END, ended).await {
            Ok(Ok(0)) => {}
            Ok(Ok(failed)) => tracing::error!("{failed} threads that serve players have failed"),
            Ok(Err(problem)) => {
                tracing::error!(%problem, "the threads that serve players were not waited for");
            }
            Err(_) => tracing::warn!("some threads that serve players have not ended in time"),
        }
    }

    /// The worker with the fewest open connections; they take turns where it is the same number.
    pub(super) fn assign(&self) -> Option<Assigned<'_, T>> {
        let first = self.assigned.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
        let (before, after) = self.all.split_at(first.min(self.all.len()));
        let in_turn = after.iter().chain(before);
        let Worker { runtime, state, open, _end } =
            in_turn.min_by_key(|worker| Arc::strong_count(&worker.open))?;
        Some(Assigned { runtime, state, open: Arc::clone(open) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Workers<usize> {
        let mut number = 0;
        let next = |_: &Handle| {
            number += 1;
            Ok(number)
        };
        Workers::start_threads(count, next).unwrap()
    }

    #[test]
    fn each_gets_as_many_connections_as_the_others() {
        let workers = numbered(3);
        let mut open: Vec<_> = (0..7).map(|_| workers.assign().unwrap()).collect();
        let count = |open: &[Assigned<'_, usize>], state| {
            open.iter().filter(|assigned| *assigned.state == state).count()
        };
        assert_eq!([1, 2, 3].map(|state| count(&open, state)).iter().max(), Some(&3));
        assert_eq!([1, 2, 3].map(|state| count(&open, state)).iter().min(), Some(&2));
        // What one has closed is its own again.
        open.retain(|assigned| *assigned.state != 2);
        open.extend((0..2).map(|_| workers.assign().unwrap()));
        assert_eq!(count(&open, 2), 2);
    }

    #[test]
    fn connections_one_after_another_are_spread() {
        let workers = numbered(2);
        let states: Vec<usize> = (0..4).map(|_| *workers.assign().unwrap().state).collect();
        assert_eq!(states, [1, 2, 1, 2]);
    }

    #[test]
    fn each_has_a_thread_of_its_own_that_ends_with_it() {
        let workers = numbered(2);
        let (told, names) = std::sync::mpsc::channel();
        for worker in &workers.all {
            let told = told.clone();
            worker.runtime.spawn(async move {
                told.send(thread::current().name().map(str::to_owned)).unwrap();
                // Held until the runtime of the worker is dropped.
                std::future::pending::<()>().await;
                drop(told);
            });
        }
        drop(told);
        let mut seen = [names.recv().unwrap(), names.recv().unwrap()].map(Option::unwrap);
        seen.sort();
        assert_eq!(seen, ["worker-0", "worker-1"]);
        drop(workers);
        assert!(names.recv().is_err());
    }

    /// A part of a task whose end takes a while.
    struct SlowEnd(std::sync::mpsc::Receiver<()>, Arc<AtomicUsize>);

    impl Drop for SlowEnd {
        fn drop(&mut self) {
            let _ = self.0.recv_timeout(Duration::from_millis(100));
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn their_tasks_have_ended_when_they_have() {
        let (workers, ended) = (numbered(2), Arc::<AtomicUsize>::default());
        let mut held = Vec::new();
        for worker in &workers.all {
            let (sender, receiver) = std::sync::mpsc::channel();
            held.push(sender);
            let part = SlowEnd(receiver, Arc::clone(&ended));
            worker.runtime.spawn(async move {
                std::future::pending::<()>().await;
                drop(part);
            });
        }
        workers.end().await;
        assert_eq!(ended.load(Ordering::SeqCst), 2);
    }
}
