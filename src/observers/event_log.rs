//! The event log: every event as a line of JSON, the ground truth of a run.

use super::event_line::{EventLine, who};
use crate::{
    event::{Event, Observer},
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
    time::{Duration, SystemTime},
};

/// What may wait for the writer, in bytes: some hundred thousand events, several seconds of a busy proxy.
const QUEUE: usize = 32 << 20;
/// What an event takes there, beside its path.
const EVENT: usize = 256;
/// Bytes that are written at once.
const PIECE: usize = 64 * 1024;
/// How long the writer rests when it has nothing to do. Were it to wait for the next event, that
/// event would have to wake it, and a wake-up costs the byte path a hundred times the hand-over.
const REST: Duration = Duration::from_millis(50);
/// A pipe that is full is tried again so soon.
const RETRY: Duration = Duration::from_millis(5);
/// How long the end of a run waits for a file that can't be written.
const PATIENCE: Duration = Duration::from_secs(1);

/// Writes each event as one line of JSON.
///
/// Two runs with the same seed and requests write the same lines, apart from the key `measured`;
/// lines of requests that ran side by side may change places.
///
/// The byte path only clones the event into a queue; a thread turns it into text. The byte path never
/// waits: when the queue is full, since nobody reads a pipe or a disk is full, events are lost and
/// counted, and a line `events_lost` stands in their place. A line is in the file within about 50 ms.
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
    /// How many.
    pub lost: u64,
    /// Why.
    pub problem: String,
}

struct Item {
    /// Events lost before this one.
    lost: u64,
    at: SystemTime,
    event: Event,
}

#[derive(Debug, Default)]
struct Shared {
    /// Bytes in the queue.
    waiting: AtomicUsize,
    /// Events handed over that are neither written nor lost.
    pending: AtomicU64,
    /// Lost since an event was last taken in.
    gap: AtomicU64,
    lost: LossCounter,
    problem: Mutex<Option<String>>,
    closing: AtomicBool,
}

impl EventLog {
    /// Starts a log to `output`, on a thread of its own. An `output` that fails is tried again, from where
    /// it failed; it may not be buffered.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start<W: Write + Send + 'static>(output: W) -> io::Result<Self> {
        let (queue, events) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let shared = Arc::<Shared>::default();
        let mut log = Writer::new(events, Arc::clone(&shared), output);
        let writer = thread::Builder::new().name("event-log".to_owned()).spawn(move || {
            log.run();
            // Nobody may wait for it any more.
            let _ = end.send(());
        })?;
        let (writer, ended) = (writer.thread().clone(), Mutex::new(Some(ended)));
        Ok(Self { queue, shared, writer, ended })
    }

    /// How many events were lost.
    #[must_use]
    pub fn lost(&self) -> LossCounter {
        self.shared.lost.clone()
    }

    /// Writes what is left, and ends. Waits for about a second at most.
    ///
    /// # Errors
    /// When events are lost, now or before.
    pub fn finish(&self) -> Result<(), EventsLost> {
        let ended = self.ended.lock().take();
        if let Some(ended) = ended {
            self.shared.closing.store(true, Ordering::Release);
            self.writer.unpark();
            if ended.recv_timeout(2 * PATIENCE).is_err() {
                // It hangs in a write, or it has died.
                self.shared.lost.add(self.shared.pending.load(Ordering::Relaxed));
            }
        }
        let problem = self.shared.problem.lock().clone();
        let problem = problem.unwrap_or_else(|| "it was not read in time".to_owned());
        match self.shared.lost.get() {
            0 => Ok(()),
            lost => Err(EventsLost { lost, problem }),
        }
    }
}

impl Observer for EventLog {
    fn observe(&self, event: &Event) {
        let shared = &self.shared;
        let weight = weight(event);
        if shared.waiting.fetch_add(weight, Ordering::Relaxed) + weight > QUEUE {
            shared.waiting.fetch_sub(weight, Ordering::Relaxed);
            shared.gap.fetch_add(1, Ordering::Relaxed);
            return shared.lost.add(1);
        }
        #[expect(clippy::disallowed_methods, reason = "the time of writing, under `measured`")]
        let at = SystemTime::now();
        let lost = match shared.gap.load(Ordering::Relaxed) {
            0 => 0,
            _ => shared.gap.swap(0, Ordering::Relaxed),
        };
        shared.pending.fetch_add(1, Ordering::Relaxed);
        // Fails when the writer has ended.
        let _ = self.queue.send(Item { lost, at, event: event.clone() });
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // Told by whoever asks for the end; it has been logged already.
        let _ = self.finish();
    }
}

