//! A script's file: read once, and again when it has changed.

use super::{
    answer::Answer,
    engine::Now,
    error::{ScriptError, ScriptFailure},
    program::Program,
    state::ScriptState,
};
use crate::{
    rules::{
        facts::Facts,
        file::{FileError, read_text},
        plan::Plan,
    },
    seed::Seed,
};
use parking_lot::{Mutex, RwLock};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How often the file is looked at, when requests come.
const LOOK: Duration = Duration::from_secs(1);

/// A script's file.
pub struct Script {
    path: PathBuf,
    now: Now,
    program: RwLock<Arc<Program>>,
    seen: Mutex<Seen>,
}

/// The file when it was last looked at.
struct Seen {
    at: Duration,
    version: Option<(SystemTime, u64)>,
}

impl Script {
    /// Reads a script. `now` tells the time, from any zero.
    ///
    /// # Errors
    /// When it can't be read, is larger than 1 MiB, or is not a script.
    pub fn load(
        path: &Path,
        now: Arc<dyn Fn() -> Duration + Send + Sync>,
    ) -> Result<Self, ScriptError> {
        // Looked at before it is read: a change in between is seen the next time.
        let seen = Seen { at: now(), version: version(path) };
        let program = read(path, &now)?;
        let (path, program) = (path.to_owned(), RwLock::new(Arc::new(program)));
        Ok(Self { path, now, program, seen: Mutex::new(seen) })
    }

    /// As [`Program::decide`], with the newest sound version of the file.
    ///
    /// # Errors
    /// When the script fails: then it does nothing to this request.
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

    /// Whether the newest sound version wants to see answers.
    #[must_use]
    pub fn responds(&self) -> bool {
        self.program.read().responds()
    }

    /// As [`Program::respond`].
    ///
    /// # Errors
    /// When the script fails: then it does nothing more to this request.
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

    /// Reads the file again if it has changed; a version that is at fault is logged, and the one
    /// before stays.
    fn look(&self) {
        let now = (self.now)();
        // Somebody else is looking: their business.
        let Some(mut seen) = self.seen.try_lock() else { return };
        if now.saturating_sub(seen.at) < LOOK {
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
                tracing::info!("{}: the script's new version is in force", self.path.display());
            }
            Err(error) => tracing::error!("{error}; the version before stays in force"),
        }
    }
}

fn version(path: &Path) -> Option<(SystemTime, u64)> {
    let data = fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn read(path: &Path, now: &Now) -> Result<Program, ScriptError> {
    let text = read_text(path).map_err(|error| match error {
        FileError::TooLarge { path } => ScriptError::TooLarge { path },
        FileError::Unreadable { path, cause } => ScriptError::Unreadable { path, cause },
        FileError::Invalid(faults) => ScriptError::Unreadable {
            path: path.to_owned(),
            cause: std::io::Error::other(faults.to_string()),
        },
    })?;
    Program::new(&path.to_string_lossy(), &text, Arc::clone(now))
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("path", &self.path).finish_non_exhaustive()
    }
}
