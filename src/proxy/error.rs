//! Errors of an exchange: the side that caused them, and the response that the player gets.

use crate::{
    memory::UsedUp,
    sessions::{LocateError, StartError, StateError},
};
use http::StatusCode;
use std::{error::Error as StdError, io};

/// Why an exchange could not be served. The player gets a status, a `vsps-error` header and a JSON body that
/// describe the error.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    /// The address is not valid.
    #[error(transparent)]
    Address(#[from] crate::sessions::AddressError),
    /// The session is unknown.
    #[error(transparent)]
    Session(#[from] crate::sessions::RegistryError),
    /// The session cannot be used.
    #[error(transparent)]
    Located(#[from] LocateError),
    /// No session could be started.
    #[error(transparent)]
    Full(#[from] StartError),
    /// No further connection to an origin can be opened.
    #[error(
        "no further connection can be opened: too many open files; raise the limit (ulimit -n)"
    )]
    Busy,
    /// The memory budget is used up.
    #[error(transparent)]
    Memory(#[from] UsedUp),
    /// No further stream of an HTTP/2 connection may carry a tunnel.
    #[error(
        "too many tunnels are open on this connection, some of them in streams that the client has cancelled; use \
         another connection"
    )]
    Tunnels,
    /// A `vsps.*` parameter is wrong.
    #[error("{0}")]
    Parameter(String),
    /// The host may not be fetched from.
    #[error("host `{0}` is not allowed; start vsps with --allow-origin {0}")]
    Host(String),
    /// The host has a private address, and only a public origin named it.
    #[error(
        "`{host}` has the private address {address}; a public origin cannot open private addresses; \
         start vsps with --allow-origin {host}"
    )]
    Private {
        /// The host as the origin named it.
        host: String,
        /// The address it resolved to.
        address: std::net::IpAddr,
    },
    /// The host has a private address, and a client of the forward proxy may use public ones only.
    #[error(
        "`{host}` has the private address {address}; clients of the forward proxy get private addresses only of hosts \
         in --allow-origin; to permit this host, start vsps with --allow-origin {host}. Then clients can use only hosts \
         of --allow-origin: list the others there as well"
    )]
    PrivateForwarded {
        /// The host that the client asked for.
        host: String,
        /// The address it resolved to.
        address: std::net::IpAddr,
    },
    /// A request as for a forward proxy, which vsps is not.
    #[error(
        "{0} is not an address of vsps. To reach another server through vsps, start vsps with --forward; if {0} is how \
         players reach vsps, set --public-url {0}"
    )]
    NoForwardProxy(String),
    /// The request goes in a circle.
    #[error(
        "the request has passed through vsps more than {0} times: the origin leads back to vsps; set --origin to the \
         server that has the media"
    )]
    Hops(usize),
    /// The origin is this proxy.
    #[error("{0} is an address of vsps itself; use the origin's own address")]
    Loop(String),
    /// CONNECT, where it can't be served.
    #[error(
        "method {0} is served only if vsps was started with --forward; it is not served over HTTP/3, nor inside a \
         connection that --intercept decrypts"
    )]
    Method(http::Method),
    /// Request line and headers are larger than allowed.
    #[error("the request's line and headers are larger than --max-header")]
    HeadTooLarge,
    /// The request is invalid, or its framing is ambiguous.
    #[error("malformed request: {0}")]
    Framing(&'static str),
    /// The request's body was incomplete or malformed.
    #[error("the request body could not be read: {0}")]
    Body(String),
    /// The request's body is larger than allowed.
    #[error("the request body is larger than --max-request-body")]
    TooLarge,
    /// The origin failed.
    #[error("{problem}")]
    Upstream {
        /// The kind of failure.
        cause: Cause,
        /// The error text.
        problem: String,
    },
}

/// Kinds of failure of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Dns,
    Connect,
    Tls,
    ConnectTimeout,
    FirstByteTimeout,
    Reset,
    Closed,
    Garbage,
    Other,
}

