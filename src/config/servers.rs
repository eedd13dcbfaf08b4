//! The servers of a run: where they listen, and what the data port serves beside HTTP.

use super::ConfigError;
use crate::{
    args::{ListenAddress, PublicUrl, RunArgs, TlsChoice},
    clock::Clock,
    local_ca,
    proxy::{ForwardConfig, TlsServer},
};
use std::{net::SocketAddr, sync::Arc};

/// Where to listen; `port` of this machine unless `typed` names another address.
pub(super) fn address(
    typed: Option<&ListenAddress>,
    option: &'static str,
    port: u16,
) -> Result<SocketAddr, ConfigError> {
    let Some(typed) = typed else { return Ok(SocketAddr::from(([127, 0, 0, 1], port))) };
    typed.resolve().map_err(|cause| ConfigError::NoAddress {
        option,
        address: typed.clone(),
        cause,
    })
}

/// The forward proxy on `listen`, if there is to be one.
pub(super) fn forward(
    args: &RunArgs,
    listen: SocketAddr,
) -> Result<Option<ForwardConfig>, ConfigError> {
    if !args.forward.unwrap_or(false) {
        return match (args.intercept.is_empty(), args.command.is_empty()) {
            (false, _) => Err(ConfigError::NeedsForward("--intercept")),
            (_, false) => Err(ConfigError::NeedsForward("a command after `--`")),
            _ => Ok(None),
        };
    }
    let open = args.allow_origin.is_empty();
    if open && !listen.ip().is_loopback() {
        return Err(ConfigError::OpenForward(listen));
    }
    let certificates =
        if args.intercept.is_empty() { None } else { Some(tls(&TlsChoice::Local, None)?) };
    Ok(Some(ForwardConfig { open, intercept: args.intercept.clone(), certificates }))
}

/// Whether HTTP/3 is to be served.
pub(super) fn http3(wanted: Option<bool>, tls: bool) -> Result<bool, ConfigError> {
    match wanted.unwrap_or(false) {
        false => Ok(false),
        true if !cfg!(feature = "h3") => {
            Err(ConfigError::Http3("is not in this build: build with `--features h3`"))
        }
        true if !tls => Err(ConfigError::Http3("needs --tls: QUIC has no form without TLS")),
        true => Ok(true),
    }
}

/// The server side of TLS.
pub(super) fn tls(
    choice: &TlsChoice,
    public_url: Option<&PublicUrl>,
) -> Result<Arc<TlsServer>, ConfigError> {
    let clock = Clock::start();
    let now = clock.unix_time(clock.now());
    Ok(Arc::new(match choice {
        TlsChoice::Local => {
            let ca = local_ca::open(&local_ca::default_folder()?, now)?;
            let addresses = public_url.map(|url| url.host().to_owned()).into_iter().collect();
            TlsServer::local(Arc::new(ca), addresses)
        }
        TlsChoice::Files { certificate, key } => TlsServer::from_files(certificate, key, now)?,
    }))
}
