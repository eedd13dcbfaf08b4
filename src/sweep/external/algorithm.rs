//! What `--abr FILE.rhai` and `--abr cmd:PROGRAM` name.

use super::{
    asked::Asked,
    program::{ProgramCommand, ProgramProcess},
    script::{Script, ScriptSession},
};
use crate::{
    player::Abr,
    sweep::{catalogue::AlgorithmSetup, decision_lines::Setup},
};
use std::{path::Path, sync::Arc, time::Duration};

/// What a program's command starts with.
const PROGRAM: &str = "cmd:";
/// What a script's file name ends with.
const SCRIPT: &str = ".rhai";
/// How long a program may take for an answer, if no other time is set.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A script or a program that chooses renditions. Each session has a state of its own.
#[derive(Debug, Clone)]
pub struct ExternalAlgorithm {
    kind: Kind,
    timeout: Duration,
}

#[derive(Debug, Clone)]
enum Kind {
    Script(Arc<Script>),
    Program(Arc<ProgramCommand>),
}

impl ExternalAlgorithm {
    /// The algorithm that `name` stands for; `None` if it is the name of a built-in one.
    ///
    /// # Errors
    /// When a script cannot be read or compiled, or a command is empty. The text says which.
    pub fn find(name: &str) -> Result<Option<Self>, String> {
        let kind = if let Some(command) = name.strip_prefix(PROGRAM) {
            Kind::Program(Arc::new(ProgramCommand::parse(command)?))
        } else if name.ends_with(SCRIPT) {
            Kind::Script(Arc::new(Script::read(Path::new(name))?))
        } else {
            return Ok(None);
        };
        Ok(Some(Self { kind, timeout: TIMEOUT }))
    }

    /// The same, whose program may take this long for each answer.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The algorithm for one session.
    ///
    /// # Errors
    /// When the program does not start, or the script fails at once.
    pub fn make(&self, setup: &AlgorithmSetup<'_>) -> Result<Box<dyn Abr>, String> {
        let mut line = Setup::of(setup.presentation, setup.live, setup.seed);
        line.config = setup.config.clone();
        for (rendition, dimensions) in line.ladder.iter_mut().zip(setup.dimensions) {
            (rendition.width, rendition.height) = dimensions.unzip();
        }
        let top = setup.presentation.top();
        Ok(match &self.kind {
            Kind::Script(script) => {
                let session = ScriptSession::new(script, &line)?;
                Box::new(Asked::new(session, top))
            }
            Kind::Program(command) => {
                let process = ProgramProcess::start(command, &line, self.timeout)?;
                Box::new(Asked::new(process, top))
            }
        })
    }
}
