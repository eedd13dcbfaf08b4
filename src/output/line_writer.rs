//! A stream of lines with a queue and a thread of its own.

use super::{LossCounter, unsent::Unsent};
use parking_lot::{Condvar, Mutex};
use std::{
    io::{self, ErrorKind, Write},
    sync::Arc,
    thread,
    time::Duration,
};

/// Bytes that may wait to be written.
const MOST: usize = 1 << 20;
/// After a write that would block, the next is tried so much later.
const RETRY: Duration = Duration::from_millis(10);

/// What happens beside the writing, told on the writer's thread.
#[derive(Debug, Clone, Copy)]
pub struct Notices {
    /// Lines can't be written, for the first time.
    pub failed: fn(&io::Error),
    /// Lines can be written again, and so many were lost.
    pub recovered: fn(u64),
}

/// Why not everything was written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// Its reader has gone.
    #[error("its reader has gone")]
    NoReader,
    /// The stream failed.
    #[error("{0}")]
    Failed(String),
    /// It takes nothing.
    #[error("it takes no more: nobody reads it")]
    Blocked,
}

/// Writes lines to a stream. Nobody waits for it: what has no room in its queue is lost, and counted.
#[derive(Debug)]
pub struct LineWriter {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// There is something to write, or it is written.
    changed: Condvar,
    lost: LossCounter,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines are with the thread.
    writing: bool,
    /// No more will come.
    closed: bool,
    /// What failed first.
    problem: Option<(ErrorKind, String)>,
}

impl LineWriter {
    /// A writer to `stream`, on a thread called `name`.
    ///
    /// # Errors
    /// When no thread can be started.
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
        // The thread may wait for its stream for ever: it ends with the process then.
        thread::Builder::new().name(name).spawn(move || own.run(stream, notices))?;
        Ok(Self { shared })
    }

    /// Hands over whole lines.
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
    /// When something is not written, now or before.
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

    /// Writes all of `unsent`, unless the stream fails; whether it is written.
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
