//! The event log: every event as a line of JSON.

use super::event_line::{EventLine, subject, unix_micros};
use crate::{
    clock::Timestamp,
    event::{Emitted, Event, Observer},
    output::{LossCounter, Unsent},
};
use parking_lot::Mutex;
use std::{
    io::{self, ErrorKind, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, Thread},
    time::Duration,
};

/// The queue size in bytes: some hundred thousand events, several seconds of a busy proxy.
const QUEUE: usize = 32 << 20;
/// The size counted for an event, in addition to its path.
const EVENT: usize = 256;
/// Bytes written at once.
const PIECE: usize = 64 * 1024;
/// How long the writer sleeps when the queue is empty. If it waited for the next event, that event would have to wake
/// it, which costs the byte path a hundred times as much as queueing.
const IDLE_SLEEP: Duration = Duration::from_millis(50);
/// The pause before a full pipe is tried again.
const RETRY: Duration = Duration::from_millis(5);
/// How long the end of a run waits if the output can't be written.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);
/// How long events wait for an output that fails, such as a full disk. A pipe that is only not read is waited for.
const FAILING_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes each event as one line of JSON.
///
/// Two runs with the same seed and requests write the same lines, except for the key `measured`. The order of lines of
/// concurrent requests may differ.
///
/// The byte path only clones the event into a queue; a thread formats and writes it. The byte path never waits: when
/// the queue is full, because a pipe is not read, or when the output has failed for a second, because a disk is full, events
/// are lost and counted, and a line `events_lost` is written in their place. A line is written within about 50 ms.
pub struct EventLog {
    queue: Sender<Item>,
    shared: Arc<Shared>,
    writer: Thread,
    ended: Mutex<Option<Receiver<()>>>,
}

/// Events could not be written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("{lost} events were not written: {problem}")]
pub struct EventsLost {
    /// The number of lost events.
    pub lost: u64,
    /// The reason.
    pub problem: String,
}

struct Item {
    /// Events lost before this one.
    lost: u64,
    at: Timestamp,
    event: Event,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes in the queue.
    waiting: AtomicUsize,
    /// Queued events that are neither written nor lost yet.
    pending: AtomicU64,
    /// Events lost since an event was last queued.
    gap: AtomicU64,
    /// When the last of them was emitted.
    last_lost: Mutex<Timestamp>,
    lost: LossCounter,
    problem: Mutex<Option<String>>,
    closing: AtomicBool,
}

impl EventLog {
    /// Starts a log to `output`, on its own thread. After a failed write, `output` is tried again from the failed byte,
    /// so it must not be buffered.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn start<W: Write + Send + 'static>(output: W) -> io::Result<Self> {
        let (queue, events) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let shared = Arc::<Shared>::default();
        let mut log = Writer::new(events, Arc::clone(&shared), output);
        let writer = thread::Builder::new().name("event-log".to_owned()).spawn(move || {
            log.run();
            // Fails if the log was dropped, which does not matter.
            let _ = end.send(());
        })?;
        let (writer, ended) = (writer.thread().clone(), Mutex::new(Some(ended)));
        Ok(Self { queue, shared, writer, ended })
    }

    /// The counter of lost events.
    #[must_use]
    pub fn lost(&self) -> LossCounter {
        self.shared.lost.clone()
    }

    /// Writes the queued events and ends the log. Waits for about a second at most.
    ///
    /// # Errors
    /// When events were lost, now or before.
    pub fn finish(&self) -> Result<(), EventsLost> {
        let ended = self.ended.lock().take();
        if let Some(ended) = ended {
            self.shared.closing.store(true, Ordering::Release);
            self.writer.unpark();
            if ended.recv_timeout(2 * FINISH_TIMEOUT).is_err() {
                // The writer is blocked in a write, or has panicked.
                self.shared.lost.add(self.shared.pending.load(Ordering::Relaxed));
            }
        }
        let problem = self.shared.problem.lock().clone();
        let problem = problem.unwrap_or_else(|| "the reader was too slow".to_owned());
        match self.shared.lost.get() {
            0 => Ok(()),
            lost => Err(EventsLost { lost, problem }),
        }
    }
}

impl Observer for EventLog {
    fn observe(&self, Emitted { at, event }: Emitted<'_>) {
        if event.is_sample() {
            return;
        }
        let shared = &self.shared;
        let queue_size = queue_size(event);
        if shared.waiting.fetch_add(queue_size, Ordering::Relaxed) + queue_size > QUEUE {
            shared.waiting.fetch_sub(queue_size, Ordering::Relaxed);
            *shared.last_lost.lock() = at;
            shared.gap.fetch_add(1, Ordering::Relaxed);
            return shared.lost.add(1);
        }
        let lost = match shared.gap.load(Ordering::Relaxed) {
            0 => 0,
            _ => shared.gap.swap(0, Ordering::Relaxed),
        };
        shared.pending.fetch_add(1, Ordering::Relaxed);
        // Fails if the writer has ended.
        let _ = self.queue.send(Item { lost, at, event: event.clone() });
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // The caller of `finish` reports losses; they are already logged.
        let _ = self.finish();
    }
}

/// The size of `event` in the queue.
fn queue_size(event: &Event) -> usize {
    EVENT + subject(event).1.map_or(0, |request| request.path.len())
}

struct Writer<W> {
    events: Receiver<Item>,
    shared: Arc<Shared>,
    output: W,
    unsent: Unsent,
    /// Events among the unsent lines.
    taken: u64,
    /// When the newest of them was emitted.
    newest: Timestamp,
    /// The `events_lost` lines among them.
    gaps: u64,
    /// The events that these lines stand for.
    lost_in_gaps: u64,
    /// For how long the output has failed.
    failing: Duration,
    logged: OutputState,
}

