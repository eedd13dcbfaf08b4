//! Options of `vsps tcp`.

use super::{ListenAddress, LogFormat};
use crate::units::span;
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Options of `vsps tcp`.
#[derive(Debug, Default, Args)]
#[command(after_help = "\
Examples:
  vsps tcp                            toxiproxy's API on its usual port, 8474
  vsps tcp --config toxiproxy.json    with proxies from a file
  vsps tcp --seed 7                   the same random numbers each time

A proxy for an RTMP server, and a slow network on it:
  curl localhost:8474/proxies -d '{\"name\":\"rtmp\",\"listen\":\"localhost:1936\",\"upstream\":\"host:1935\"}'
  curl localhost:8474/proxies/rtmp/toxics -d '{\"type\":\"vsps\",\"attributes\":{\"profile\":\"3g\"}}'")]
pub struct TcpArgs {
    /// Where the API is, written like `vsps run --listen` [default: 127.0.0.1:8474].
    #[arg(long, env = "VSPS_TCP_LISTEN", value_name = "ADDR")]
    pub listen: Option<ListenAddress>,
    /// Proxies to start with: a JSON list as toxiproxy reads it.
    #[arg(long, env = "VSPS_TCP_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// All random numbers derive from it: the same in each run [default: drawn, and printed].
    #[arg(long, env = "VSPS_SEED", value_name = "N", value_parser = seed)]
    pub seed: Option<u64>,
    /// The time that open connections have to end when the program stops [default: 5 s].
    #[arg(long, env = "VSPS_DRAIN_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    pub drain_timeout: Option<Duration>,
    /// How logs are written [default: text].
    #[arg(long, env = "VSPS_LOG", value_name = "FORMAT")]
    pub log: Option<LogFormat>,
}

/// A seed; the message of the standard library does not say what to write.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("write a whole number from 0 to {}, as in 7", u64::MAX))
}
