//! Players that do not read: what they make the program hold is bounded.

use crate::program::{Program, request, shell};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{any::Any, fs, time::Duration};
use tokio::{net::TcpStream, time::timeout};

/// Three megabytes.
const SEGMENT: &str = "/demo/media/v6/seg-1.m4s";
const CONNECTIONS: usize = 8;
const STREAMS: usize = 250;
/// The size of the largest windows of HTTP/2.
const WINDOW: u32 = (1 << 31) - 1;

/// The files that the program has open.
fn open_files(program: &Program) -> usize {
    fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap().count()
}

/// The memory of the program, in MB.
fn memory(program: &Program) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1000
}

/// Connections of HTTP/2 that are not read, with the answers to their streams.
type Unread = Vec<Box<dyn Any>>;

/// Many streams with windows that hold everything, on connections that are not read.
async fn open_unread(program: &Program) -> Unread {
    let mut held: Unread = Vec::new();
    for _ in 0..CONNECTIONS {
        let stream = TcpStream::connect(program.listen).await.unwrap();
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        let answers: Vec<_> = (0..STREAMS)
            .map(|_| sender.clone().send_request(request(program.listen, SEGMENT)))
            .collect();
        let mut connection = Box::pin(connection);
        // As long as it takes to send the requests; then nothing is read any more.
        let _ = timeout(Duration::from_millis(20), connection.as_mut()).await;
        held.push(Box::new((connection, answers)));
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    held
}

#[tokio::test]
async fn streams_of_http2_that_are_not_read() {
    let program = Program::start(shell("exec \"$0\" \"$@\"", &["--profile", "unlimited"])).await;
    assert_eq!(program.status(SEGMENT).await, Some(200));
    let before = memory(&program);
    let held = open_unread(&program).await;
    let taken = memory(&program).saturating_sub(before);
    // 800 streams are open, of which each takes a third of a megabyte.
    assert!(taken < 400, "{taken} MB for {CONNECTIONS} connections");
    drop(held);
    assert_eq!(program.end().await, Some(0));
}

/// With a small budget, 128 of 800 streams are served, and the others are refused before they take anything.
#[tokio::test]
async fn streams_of_http2_with_a_small_budget() {
    let args = ["--profile", "unlimited", "--memory-budget", "64MiB"];
    let program = Program::start(shell("exec \"$0\" \"$@\"", &args)).await;
    assert_eq!(program.status(SEGMENT).await, Some(200));
    let (before, files) = (memory(&program), open_files(&program));
    let held = open_unread(&program).await;
    let taken = memory(&program).saturating_sub(before);
    assert!(taken < 100, "{taken} MB for {CONNECTIONS} connections");
    let opened = open_files(&program).saturating_sub(files);
    // A connection to the origin has two ends here.
    assert!(opened < 2 * 128 + CONNECTIONS + 50, "{opened} files");
    assert_eq!(program.status(SEGMENT).await, Some(200), "other players go on");
    println!("{taken} MB, {opened} files");
    drop(held);
    assert_eq!(program.end().await, Some(0));
}
