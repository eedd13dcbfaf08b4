//! What the data plane needs to know: every limit has a default, and every default can be set.

use super::upstream::Resolver;
use crate::{rules::Script, sessions::HostPattern, units::ByteSize};
use std::{sync::Arc, time::Duration};

/// How requests are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionBy {
    /// A manifest request is answered 307 to an address of its own.
    #[default]
    Redirect,
    /// By CMCD `sid`, else by address and User-Agent; addresses stay as they are.
    Client,
}

/// How long the proxy waits for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request to the end of its headers.
    pub header: Duration,
    /// Between requests on a connection.
    pub idle: Duration,
    /// For a connection to the origin.
    pub connect: Duration,
    /// From a request to the origin's response headers.
    pub first_byte: Duration,
    /// For exchanges under way when the proxy stops.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            drain: Duration::from_secs(5),
        }
    }
}

/// How much the proxy takes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together.
    pub header: ByteSize,
    /// A request body.
    pub request_body: ByteSize,
    /// A manifest that is read and rewritten; larger ones pass through untouched.
    pub manifest: ByteSize,
    /// Connections from players at a time.
    pub connections: usize,
    /// Connections to origins at a time; requests beyond are refused.
    pub origin_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header: ByteSize::from_kibibytes(64),
            request_body: ByteSize::from_kibibytes(16 * 1024),
            manifest: ByteSize::from_kibibytes(16 * 1024),
            connections: 10_000,
            origin_connections: usize::MAX,
        }
    }
}

/// The data plane's settings.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// How sessions are told apart.
    pub session_by: SessionBy,
    /// Hosts that may be fetched beside the default origin's. When there are none, a session's own
    /// manifests open hosts for it.
    pub allow: Vec<HostPattern>,
    /// Whether CORS headers are added where the origin sends none.
    pub cors: bool,
    /// `scheme://host[:port]` under which players reach the proxy, for its addresses in manifests;
    /// `None` = as requests say.
    pub public_url: Option<Arc<str>>,
    /// Whether what players tell about themselves (CMCD) ends here: neither rules nor origin see it.
    pub strip_cmcd: bool,
    /// Decides requests before the rules do.
    pub script: Option<Arc<Script>>,
    /// Finds the addresses of origins.
    pub resolver: Resolver,
    /// Waits.
    pub timeouts: Timeouts,
    /// Bounds.
    pub limits: Limits,
}

impl Default for ProxyConfig {
    fn default() -> Self {
        Self {
            session_by: SessionBy::default(),
            allow: Vec::new(),
            cors: true,
            public_url: None,
            strip_cmcd: false,
            script: None,
            resolver: Resolver::default(),
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}