impl Cause {
    /// The name used in labels and headers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::ConnectTimeout => "connect-timeout",
            Self::FirstByteTimeout => "first-byte-timeout",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Garbage => "garbage",
            Self::Other => "other",
        }
    }

    /// The kind of `error`, found in its chain of sources. `connecting`: there was no connection yet.
    pub(super) fn of(error: &(dyn StdError + 'static), connecting: bool) -> Self {
        let text = chain(error);
        let mut source: Option<&(dyn StdError + 'static)> = Some(error);
        while let Some(inner) = source {
            if let Some(io) = inner.downcast_ref::<io::Error>() {
                match io.kind() {
                    io::ErrorKind::TimedOut if connecting => return Self::ConnectTimeout,
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                        return Self::Reset;
                    }
                    _ => {}
                }
            }
            if inner.is::<rustls::Error>() {
                return Self::Tls;
            }
            if let Some(hyper) = inner.downcast_ref::<hyper::Error>() {
                if hyper.is_parse() {
                    return Self::Garbage;
                }
                if hyper.is_incomplete_message() || hyper.is_closed() {
                    return Self::Closed;
                }
            }
            source = deeper(inner);
        }
        match connecting {
            true if text.contains("dns error") => Self::Dns,
            true => Self::Connect,
            false => Self::Other,
        }
    }
}

/// The cause of `error`. An I/O error's `source` skips the error that it wraps, so that one is returned instead.
pub(super) fn deeper<'a>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

/// An error and its causes in one line.
pub(super) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let more = inner.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = inner.source();
    }
    text
}

impl ProxyError {
    /// The status of the response.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::Address(_) | Self::Session(_) => StatusCode::NOT_FOUND,
            Self::Located(LocateError::Missing(_) | LocateError::Forged(_)) => {
                StatusCode::NOT_FOUND
            }
            Self::Located(LocateError::Start(StartError::Link(_))) => StatusCode::BAD_REQUEST,
            Self::Located(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full(StartError::State(StateError::Quota(..))) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy
            | Self::Memory(_)
            | Self::Tunnels
            | Self::Full(StartError::Full(_) | StartError::State(_)) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Full(_) => StatusCode::BAD_REQUEST,
            Self::Parameter(_) | Self::Framing(_) | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Host(_) | Self::Private { .. } | Self::PrivateForwarded { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::Loop(_) | Self::Hops(_) | Self::NoForwardProxy(_) => StatusCode::FORBIDDEN,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Upstream { cause, .. } => match cause {
                Cause::ConnectTimeout | Cause::FirstByteTimeout => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            },
        }
    }

    /// Whether the connection closes without reading the rest of the request.
    pub(super) const fn closes(&self) -> bool {
        matches!(self, Self::Framing(_) | Self::Body(_) | Self::HeadTooLarge | Self::TooLarge)
    }

    /// Whether a retry may succeed soon.
    pub(super) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Memory(_))
    }

    /// Which side failed: `upstream` = the origin, `downstream` = the request, `internal` = the proxy.
    pub(super) const fn side(&self) -> &'static str {
        match self {
            Self::Upstream { .. } => "upstream",
            Self::Busy
            | Self::Memory(_)
            | Self::Full(StartError::Full(_) | StartError::State(_)) => "internal",
            Self::Located(LocateError::Missing(_) | LocateError::Forged(_)) => "downstream",
            Self::Located(_) => "internal",
            _ => "downstream",
        }
    }

    /// The cause, as one word.
    pub(super) const fn cause(&self) -> &'static str {
        match self {
            Self::Address(_) => "address",
            Self::Session(_) => "session",
            Self::Located(LocateError::Missing(_) | LocateError::Forged(_)) => "session",
            Self::Located(LocateError::State(_)) | Self::Full(StartError::State(_)) => "state",
            Self::Located(LocateError::Start(StartError::Link(_))) => "link",
            Self::Located(LocateError::Start(_)) => "sessions",
            Self::Full(StartError::Full(_)) => "sessions",
            Self::Full(_) => "link",
            Self::Busy | Self::Tunnels => "connections",
            Self::Memory(_) => "memory",
            Self::Parameter(_) => "parameter",
            Self::Host(_) | Self::Private { .. } | Self::PrivateForwarded { .. } => "host",
            Self::NoForwardProxy(_) => "forward",
            Self::Loop(_) | Self::Hops(_) => "loop",
            Self::Method(_) => "method",
            Self::HeadTooLarge => "request-header",
            Self::Framing(_) => "request-framing",
            Self::Body(_) | Self::TooLarge => "request-body",
            Self::Upstream { cause, .. } => cause.as_str(),
        }
    }
}