/// What was logged about the output's state. Each is logged once.
enum OutputState {
    None,
    Failed,
    Recovered,
}

impl<W: Write> Writer<W> {
    fn new(events: Receiver<Item>, shared: Arc<Shared>, output: W) -> Self {
        Self {
            events,
            shared,
            output,
            unsent: Unsent::default(),
            taken: 0,
            newest: Timestamp::default(),
            gaps: 0,
            lost_in_gaps: 0,
            failing: Duration::ZERO,
            logged: OutputState::None,
        }
    }

    /// Writes lines until the log is closed and everything is written or given up.
    fn run(&mut self) {
        let mut waited = Duration::ZERO;
        loop {
            // Read before the queue: events emitted before the log was closed are then in the queue.
            let closing = self.shared.closing.load(Ordering::Acquire);
            self.format_events();
            if closing {
                let lost = self.shared.gap.swap(0, Ordering::Relaxed);
                let at = *self.shared.last_lost.lock();
                self.note_gap(lost, at);
            }
            if self.unsent.is_empty() {
                if closing {
                    return;
                }
                // Opens a pipe once its reader is present; otherwise there is nothing to flush.
                let _ = self.output.flush();
                thread::park_timeout(IDLE_SLEEP);
                continue;
            }
            let pause = match self.write_out() {
                Ok(()) => continue,
                Err(pause) => pause,
            };
            if closing && waited >= FINISH_TIMEOUT {
                return self.give_up();
            }
            if !closing && self.failing >= FAILING_TIMEOUT {
                self.drop_unsent();
            }
            waited += if closing { pause } else { Duration::ZERO };
            thread::park_timeout(pause);
        }
    }

    /// Formats queued events as lines, up to the size of a piece.
    fn format_events(&mut self) {
        while self.unsent.len() < PIECE
            && let Ok(Item { lost, at, event }) = self.events.try_recv()
        {
            self.shared.waiting.fetch_sub(queue_size(&event), Ordering::Relaxed);
            self.note_gap(lost, at);
            (self.taken, self.newest) = (self.taken + 1, at);
            let lines = self.unsent.lines();
            let before = lines.len();
            match serde_json::to_writer(&mut *lines, &EventLine::new(&event, at)) {
                Ok(()) => lines.push(b'\n'),
                Err(_) => {
                    lines.truncate(before);
                    self.shared.lost.add(1);
                }
            }
        }
    }

    /// Adds a line for `lost` events, if there are any.
    fn note_gap(&mut self, lost: u64, at: Timestamp) {
        if lost > 0 {
            self.gaps += 1;
            self.lost_in_gaps += lost;
            gap_line(lost, at, self.unsent.lines());
        }
    }

    /// Writes the formatted lines. After a failure, returns how long to pause.
    fn write_out(&mut self) -> Result<(), Duration> {
        let written = self.unsent.write_to(&mut self.output);
        let shared = &self.shared;
        if let Err(stopped) = written {
            shared.lost.add(stopped.lost);
            let blocks = stopped.error.kind() == ErrorKind::WouldBlock;
            let lost = shared.lost.get();
            let cause =
                if blocks { "nobody reads it".to_owned() } else { stopped.error.to_string() };
            // A reader that is only slow is not logged.
            if matches!(self.logged, OutputState::None) && (!blocks || lost > 0) {
                self.logged = OutputState::Failed;
                tracing::error!(%cause, "the event log can't be written; events are lost when the queue is full");
            }
            *shared.problem.lock() = Some(cause);
            let pause = if blocks { RETRY } else { IDLE_SLEEP };
            // A pipe without a reader may get another one.
            let waits = blocks || stopped.error.kind() == ErrorKind::BrokenPipe;
            self.failing = if waits { Duration::ZERO } else { self.failing + pause };
            return Err(pause);
        }
        self.failing = Duration::ZERO;
        shared.pending.fetch_sub(std::mem::take(&mut self.taken), Ordering::Relaxed);
        (self.gaps, self.lost_in_gaps) = (0, 0);
        if matches!(self.logged, OutputState::Failed) {
            self.logged = OutputState::Recovered;
            tracing::warn!(lost = shared.lost.get(), "the event log is written again");
        }
        Ok(())
    }

    /// Counts the events in the unsent lines as lost. If the output works again, a line stands for them.
    fn drop_unsent(&mut self) {
        let lost = self.unsent.give_up().saturating_sub(std::mem::take(&mut self.gaps));
        let shared = &self.shared;
        shared.lost.add(lost);
        shared.pending.fetch_sub(std::mem::take(&mut self.taken), Ordering::Relaxed);
        *shared.last_lost.lock() = self.newest;
        let gap = lost + std::mem::take(&mut self.lost_in_gaps);
        shared.gap.fetch_add(gap, Ordering::Relaxed);
    }

    /// Counts all remaining events as lost.
    fn give_up(&mut self) {
        let mut lost = self.unsent.give_up().saturating_sub(self.gaps);
        while self.events.try_recv().is_ok() {
            lost += 1;
        }
        self.shared.lost.add(lost);
    }
}

/// Writes the line for `lost` events.
fn gap_line(lost: u64, at: Timestamp, lines: &mut Vec<u8>) {
    let line = serde_json::json!({
        "event": "events_lost", "count": lost, "measured": { "at_unix_us": unix_micros(at) },
    });
    lines.extend_from_slice(line.to_string().as_bytes());
    lines.push(b'\n');
}
