//! The proxy under test: the real program, in a process of its own.

use crate::{http, process::Process};
use anyhow::Context as _;
use serde_json::Value;
use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{ChildStdout, Command},
};

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) process: Process,
    pub(crate) listen: SocketAddr,
    admin: SocketAddr,
    /// Held open: the program prints a summary at its end.
    _output: BufReader<ChildStdout>,
}

/// A session armed on it.
pub(crate) struct Session {
    pub(crate) id: String,
}

impl Session {
    /// The path of a body of `bytes` in this session.
    pub(crate) fn path(&self, bytes: u64) -> String {
        format!("/-/s/{}/{bytes}", self.id)
    }
}

impl Proxy {
    pub(crate) fn start(
        program: &Path,
        origin: SocketAddr,
        profile: &Path,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.env_clear().args(["run", "--seed", "1", "--log", "json"]);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.arg("--origin").arg(format!("http://{origin}")).arg("--profile").arg(profile);
        command.stderr(File::create(log).with_context(|| log.display().to_string())?);
        let (process, output) = Process::start(&mut command, None)?;
        let mut output = BufReader::new(output.context("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)
            .with_context(|| format!("vsps did not start; see {}", log.display()))?;
        let address = |key: &str| -> anyhow::Result<SocketAddr> {
            Ok(ready[key].as_str().context("no address in the ready line")?.parse()?)
        };
        let (listen, admin) = (address("listen")?, address("admin")?);
        Ok(Self { process, listen, admin, _output: output })
    }

    /// Arms a session with the profile of the start.
    pub(crate) fn session(&self) -> anyhow::Result<Session> {
        let text = http::json(self.admin, "POST", "/api/v1/sessions", "{}")?;
        let armed: Value = serde_json::from_str(&text)?;
        Ok(Session { id: armed["id"].as_str().context("no id")?.to_owned() })
    }

    /// Gives a session another rate.
    pub(crate) fn set_rate(&self, session: &Session, megabits: f64) -> anyhow::Result<()> {
        let path = format!("/api/v1/sessions/{}", session.id);
        let body = format!("{{\"rate\":\"{megabits} Mbit/s\"}}");
        http::json(self.admin, "PATCH", &path, &body).map(drop)
    }
}
