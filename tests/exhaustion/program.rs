//! `vsps run` before its built-in origin, as a child process whose streams a test chooses.

use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{
    io::Read as _,
    net::{SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Far longer than a response takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The end takes less: blocked writes are waited for no longer than a second or two.
const END: Duration = Duration::from_secs(15);

pub(crate) struct Program {
    child: Child,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// `vsps run` on free ports, without variables of its own in the environment.
pub(crate) fn command(args: &[&str]) -> Command {
    shell("exec \"$0\" \"$@\"", args)
}

/// As [`command`], by way of a shell script that starts `"$0" "$@"`.
pub(crate) fn shell(script: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_vsps"), "run"]).args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("VSPS_")) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

impl Program {
    /// Starts `command`, and waits until it serves requests.
    pub(crate) async fn start(mut command: Command) -> Self {
        let (listen, admin) = (free(), free());
        let addresses =
            ["--listen".into(), listen.to_string(), "--admin".into(), admin.to_string()];
        let child = command.args(addresses).spawn().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let mut program = Self { child, listen, admin, client };
        for _ in 0..600 {
            if program.get_from(admin, "/healthz").await.is_some() {
                return program;
            }
            assert_eq!(program.child.try_wait().unwrap(), None, "it ended before it began");
            sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not answer")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    async fn get_from(&self, address: SocketAddr, path: &str) -> Option<Response<Incoming>> {
        let asked = self.client.get(format!("http://{address}{path}").parse().unwrap());
        timeout(PATIENCE, asked).await.expect("no answer").ok()
    }

    /// The status of `path`, its body read; `None` = no response.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let response = self.get_from(self.listen, path).await?;
        let status = response.status().as_u16();
        timeout(PATIENCE, response.into_body().collect()).await.expect("no end").ok()?;
        Some(status)
    }

    /// The value of a metric without labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let response = self.get_from(self.admin, "/metrics").await.expect("no metrics");
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = std::str::from_utf8(&text).unwrap();
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("no {name}")).rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Sends SIGTERM and waits for the end: the exit code.
    pub(crate) async fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("sh").args(["-c", "kill \"$0\"", &id]).status().unwrap().success());
        for _ in 0..END.as_millis() / 50 {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not end")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request of HTTP/2 for `path`.
pub(crate) fn request(address: SocketAddr, path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://{address}{path}")).body(Empty::new()).unwrap()
}

/// Reads all of a pipe on a thread of its own.
pub(crate) fn read_all(mut pipe: std::io::PipeReader) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    })
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
