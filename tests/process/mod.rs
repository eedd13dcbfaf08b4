//! The program as a child process: its arguments, output and exit code.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{ffi::OsStr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

/// Far longer than the program ever takes to start, stop or answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The exit code and the output of a process.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` = ended by a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// `vsps` with `args`: in the repository's root, without variables of its own in the environment, and not on a
/// terminal.
pub(crate) fn vsps(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vsps"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("VSPS_")) {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs `command` to its end, which must be within `patience`.
pub(crate) async fn ended(mut command: Command, patience: Duration) -> Ended {
    let running = command.kill_on_drop(true).output();
    let output = timeout(patience, running).await;
    let output = output.unwrap_or_else(|_| panic!("no end after {patience:?}: {command:?}"));
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A running `vsps run`.
pub(crate) struct Running {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
    stderr: JoinHandle<String>,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Running {
    /// Starts `vsps run` on free ports, with `args` added.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(args, std::iter::empty::<(&str, &str)>())
    }

    /// As [`start`](Self::start), with variables added to the environment.
    pub(crate) fn start_with(
        args: &[&str],
        environment: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        let mut command = vsps(&["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let mut child = command.args(args).envs(environment).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = child.stderr.take().unwrap();
        // Read continuously, because a full pipe would block the program.
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.unwrap();
            text
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { child, stdout, stderr, client }
    }

    /// The next line of standard output.
    pub(crate) async fn line(&mut self) -> String {
        let line = timeout(PATIENCE, self.stdout.next_line()).await.expect("no line");
        match line.unwrap() {
            Some(line) => line,
            None => panic!("it ended: {}", (&mut self.stderr).await.unwrap()),
        }
    }

    /// Sends a signal, by its short name.
    pub(crate) async fn signal(&self, name: &str) {
        let process = self.child.id().expect("still running").to_string();
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &process]);
        assert!(kill.status().await.unwrap().success());
    }

    /// Waits for its end; returns the standard output that was not read yet.
    pub(crate) async fn end(mut self) -> Ended {
        let mut stdout = String::new();
        while let Some(line) = timeout(PATIENCE, self.stdout.next_line()).await.unwrap().unwrap() {
            stdout += &line;
            stdout.push('\n');
        }
        let status = timeout(PATIENCE, self.child.wait()).await.expect("no end").unwrap();
        Ended { code: status.code(), stdout, stderr: self.stderr.await.unwrap() }
    }

    /// The response to a GET of `url`, its body unread.
    pub(crate) async fn ask(&self, url: &str) -> http::Response<Incoming> {
        self.try_ask(url).await.unwrap_or_else(|| panic!("{url}: no answer"))
    }

    /// As [`ask`](Self::ask); `None` = no server, or the connection was closed.
    pub(crate) async fn try_ask(&self, url: &str) -> Option<http::Response<Incoming>> {
        let asked = self.client.get(url.parse().unwrap());
        timeout(PATIENCE, asked).await.expect("no answer").ok()
    }
}

/// A JSON line, read.
pub(crate) fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}
