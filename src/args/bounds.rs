//! The options of `vsps run` that bound what it takes on: times, sizes and numbers.

use super::fill::fill;
use crate::units::{ByteSize, span};
use clap::Args;
use serde::Deserialize;
use std::time::Duration;

/// Options of `vsps run` that bound what it takes on.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
#[command(next_help_heading = "Bounds")]
pub struct BoundArgs {
    /// The longest time from a request's first byte to the end of its headers [default: 10 s].
    #[arg(long, env = "VSPS_HEADER_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub header_timeout: Option<Duration>,
    /// The longest time between requests on a connection [default: 75 s].
    #[arg(long, env = "VSPS_IDLE_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub idle_timeout: Option<Duration>,
    /// The longest time to connect to the origin [default: 10 s].
    #[arg(long, env = "VSPS_CONNECT_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub connect_timeout: Option<Duration>,
    /// The longest time from a request to the origin's response headers; each part of an upload starts it again, if the
    /// upload has at least 1 KiB/s [default: 1 m].
    #[arg(long, env = "VSPS_FIRST_BYTE_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub first_byte_timeout: Option<Duration>,
    /// How long a player that has ended its side of the connection is sent nothing before it counts as gone; 0 s = at once
    /// [default: 100 ms].
    #[arg(long, env = "VSPS_HALF_CLOSE_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub half_close_timeout: Option<Duration>,
    /// How long the proxy waits for current responses when it stops [default: 5 s].
    #[arg(long, env = "VSPS_DRAIN_TIMEOUT", value_name = "SPAN", value_parser = span::parse)]
    #[serde(with = "span::option")]
    pub drain_timeout: Option<Duration>,
    /// The largest head of a request: its line and headers together [default: 64 KiB].
    #[arg(long, env = "VSPS_MAX_HEADER", value_name = "SIZE")]
    pub max_header: Option<ByteSize>,
    /// The largest body of a request [default: 16 MiB].
    #[arg(long, env = "VSPS_MAX_REQUEST_BODY", value_name = "SIZE")]
    pub max_request_body: Option<ByteSize>,
    /// The largest manifest that is read; larger ones are passed on unchanged [default: 16 MiB].
    #[arg(long, env = "VSPS_MAX_MANIFEST", value_name = "SIZE")]
    pub max_manifest: Option<ByteSize>,
    /// The most connections from players at a time [default: 10000].
    #[arg(long, env = "VSPS_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<usize>,
    /// The most memory for what clients can make the proxy hold: learnt and edited manifests, bytes that rules hold back,
    /// responses of HTTP/2 and HTTP/3 that are not read, long heads. One client gets half of it [default: a quarter of the
    /// machine's memory].
    #[arg(long, env = "VSPS_MEMORY_BUDGET", value_name = "SIZE")]
    pub memory_budget: Option<ByteSize>,
    /// How many sessions have Prometheus series of their own, at most 1000 [default: 0].
    #[arg(long, env = "VSPS_SESSION_METRICS", value_name = "N")]
    pub session_metrics: Option<usize>,
    /// The most sessions at a time of each namespace, of all replicas together; the namespace is the label up to the first `/`
    /// [default: no bound].
    #[arg(long, env = "VSPS_NAMESPACE_SESSIONS", value_name = "N")]
    pub namespace_sessions: Option<u64>,
    /// The most new sessions per second of each namespace, of all replicas together [default: no bound].
    #[arg(long, env = "VSPS_NAMESPACE_RATE", value_name = "N")]
    pub namespace_rate: Option<u64>,
    /// The most sessions at a time [default: 10000].
    #[arg(long, env = "VSPS_MAX_SESSIONS", value_name = "N")]
    pub max_sessions: Option<usize>,
}

impl BoundArgs {
    /// These options, and what they leave out from `file`.
    pub(super) fn over(mut self, file: &Self) -> Self {
        fill!(self, file, header_timeout, idle_timeout, connect_timeout, first_byte_timeout);
        fill!(
            self,
            file,
            half_close_timeout,
            drain_timeout,
            max_header,
            max_request_body,
            max_manifest
        );
        fill!(self, file, max_connections, max_sessions, session_metrics, memory_budget);
        fill!(self, file, namespace_sessions, namespace_rate);
        self
    }
}
