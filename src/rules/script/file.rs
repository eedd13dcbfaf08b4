//! A script file: read at start, and again when it has changed.

use super::{
    answer::Answer,
    check::check,
    engine::Now,
    error::{ScriptError, ScriptFailure},
    program::Program,
    state::ScriptState,
};
use crate::{
    document::{FileError, read_text},
    rules::{facts::Facts, plan::Plan},
    seed::Seed,
    units::ProcessTime,
};
use parking_lot::{Mutex, RwLock};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The shortest time between checks for changes; a request triggers a check.
const LOOK: Duration = Duration::from_secs(1);

/// A script's file.
pub struct Script {
    path: PathBuf,
    now: Now,
    program: RwLock<Arc<Program>>,
    seen: Mutex<Seen>,
}

/// The state of the file at the last check.
struct Seen {
    at: ProcessTime,
    version: Option<(SystemTime, u64)>,
}

impl Script {
    /// Reads a script. `now` returns the process time.
    ///
    /// # Errors
    /// When it can't be read, is larger than 1 MiB, or is not a script.
    pub fn load(
        path: &Path,
        now: Arc<dyn Fn() -> ProcessTime + Send + Sync>,
    ) -> Result<Self, ScriptError> {
        // Check before reading: a change in between is then found at the next check.
        let seen = Seen { at: now(), version: version(path) };
        let program = read(path, &now)?;
        let (path, program) = (path.to_owned(), RwLock::new(Arc::new(program)));
        Ok(Self { path, now, program, seen: Mutex::new(seen) })
    }

    /// Reads a script, and checks the map literals that its functions return.
    ///
    /// # Errors
    /// As [`load`](Self::load), and every wrong key or value in a returned map literal.
    pub fn check(
        path: &Path,
        now: Arc<dyn Fn() -> ProcessTime + Send + Sync>,
    ) -> Result<Self, Vec<ScriptError>> {
        let script = Self::load(path, Arc::clone(&now)).map_err(|error| vec![error])?;
        let text = text_of(path).map_err(|error| vec![error])?;
        let errors = check(&path.to_string_lossy(), &text, now);
        if errors.is_empty() { Ok(script) } else { Err(errors) }
    }

    /// As [`Program::decide`], with the newest valid version of the file.
    ///
    /// # Errors
    /// If the script fails: then it has no effect on this request.
    pub fn decide(
        &self,
        state: &mut ScriptState,
        session_seed: u64,
        facts: &Facts<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        self.look();
        let program = Arc::clone(&self.program.read());
        program.decide(state, session_seed, facts, seed)
    }

    /// Whether the newest valid version has `on_response`.
    #[must_use]
    pub fn responds(&self) -> bool {
        self.program.read().responds()
    }

    /// As [`Program::respond`].
    ///
    /// # Errors
    /// If the script fails: then it has no further effect on this request.
    pub fn respond(
        &self,
        state: &mut ScriptState,
        session_seed: u64,
        plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        let program = Arc::clone(&self.program.read());
        program.respond(state, session_seed, plan, facts, answer, seed)
    }

    /// Reads the file again if it has changed. If the new version is invalid, logs the error and keeps
    /// the previous one.
    fn look(&self) {
        let now = (self.now)();
        // Another thread is checking.
        let Some(mut seen) = self.seen.try_lock() else { return };
        if now - seen.at < LOOK {
            return;
        }
        seen.at = now;
        let version = version(&self.path);
        if version == seen.version {
            return;
        }
        seen.version = version;
        match read(&self.path, &self.now) {
            Ok(program) => {
                *self.program.write() = Arc::new(program);
                tracing::info!("{}: reloaded the script", self.path.display());
            }
            Err(error) => {
                tracing::error!("{error}; the previous version of the script stays in use");
            }
        }
    }
}

fn version(path: &Path) -> Option<(SystemTime, u64)> {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn read(path: &Path, now: &Now) -> Result<Program, ScriptError> {
    Program::new(&path.to_string_lossy(), &text_of(path)?, Arc::clone(now))
}

fn text_of(path: &Path) -> Result<String, ScriptError> {
    read_text(path).map_err(|error| match error {
        FileError::TooLarge { path } => ScriptError::TooLarge { path },
        FileError::Unreadable { path, cause } => ScriptError::Unreadable { path, cause },
        FileError::Invalid(faults) => ScriptError::Unreadable {
            path: path.to_owned(),
            cause: std::io::Error::other(faults.to_string()),
        },
    })
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("path", &self.path).finish_non_exhaustive()
    }
}
