//! The system calls of a request.

use super::program::{Program, command};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

/// The body of each response.
const BODY: usize = 1024;
const REQUESTS: u32 = 500;

/// An origin that answers each request on each connection with the same response.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut response =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n").into_bytes();
                response.resize(response.len() + BODY, b'x');
                let mut request = [0; 4096];
                while stream.read(&mut request).is_ok_and(|read| read > 0) {
                    stream.write_all(&response).unwrap();
                }
            });
        }
    });
    address
}

/// Requests a segment `count` times on one connection.
fn request(proxy: SocketAddr, count: u32) {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(super::program::PATIENCE)).unwrap();
    let mut buffer = [0; 16 * 1024];
    for _ in 0..count {
        stream.write_all(b"GET /1.ts HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let (mut response, mut end) = (Vec::new(), None);
        while end.is_none_or(|end| response.len() < end) {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "it closed the connection");
            response.extend_from_slice(&buffer[..read]);
            let head = response.windows(4).position(|four| four == b"\r\n\r\n");
            end = head.map(|head| head + 4 + BODY);
        }
        assert!(response.starts_with(b"HTTP/1.1 200"));
    }
}

/// Counts the system calls of a process in `summary` until it is interrupted; `None` = this machine does not let it.
async fn count_calls(process: u32, summary: &Path) -> Option<Child> {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-U", "name,calls", "-o"]).arg(summary);
    let strace = strace.args(["-p", &process.to_string()]).stderr(Stdio::null()).spawn();
    let mut strace = strace.ok()?;
    // Attached or ended, which no output says in time.
    tokio::time::sleep(Duration::from_millis(500)).await;
    strace.try_wait().unwrap().is_none().then_some(strace)
}

fn calls(summary: &str, name: &str) -> u32 {
    let line = summary.lines().find(|line| line.split_whitespace().next() == Some(name));
    let count = line.and_then(|line| line.split_whitespace().nth(1));
    count.map_or(0, |count| count.parse().unwrap())
}

/// A request stays on one thread: no other is woken. It needs two reads, two writes, and two polls of the sockets.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_on_a_kept_connection_wakes_no_thread() {
    let origin = format!("http://{}", origin());
    let program = Program::start(command(&["--origin", &origin, "--profile", "unlimited"])).await;
    request(program.listen, 20);
    let summary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("system-calls.txt");
    let Some(mut strace) = count_calls(program.id(), &summary).await else {
        println!("not checked: strace is not installed, or may not attach");
        return;
    };
    request(program.listen, REQUESTS);
    let id = strace.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    strace.wait().unwrap();
    let summary = fs::read_to_string(&summary).unwrap();
    // A few are those of the accept and of the rest of the program.
    let most = |each: u32| each * REQUESTS + REQUESTS / 5;
    for (name, each) in [("futex", 0), ("recvfrom", 2), ("epoll_wait", 3)] {
        assert!(calls(&summary, name) <= most(each), "{name}:\n{summary}");
    }
    let writes: u32 =
        ["sendto", "writev", "sendmsg"].map(|name| calls(&summary, name)).iter().sum();
    assert!((REQUESTS..=most(2)).contains(&writes), "{summary}");
    assert_eq!(program.end().await, Some(0));
}
