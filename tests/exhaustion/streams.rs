//! Standard error and standard output that are full, closed, or not read: requests are served as usual.

use crate::program::{Program, command, read_all};
use std::{
    fs::OpenOptions,
    io::{Write as _, pipe},
    process::Command,
    time::Duration,
};
use tokio::time::sleep;

/// The bytes that a pipe of Linux holds.
const PIPE_CAPACITY: usize = 65_536;

/// A log line of this request is long, though its path is cut: a thousand fill every buffer on the way.
fn long_path(number: usize) -> String {
    format!("/demo/{number}/{}.ts", "x".repeat(8000))
}

fn full() -> std::fs::File {
    OpenOptions::new().write(true).open("/dev/full").unwrap()
}

fn talkative(args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("VSPS_LOG_LEVEL", "vsps=debug");
    command
}

/// Starts sessions and requests missing files: both are logged.
async fn serves(program: &Program, requests: usize) {
    for number in 0..requests {
        assert_eq!(program.status(&long_path(number)).await, Some(404), "request {number}");
    }
    let manifest = program.status("/demo/hls/master.m3u8").await;
    assert_eq!(manifest, Some(307), "a new session");
}

#[tokio::test]
async fn a_full_standard_error_costs_log_lines_alone() {
    let mut command = talkative(&[]);
    command.stderr(full());
    let program = Program::start(command).await;
    serves(&program, 20).await;
    assert!(program.metric("vsps_log_lines_dropped_total").await >= 20.0);
    assert_eq!(program.end().await, Some(0));
}

#[tokio::test]
async fn a_standard_error_without_a_reader_costs_log_lines_alone() {
    let (reader, writer) = pipe().unwrap();
    let mut command = talkative(&[]);
    command.stderr(writer);
    drop(reader);
    let program = Program::start(command).await;
    serves(&program, 20).await;
    assert!(program.metric("vsps_log_lines_dropped_total").await >= 20.0);
    assert_eq!(program.end().await, Some(0));
}

/// When the log is read again, it states how many lines are missing.
#[tokio::test]
async fn an_unread_standard_error_costs_log_lines_alone() {
    let (reader, writer) = pipe().unwrap();
    let mut command = talkative(&["--log", "json"]);
    command.stderr(writer);
    let program = Program::start(command).await;
    serves(&program, 1500).await;
    assert!(program.metric("vsps_log_lines_dropped_total").await > 0.0);
    let text = read_all(reader);
    sleep(Duration::from_millis(500)).await;
    serves(&program, 1).await;
    sleep(Duration::from_millis(500)).await;
    let dropped = program.metric("vsps_log_lines_dropped_total").await;
    assert_eq!(program.end().await, Some(0));
    let text = text.join().unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let missing = lines.iter().filter_map(|line| line["lines"].as_u64()).sum::<u64>();
    assert_eq!(missing as f64, dropped, "the log tells what it lacks");
}

/// The end does not wait for a log that is not read.
#[tokio::test]
async fn the_end_waits_for_no_reader() {
    let (_reader, mut writer) = pipe().unwrap();
    // The pipe is full: a short summary would still fit behind long lines.
    writer.write_all(&[b'\n'; PIPE_CAPACITY]).unwrap();
    let mut command = talkative(&[]);
    command.stderr(writer.try_clone().unwrap()).stdout(writer);
    let program = Program::start(command).await;
    serves(&program, 300).await;
    assert_eq!(program.end().await, Some(1), "the summary could not be written");
}

#[tokio::test]
async fn a_closed_standard_output_is_no_failure() {
    for format in ["text", "json"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = command(&["--log", format]);
        command.stdout(writer);
        let program = Program::start(command).await;
        serves(&program, 1).await;
        assert_eq!(program.end().await, Some(0), "{format}");
    }
}

#[tokio::test]
async fn a_full_standard_output_is_told_and_the_service_goes_on() {
    let (reader, writer) = pipe().unwrap();
    let mut command = command(&["--log", "json"]);
    command.stdout(full()).stderr(writer);
    let program = Program::start(command).await;
    serves(&program, 1).await;
    let text = read_all(reader);
    assert_eq!(program.end().await, Some(1));
    let text = text.join().unwrap();
    assert!(text.contains("standard output can't be written"), "{text}");
    assert!(text.contains("vsps: standard output: No space left on device"), "{text}");
}