/// What `event` takes in the queue.
fn weight(event: &Event) -> usize {
    EVENT + who(event).1.map_or(0, |request| request.path.len())
}

struct Writer<W> {
    events: Receiver<Item>,
    shared: Arc<Shared>,
    output: W,
    unsent: Unsent,
    /// Events among the unsent lines, and lines that stand for lost ones.
    taken: u64,
    gaps: u64,
    notice: Notice,
}

/// What was said of the output's state: each thing once.
enum Notice {
    None,
    Failed,
    Recovered,
}

impl<W: Write> Writer<W> {
    fn new(events: Receiver<Item>, shared: Arc<Shared>, output: W) -> Self {
        let (unsent, notice) = (Unsent::default(), Notice::None);
        Self { events, shared, output, unsent, taken: 0, gaps: 0, notice }
    }

    /// Writes lines until the log is closed and all is written, or can't be.
    fn run(&mut self) {
        let mut waited = Duration::ZERO;
        loop {
            // Read first: what is handed over before the log is closed is in the queue by then.
            let closing = self.shared.closing.load(Ordering::Acquire);
            self.take_in();
            if closing {
                let lost = self.shared.gap.swap(0, Ordering::Relaxed);
                #[expect(
                    clippy::disallowed_methods,
                    reason = "the time of writing, under `measured`"
                )]
                self.note_gap(lost, SystemTime::now());
            }
            if self.unsent.is_empty() {
                if closing {
                    return;
                }
                // A pipe's reader may have come; nothing else happens here.
                let _ = self.output.flush();
                thread::park_timeout(REST);
                continue;
            }
            let pause = match self.write_out() {
                Ok(()) => continue,
                Err(pause) => pause,
            };
            if closing && waited >= PATIENCE {
                return self.give_up();
            }
            waited += if closing { pause } else { Duration::ZERO };
            thread::park_timeout(pause);
        }
    }

    /// Turns events into lines, up to a piece.
    fn take_in(&mut self) {
        while self.unsent.len() < PIECE
            && let Ok(Item { lost, at, event }) = self.events.try_recv()
        {
            self.shared.waiting.fetch_sub(weight(&event), Ordering::Relaxed);
            self.note_gap(lost, at);
            self.taken += 1;
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

    /// A line in the place of `lost` events, if there are any.
    fn note_gap(&mut self, lost: u64, at: SystemTime) {
        if lost > 0 {
            self.gaps += 1;
            gap_line(lost, at, self.unsent.lines());
        }
    }

    /// Writes the lines there are; after a failure, how long to rest.
    fn write_out(&mut self) -> Result<(), Duration> {
        let written = self.unsent.write_to(&mut self.output);
        let shared = &self.shared;
        if let Err(stopped) = written {
            shared.lost.add(stopped.lost);
            let blocks = stopped.error.kind() == ErrorKind::WouldBlock;
            let lost = shared.lost.get();
            let cause =
                if blocks { "nobody reads it".to_owned() } else { stopped.error.to_string() };
            // Nobody is told of a reader that is only late.
            if matches!(self.notice, Notice::None) && (!blocks || lost > 0) {
                self.notice = Notice::Failed;
                tracing::error!(%cause, "the event log can't be written; events are lost once too many wait");
            }
            *shared.problem.lock() = Some(cause);
            return Err(if blocks { RETRY } else { REST });
        }
        shared.pending.fetch_sub(std::mem::take(&mut self.taken), Ordering::Relaxed);
        self.gaps = 0;
        if matches!(self.notice, Notice::Failed) {
            self.notice = Notice::Recovered;
            tracing::warn!(lost = shared.lost.get(), "the event log is written again");
        }
        Ok(())
    }

    /// Nothing can be written any more.
    fn give_up(&mut self) {
        let mut lost = self.unsent.give_up().saturating_sub(self.gaps);
        while self.events.try_recv().is_ok() {
            lost += 1;
        }
        self.shared.lost.add(lost);
    }
}

/// A line in the place of `lost` events.
fn gap_line(lost: u64, at: SystemTime, lines: &mut Vec<u8>) {
    let since_1970 = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX);
    let line = serde_json::json!({
        "event": "events_lost", "count": lost, "measured": { "at_unix_us": at },
    });
    lines.extend_from_slice(line.to_string().as_bytes());
    lines.push(b'\n');
}
