//! The event log: every event as a line of JSON, the ground truth of a run.

use super::event_line::EventLine;
use crate::event::{Event, Observer};
use std::{
    io::{self, BufWriter, Write},
    sync::mpsc::{self, Receiver, SyncSender, TryRecvError},
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

/// Events that may wait for the writer: some seconds of a busy proxy, a few megabytes at most.
const QUEUE: usize = 16_384;
/// How long the writer rests when it has nothing to do. Were it to wait for the next event, that
/// event would have to wake it, and a wake-up costs the byte path a hundred times the hand-over.
const REST: Duration = Duration::from_millis(50);

/// Writes each event as one line of JSON.
///
/// Two runs with the same seed and requests write the same lines, apart from the key `measured`;
/// lines of requests that ran side by side may change places.
///
/// The byte path only clones the event into a queue; a thread turns it into text. The queue is
/// bounded, and when it is full the byte path waits: a ground truth with holes would be worse than
/// a slow proxy. So write to a file or a quick reader. A line is in the file within about
/// 50 ms, and dropping the log writes what is left.
pub struct EventLog {
    queue: Option<SyncSender<(SystemTime, Event)>>,
    writer: Option<JoinHandle<()>>,
}

impl EventLog {
    /// Starts a log to `output`, on a thread of its own.
    ///
    /// # Errors
    /// When no thread can be started. A failure to write is logged once; the run goes on without
    /// its event log.
    pub fn start<W: Write + Send + 'static>(output: W) -> io::Result<Self> {
        let (queue, events) = mpsc::sync_channel(QUEUE);
        let writer = thread::Builder::new().name("event-log".to_owned()).spawn(move || {
            if let Err(cause) = write_all(&events, BufWriter::new(output)) {
                tracing::error!(%cause, "the event log ends here: it can't be written");
            }
        })?;
        Ok(Self { queue: Some(queue), writer: Some(writer) })
    }
}

impl Observer for EventLog {
    fn observe(&self, event: &Event) {
        #[expect(clippy::disallowed_methods, reason = "the time of writing, under `measured`")]
        let now = SystemTime::now();
        if let Some(queue) = &self.queue {
            // Fails when the writer has failed, which it has logged.
            let _ = queue.send((now, event.clone()));
        }
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // The writer ends when it has written everything from a closed queue.
        self.queue = None;
        let Some(writer) = self.writer.take() else { return };
        writer.thread().unpark();
        if writer.join().is_err() {
            tracing::error!("the event log's writer died; the log is incomplete");
        }
    }
}

/// Writes lines until the queue is closed and empty.
fn write_all<W: Write>(
    events: &Receiver<(SystemTime, Event)>,
    mut output: BufWriter<W>,
) -> io::Result<()> {
    loop {
        match events.try_recv() {
            Ok((at, event)) => {
                serde_json::to_writer(&mut output, &EventLine::new(&event, at))?;
                output.write_all(b"\n")?;
            }
            Err(TryRecvError::Empty) => {
                output.flush()?;
                thread::park_timeout(REST);
            }
            Err(TryRecvError::Disconnected) => return output.flush(),
        }
    }
}
