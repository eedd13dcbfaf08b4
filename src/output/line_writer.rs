//! Writes lines to a stream, with a queue and a separate thread.

use super::{LossCounter, unsent::Unsent};
use parking_lot::{Condvar, Mutex};
use std::{
    io::{self, ErrorKind, Write},
    sync::Arc,
    thread,
    time::Duration,
};

/// The most bytes in the queue.
const MOST: usize = 1 << 20;
/// The delay before the next try after a write that would block.
const RETRY: Duration = Duration::from_millis(10);

/// Callbacks for failures, called on the writer's thread.
#[derive(Debug, Clone, Copy)]
pub struct Notices {
    /// Lines can't be written (called at the first failure).
    pub failed: fn(&io::Error),
    /// Lines can be written again; the argument is the number of lost lines.
    pub recovered: fn(u64),
}

/// Why some lines were not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// The reader closed the stream.
    #[error("its reader has closed it")]
    NoReader,
    /// The stream failed.
    #[error("{0}")]
    Failed(String),
    /// The stream accepts no more data.
    #[error("it accepts no more data, because its reader does not read")]
    Blocked,
}

/// Writes lines to a stream without making the caller wait. Lines that do not fit into the queue are
/// dropped and counted.
#[derive(Debug)]
pub struct LineWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Signals that there are lines to write, or that they are written.
    changed: Condvar,
    lost: LossCounter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// The thread is writing lines.
    writing: bool,
    /// No more lines will be added.
    closed: bool,
    /// The first failure.
    problem: Option<(ErrorKind, String)>,
}

impl LineWriter {
    /// A writer to `stream`, on a thread called `name`.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start<W: Write + Send + 'static>(
        name: &str,
        stream: W,
        notices: Notices,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            lost: LossCounter::default(),
        });
        let own = Arc::clone(&shared);
        let name = name.to_owned();
        // The thread may block on its stream forever. Then it ends with the process.
        thread::Builder::new().name(name).spawn(move || own.run(stream, notices))?;
        Ok(Self { shared })
    }

    /// Queues whole lines.
    pub fn write(&self, lines: &[u8]) {
        let mut state = self.shared.state.lock();
        if state.waiting.len() + lines.len() > MOST {
            drop(state);
            return self.shared.lost.add(count(lines));
        }
        state.waiting.extend_from_slice(lines);
        let idle = !state.writing;
        drop(state);
        if idle {
            self.shared.changed.notify_all();
        }
    }

    /// How many lines were lost.
    #[must_use]
    pub fn lost(&self) -> LossCounter {
        self.shared.lost.clone()
    }

    /// Waits until everything is written, for as long as `patience`.
    ///
    /// # Errors
    /// If any line was not written, now or earlier.
    pub fn flush(&self, patience: Duration) -> Result<(), Unwritten> {
        let mut state = self.shared.state.lock();
        let unwritten = |state: &mut State| state.writing || !state.waiting.is_empty();
        let waited = self.shared.changed.wait_while_for(&mut state, unwritten, patience);
        match &state.problem {
            Some((ErrorKind::BrokenPipe, _)) => Err(Unwritten::NoReader),
            Some((_, problem)) => Err(Unwritten::Failed(problem.clone())),
            None if waited.timed_out() || self.shared.lost.get() > 0 => Err(Unwritten::Blocked),
            None => Ok(()),
        }
    }
}

impl Drop for LineWriter {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn run<W: Write>(&self, mut stream: W, notices: Notices) {
        let (mut unsent, mut told) = (Unsent::default(), 0);
        loop {
            let mut state = self.state.lock();
            state.writing = false;
            if state.waiting.is_empty() {
                self.changed.notify_all();
            }
            self.changed.wait_while(&mut state, |state| state.waiting.is_empty() && !state.closed);
            if state.waiting.is_empty() {
                return;
            }
            std::mem::swap(unsent.lines(), &mut state.waiting);
            state.writing = true;
            drop(state);
            let written = self.write_out(&mut unsent, &mut stream, notices);
            let lost = self.lost.get();
            if written && lost > told && self.state.lock().waiting.len() < MOST / 2 {
                (notices.recovered)(lost - told);
                told = lost;
            }
        }
    }

    /// Writes all of `unsent`; returns `false` if the stream fails.
    fn write_out<W: Write>(&self, unsent: &mut Unsent, stream: &mut W, notices: Notices) -> bool {
        while let Err(stopped) = unsent.write_to(stream) {
            if stopped.error.kind() == ErrorKind::WouldBlock {
                thread::park_timeout(RETRY);
                continue;
            }
            self.lost.add(stopped.lost + unsent.give_up());
            let mut state = self.state.lock();
            let first = state.problem.is_none();
            state.problem.get_or_insert((stopped.error.kind(), stopped.error.to_string()));
            drop(state);
            if first {
                (notices.failed)(&stopped.error);
            }
            return false;
        }
        true
    }
}

fn count(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}
