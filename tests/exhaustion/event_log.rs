//! `--events` to a file that cannot be written: requests are served as usual, and the final message states what
//! is missing.

use crate::program::{Program, command, read_all};
use serde_json::Value;
use std::{
    fs,
    io::{Read as _, pipe},
    path::PathBuf,
    process::Command,
    thread,
};

/// A unique path, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("vsps-{}-{name}", std::process::id())))
    }

    fn fifo(name: &str) -> Self {
        let place = Self::new(name);
        assert!(Command::new("mkfifo").arg(&place.0).status().unwrap().success());
        place
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

async fn serves(program: &Program, requests: usize) {
    for number in 0..requests {
        assert_eq!(program.status(&format!("/demo/{number}.ts")).await, Some(404));
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

fn finished(lines: &[Value]) -> usize {
    lines.iter().filter(|line| line["event"] == "request_finished").count()
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_counted() {
    let (reader, writer) = pipe().unwrap();
    let mut command = command(&["--events", "/dev/full"]);
    command.stderr(writer);
    let program = Program::start(command).await;
    let text = read_all(reader);
    serves(&program, 50).await;
    assert_eq!(program.end().await, Some(1));
    let text = text.join().unwrap();
    assert_eq!(text.matches("the event log can't be written").count(), 1, "{text}");
    // The session's start and end, and two events for each request.
    let last = "vsps: --events: 102 events were not written: No space left on device";
    assert!(text.contains(last), "{text}");
}

/// No reader opens the FIFO: neither the start nor a request nor the end waits for one.
#[tokio::test]
async fn a_fifo_that_nobody_opens() {
    let fifo = Place::fifo("unopened");
    let (reader, writer) = pipe().unwrap();
    let mut command = command(&["--events", fifo.text()]);
    command.stderr(writer);
    let program = Program::start(command).await;
    let text = read_all(reader);
    serves(&program, 20).await;
    assert_eq!(program.end().await, Some(1));
    let text = text.join().unwrap();
    assert!(text.contains("--events: 42 events were not written: nobody reads it"), "{text}");
}

/// A reader that opens the FIFO and reads nothing, until the pipe is full and longer.
#[tokio::test]
async fn a_fifo_that_nobody_reads() {
    let fifo = Place::fifo("unread");
    let program = Program::start(command(&["--events", fifo.text()])).await;
    let path = fifo.0.clone();
    let _reader = tokio::task::spawn_blocking(|| fs::File::open(path).unwrap()).await.unwrap();
    serves(&program, 300).await;
    assert_eq!(program.end().await, Some(1));
}

/// Several readers in sequence: whole lines are written to each. (What the first left in the pipe the second
/// reads.)
#[tokio::test]
async fn a_fifo_with_readers_in_turn() {
    let fifo = Place::fifo("read");
    let program = Program::start(command(&["--events", fifo.text()])).await;
    serves(&program, 10).await;
    let open = |path: PathBuf| tokio::task::spawn_blocking(|| fs::File::open(path).unwrap());
    let mut first = open(fifo.0.clone()).await.unwrap();
    let mut start = vec![0; 5000];
    let mut start = tokio::task::spawn_blocking(move || {
        first.read_exact(&mut start).unwrap();
        start
    })
    .await
    .unwrap();
    start.truncate(start.iter().rposition(|byte| *byte == b'\n').unwrap());
    assert!(lines(std::str::from_utf8(&start).unwrap()).len() > 5);
    serves(&program, 10).await;
    let mut second = open(fifo.0.clone()).await.unwrap();
    let rest = thread::spawn(move || {
        let mut text = String::new();
        second.read_to_string(&mut text).unwrap();
        text
    });
    serves(&program, 10).await;
    program.end().await;
    let rest = rest.join().unwrap();
    let whole = if rest.starts_with('{') { 0 } else { rest.find('\n').unwrap() + 1 };
    let rest = lines(&rest[whole..]);
    assert!(finished(&rest) >= 10, "{} lines", rest.len());
    assert_eq!(rest.last().unwrap()["event"], "session_ended");
}

/// As `logrotate` with `copytruncate`: further lines start at the beginning of the truncated file.
#[tokio::test]
async fn a_file_that_is_copied_and_truncated() {
    let file = Place::new("rotated.jsonl");
    fs::write(&file.0, "of an earlier run\n").unwrap();
    let program = Program::start(command(&["--events", file.text()])).await;
    serves(&program, 10).await;
    let before = loop {
        let text = fs::read_to_string(&file.0).unwrap();
        if text.matches("request_finished").count() == 10 {
            break text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(finished(&lines(&before)), 10);
    fs::OpenOptions::new().write(true).open(&file.0).unwrap().set_len(0).unwrap();
    serves(&program, 5).await;
    assert_eq!(program.end().await, Some(0));
    assert_eq!(finished(&lines(&fs::read_to_string(&file.0).unwrap())), 5);
}
