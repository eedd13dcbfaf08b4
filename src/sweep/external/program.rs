//! A program that is an algorithm: it reads a line of JSON for each finished download, and writes a line with
//! its choice.

use super::{
    answer::Answer,
    asked::Answers,
    pipes::{OutputLine, last_line, reader, writer},
};
use crate::{
    sweep::decision_lines::{Finished, Setup},
    units::span,
};
use serde::Serialize;
use std::{
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// The number of late answers after which the program is not started any more.
const MOST_TIMEOUTS: usize = 3;
/// How long a program may take to end, once its input or its output has ended.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// How often the exit status is looked for.
const LOOK: Duration = Duration::from_millis(10);
/// How much of a wrong answer is shown.
const SHOWN: usize = 80;

/// A program with its arguments.
#[derive(Debug)]
pub(super) struct ProgramCommand {
    program: String,
    arguments: Vec<String>,
    timeouts: AtomicUsize,
}

impl ProgramCommand {
    /// Words separated by blanks: the program, and its arguments.
    pub(super) fn parse(command: &str) -> Result<Self, String> {
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words
            .next()
            .ok_or("'cmd:' names no program; write cmd:PROGRAM, as in \"cmd:python3 abr.py\"")?;
        Ok(Self { program, arguments: words.collect(), timeouts: AtomicUsize::new(0) })
    }
}

/// A program in one session. It ends when its standard input does, else it is killed.
pub(super) struct ProgramProcess {
    child: Child,
    name: String,
    timeout: Duration,
    lines: Option<Sender<String>>,
    answers: Receiver<OutputLine>,
    last_line: Receiver<String>,
    asked: usize,
    timed_out: bool,
    command: Arc<ProgramCommand>,
}

impl ProgramProcess {
    /// Starts the program, and writes to it what is played.
    pub(super) fn start(
        command: &Arc<ProgramCommand>,
        setup: &Setup,
        timeout: Duration,
    ) -> Result<Self, String> {
        let ProgramCommand { program, arguments, timeouts } = &**command;
        if timeouts.load(Ordering::Relaxed) >= MOST_TIMEOUTS {
            return Err(format!(
                "{program}: not started, because it gave no answer in time in {MOST_TIMEOUTS} sessions"
            ));
        }
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: cannot be started: {error}"))?;
        let pipes = child.stdin.take().zip(child.stdout.take()).zip(child.stderr.take());
        let ((stdin, stdout), stderr) = pipes.ok_or_else(|| format!("{program}: has no pipes"))?;
        let mut process = Self {
            child,
            name: program.clone(),
            timeout,
            lines: Some(writer(stdin)),
            answers: reader(stdout),
            last_line: last_line(stderr),
            asked: 0,
            timed_out: false,
            command: Arc::clone(command),
        };
        process.write(setup)?;
        Ok(process)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), String> {
        let line = serde_json::to_string(line).map_err(|error| error.to_string())?;
        if let Some(lines) = &self.lines {
            // A writer has ended because the program has; the reader of its output reports that.
            let _ = lines.send(line + "\n");
        }
        Ok(())
    }

    /// Why there is no answer: the program has ended.
    fn ended(&mut self) -> String {
        let (name, answers) = (&self.name, self.asked - 1);
        let said = self.last_line.recv_timeout(END_TIMEOUT).unwrap_or_default();
        let said = if said.is_empty() { said } else { format!(": {said}") };
        for _ in 0..END_TIMEOUT.as_millis() / LOOK.as_millis() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return format!("{name}: ended after {answers} answers ({status}){said}");
            }
            thread::park_timeout(LOOK);
        }
        format!("{name}: closed its output after {answers} answers{said}")
    }
}

impl Answers for ProgramProcess {
    /// A program is asked after the first download only, as by `vsps bench decide`.
    fn first(&mut self) -> Result<Option<Answer>, String> {
        Ok(None)
    }

    fn answer(&mut self, finished: &Finished) -> Result<Answer, String> {
        self.asked += 1;
        self.write(finished)?;
        let (name, asked) = (&self.name, self.asked);
        let line = match self.answers.recv_timeout(self.timeout) {
            Ok(OutputLine::Line(line)) => line,
            Ok(OutputLine::TooLong) => {
                return Err(format!("{name}: answer {asked} is longer than 64 KiB"));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            Err(RecvTimeoutError::Timeout) => {
                self.timed_out = true;
                self.command.timeouts.fetch_add(1, Ordering::Relaxed);
                let timeout = span::print(self.timeout);
                return Err(format!("{name}: no answer {asked} within {timeout}"));
            }
        };
        serde_json::from_slice(&line).map_err(|error| {
            let line = String::from_utf8_lossy(&line);
            let shown: String = line.trim_end().chars().take(SHOWN).collect();
            format!("{name}: answer {asked} is '{shown}': {error}; write {{\"rendition\":0}}")
        })
    }
}

impl Drop for ProgramProcess {
    fn drop(&mut self) {
        // The end of its input ends the program; the end of its output shows that it has ended.
        self.lines = None;
        if !self.timed_out {
            let _ = self.answers.recv_timeout(END_TIMEOUT);
        }
        // It fails for a program that has ended; then `wait` returns at once.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_words() {
        let command = ProgramCommand::parse("python3  my.py -v").unwrap();
        assert_eq!((command.program.as_str(), command.arguments.len()), ("python3", 2));
        assert!(ProgramCommand::parse(" ").unwrap_err().contains("write cmd:PROGRAM"));
    }
}
