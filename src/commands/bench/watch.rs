//! What happens while a sweep runs: progress, the journal, the log.

use super::{outputs::is_stdout, p1203_folder::P1203Folder, progress::Progress};
use crate::{
    commands::{Failure, files},
    sweep::matrix::{Journal, Run, RunResult, SweepObserver, Wanted},
};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// See the module.
pub(super) struct Watch {
    progress: Progress,
    done: AtomicUsize,
    journal: Option<Journal>,
    log: Option<Mutex<Log>>,
    p1203: Option<P1203Folder>,
    stop: Arc<AtomicBool>,
    /// Why a run could not be written down.
    failure: Mutex<Option<io::Error>>,
}

/// The log, in the order of the runs.
struct Log {
    out: Box<dyn Write + Send>,
    next: usize,
    /// Chunks that ended before one with a lower number.
    waiting: BTreeMap<usize, String>,
}

impl Log {
    /// Creates the file; `-` is standard output.
    fn create(path: &Path) -> Result<Self, Failure> {
        let out: Box<dyn Write + Send> = if is_stdout(path) {
            Box::new(BufWriter::new(io::stdout()))
        } else {
            Box::new(BufWriter::new(files::create("--log", path)?))
        };
        Ok(Self { out, next: 0, waiting: BTreeMap::new() })
    }

    fn add(&mut self, chunk: usize, text: &str) -> io::Result<()> {
        self.waiting.insert(chunk, text.to_owned());
        while let Some(text) = self.waiting.remove(&self.next) {
            self.out.write_all(text.as_bytes())?;
            self.next += 1;
        }
        self.out.flush()
    }
}

impl Watch {
    /// Watches a sweep of `total` runs. With a log or a folder for P.1203, all runs are made again.
    pub(super) fn new(
        total: usize,
        journal: Option<Journal>,
        log: Option<&Path>,
        p1203: Option<P1203Folder>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let log = log.map(Log::create).transpose()?.map(Mutex::new);
        let (progress, done) = (Progress::start(total), AtomicUsize::new(0));
        Ok(Self { progress, done, journal, log, p1203, stop, failure: Mutex::new(None) })
    }

    /// Ends the progress: how many runs were made, in how many seconds; and the journal.
    pub(super) fn end(self) -> Result<(usize, f64, Option<Journal>), Failure> {
        let took = self.progress.end().as_secs_f64();
        match self.failure.into_inner() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::running(format_args!("the runs cannot be written down: {error}")))
            }
            _ => Ok((self.done.into_inner(), took, self.journal)),
        }
    }

    fn note(&self, result: io::Result<()>) {
        if let Err(error) = result {
            self.failure.lock().get_or_insert(error);
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

impl SweepObserver for Watch {
    fn made(&self, index: usize) -> Option<RunResult> {
        let journal = self.journal.as_ref().filter(|_| self.wanted() == Wanted::default())?;
        journal.made().get(&index).cloned()
    }

    fn wanted(&self) -> Wanted {
        Wanted { log: self.log.is_some(), p1203: self.p1203.is_some() }
    }

    fn p1203(&self, run: Run<'_>, input: &str) {
        if let Some(folder) = &self.p1203 {
            self.note(folder.write(run, input));
        }
    }

    fn finished(&self, chunk: usize, runs: &[(usize, RunResult)], log: &str) {
        let done = self.done.fetch_add(runs.len(), Ordering::Relaxed) + runs.len();
        self.progress.show(done);
        if let Some(journal) = &self.journal {
            let new = |run: &&(usize, RunResult)| !journal.made().contains_key(&run.0);
            let new: Vec<_> = runs.iter().filter(new).cloned().collect();
            if !new.is_empty() {
                self.note(journal.add(&new));
            }
        }
        if let Some(writer) = &self.log {
            self.note(writer.lock().add(chunk, log));
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
