//! The command of `vsps run --forward -- COMMAND`: a client of the proxy that ends with it.

use super::Failure;
use crate::system;
use std::{ffi::OsString, net::SocketAddr};
use tokio::process::{Child, Command};

/// Programs look for their proxy in these; some read only one spelling.
const VARIABLES: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];

/// A command that was started, or none.
#[derive(Debug)]
pub(super) struct WrappedCommand(Option<Child>);

impl WrappedCommand {
    /// Starts `command`, a program with its arguments, as a client of the proxy at `listen`. Nothing if it is empty.
    pub(super) fn start(command: &[OsString], listen: SocketAddr) -> Result<Self, Failure> {
        let Some((program, arguments)) = command.split_first() else { return Ok(Self(None)) };
        let proxy = match listen {
            // A client can't connect to an unspecified address.
            SocketAddr::V4(_) if listen.ip().is_unspecified() => {
                format!("http://127.0.0.1:{}", listen.port())
            }
            SocketAddr::V6(_) if listen.ip().is_unspecified() => {
                format!("http://[::1]:{}", listen.port())
            }
            listen => format!("http://{listen}"),
        };
        let mut child = Command::new(program);
        child.args(arguments).envs(VARIABLES.map(|name| (name, &proxy))).kill_on_drop(true);
        let started = child.spawn().map_err(|error| {
            Failure::usage(format_args!("{}: {error}", program.to_string_lossy()))
        })?;
        Ok(Self(Some(started)))
    }

    /// Waits until it ends; forever if there is none. Returns its exit code; 128 and the signal, if a signal ended it.
    pub(super) async fn ended(&mut self) -> u8 {
        let Some(child) = &mut self.0 else { return std::future::pending().await };
        child.wait().await.map_or(1, system::exit_code)
    }

    /// Requests its end.
    pub(super) fn terminate(&mut self) {
        if let Some(child) = &mut self.0 {
            system::terminate(child);
        }
    }
}
