//! The runs of a sweep that are done, kept in a file while it runs, so that an interrupted sweep can go on.

use super::{MatrixError, Plan, RunResult};
use crate::seed::Seed;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
};

/// What is added to the name of the file of results.
const EXTENSION: &str = ".partial";

/// The first line: which sweep the others are of.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Head {
    version: String,
    command: String,
    /// Of networks and ladder as they are, whatever their names are.
    fingerprint: u64,
}

/// A run by its number.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    run: usize,
    #[serde(flatten)]
    result: RunResult,
}

/// See the module.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    made: HashMap<usize, RunResult>,
}

impl Journal {
    /// The journal of `plan` beside the file of its results: goes on with one that an interrupted sweep left.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is of another sweep.
    pub fn open(results: &Path, plan: &Plan) -> Result<Self, MatrixError> {
        let mut name = results.as_os_str().to_owned();
        name.push(EXTENSION);
        let path = PathBuf::from(name);
        let wrong = |problem: String| MatrixError::Results { path: path.clone(), problem };
        let head = Head::of(plan);
        let made = match File::open(&path) {
            Ok(file) => read(file, &head).map_err(wrong)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mut journal =
            Self { file: create(&path).map_err(|error| wrong(error.to_string()))?, path, made };
        journal.rewrite(&head).map_err(|error| {
            let path = journal.path.clone();
            MatrixError::Results { path, problem: error.to_string() }
        })?;
        Ok(journal)
    }

    /// Writes head and entries again: the last line of an interrupted sweep may be cut.
    fn rewrite(&mut self, head: &Head) -> io::Result<()> {
        let mut text = serde_json::to_string(head)? + "\n";
        for (run, result) in &self.made {
            push(&mut text, *run, result)?;
        }
        self.file.write_all(text.as_bytes())
    }

    /// The runs that were done before.
    #[must_use]
    pub const fn made(&self) -> &HashMap<usize, RunResult> {
        &self.made
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds runs that are done.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&self, runs: &[(usize, RunResult)]) -> io::Result<()> {
        let mut text = String::new();
        for (run, result) in runs {
            push(&mut text, *run, result)?;
        }
        // One write for all: other threads write, too.
        (&self.file).write_all(text.as_bytes())
    }

    /// Removes the file; the results are complete and elsewhere.
    pub fn remove(self) {
        // A file that is left is read at the next run of the same sweep, which does no harm.
        let _ = fs::remove_file(&self.path);
    }
}

impl Head {
    fn of(plan: &Plan) -> Self {
        let what = format!("{:?} {:?} {:?}", plan.nets, plan.presentations, plan.options.shard);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            command: plan.command(),
            fingerprint: Seed::new(0).named(&what).value(),
        }
    }
}

fn push(text: &mut String, run: usize, result: &RunResult) -> serde_json::Result<()> {
    let result = result.clone();
    text.push_str(&serde_json::to_string(&Entry { run, result })?);
    text.push('\n');
    Ok(())
}

fn create(path: &Path) -> io::Result<File> {
    let mut whole = OpenOptions::new();
    whole.create(true).write(true).truncate(true).open(path)?;
    // At its end always, so that writes of several threads follow each other.
    OpenOptions::new().append(true).open(path)
}

/// The runs of a journal of the sweep that `head` is of.
fn read(file: File, head: &Head) -> Result<HashMap<usize, RunResult>, String> {
    let mut lines = BufReader::new(file).lines();
    let Some(Ok(first)) = lines.next() else { return Ok(HashMap::new()) };
    let found: Head = serde_json::from_str(&first).map_err(|error| {
        format!(
            "{error}; it is no file of an interrupted sweep: remove it, or write results elsewhere"
        )
    })?;
    if found != *head {
        return Err(format!(
            "it is of another sweep, or of other profiles: '{}'; remove it, or write results elsewhere",
            found.command
        ));
    }
    // The last line may be cut.
    let entries = lines.map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok());
    Ok(entries.map(|Entry { run, result }| (run, result)).collect())
}
