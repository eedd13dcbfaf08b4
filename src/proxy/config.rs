//! The settings of the data plane. Every limit has a default that can be changed.

use super::{downstream::tls::TlsServer, trusted_front::AddressRange, upstream::Resolver};
use crate::{rules::Script, sessions::HostPattern, units::ByteSize};
use http::HeaderValue;
use std::{sync::Arc, time::Duration};

/// How requests are assigned to sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionBy {
    /// A manifest request is redirected (307) to the address of a new session.
    #[default]
    Redirect,
    /// By CMCD `sid`, or else by IP address and User-Agent. URLs do not change.
    Client,
}

/// Time-outs of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// From the first byte of a request to the end of its headers.
    pub header: Duration,
    /// For the next request on a connection.
    pub idle: Duration,
    /// For opening a connection to the origin.
    pub connect: Duration,
    /// From a request to the origin's response headers.
    pub first_byte: Duration,
    /// For a write to a player that has ended its side of the connection.
    pub half_closed: Duration,
    /// For exchanges still under way when the proxy stops.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(60),
            half_closed: Duration::from_millis(100),
            drain: Duration::from_secs(5),
        }
    }
}

/// Size and connection limits of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together.
    pub header: ByteSize,
    /// A request body.
    pub request_body: ByteSize,
    /// A manifest that is read and rewritten. Larger ones pass unchanged.
    pub manifest: ByteSize,
    /// Concurrent connections from players.
    pub connections: usize,
    /// Concurrent connections to origins. Further requests are refused.
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

/// The settings of the forward proxy.
#[derive(Debug, Clone, Default)]
pub struct ForwardConfig {
    /// Every host with public addresses may be fetched from. Otherwise only those of [`ProxyConfig::allow`] and the
    /// default origin's.
    pub open: bool,
    /// Hosts whose TLS is terminated here, with certificates of the local CA.
    pub intercept: Vec<HostPattern>,
    /// Signs the certificates of those hosts.
    pub certificates: Option<Arc<TlsServer>>,
}

/// The data plane's settings.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// How requests are assigned to sessions.
    pub session_by: SessionBy,
    /// Hosts that may be fetched from besides the default origin's. If the list is empty, a session's own manifests
    /// open hosts for it.
    pub allow: Vec<HostPattern>,
    /// Whether CORS headers are added where the origin sends none.
    pub cors: bool,
    /// `scheme://host[:port]` under which players reach the proxy, for its addresses in manifests;
    /// `None` = as requests say.
    pub public_url: Option<Arc<str>>,
    /// Whether what players tell about themselves (CMCD) ends here: neither rules nor origin see it.
    pub strip_cmcd: bool,
    /// Whether responses say what the link allows (CMSD).
    pub cmsd: bool,
    /// A script that decides requests before the rules.
    pub script: Option<Arc<Script>>,
    /// Finds the addresses of origins.
    pub resolver: Resolver,
    /// TLS with players; `None` = plain HTTP.
    pub tls: Option<Arc<TlsServer>>,
    /// Where HTTP/3 is served, told to players on TLS (RFC 7838); `None` = nowhere.
    pub alt_svc: Option<HeaderValue>,
    /// Servers in front that say whose request they pass on.
    pub trust_proxy: Vec<AddressRange>,
    /// The forward proxy; `None` = only requests for the proxy itself are served.
    pub forward: Option<ForwardConfig>,
    /// Time-outs.
    pub timeouts: Timeouts,
    /// Size and connection limits.
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
            cmsd: false,
            script: None,
            resolver: Resolver::default(),
            tls: None,
            alt_svc: None,
            trust_proxy: Vec::new(),
            forward: None,
            timeouts: Timeouts::default(),
            limits: Limits::default(),
        }
    }
}
