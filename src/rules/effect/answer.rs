//! Responses that the proxy makes itself, without a request to the origin: a status, or a redirect.

use crate::units::span;
use std::{fmt, sync::Arc, time::Duration};

/// A response with this status, without a request to the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// 200 to 599.
    pub code: u16,
    /// The `Retry-After` header.
    pub retry_after: Option<RetryAfter>,
    /// The body; `None` = JSON that names the rule.
    pub body: Option<Arc<[u8]>>,
    /// The body's `Content-Type`; `None` = `text/html` for a body given, else JSON.
    pub content_type: Option<Arc<str>>,
}

/// The value of `Retry-After` (RFC 9110 §10.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds(u64),
    /// A date, this long after now.
    Date(Duration),
}

impl Status {
    /// This status, with defaults for the rest.
    #[must_use]
    pub const fn of(code: u16) -> Self {
        Self { code, retry_after: None, body: None, content_type: None }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        match self.retry_after {
            None => Ok(()),
            Some(RetryAfter::Seconds(seconds)) => write!(f, ", retry after {seconds}"),
            Some(RetryAfter::Date(later)) => {
                write!(f, ", retry after now + {}", span::print(later))
            }
        }
    }
}

/// A redirect, without a request to the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The target.
    pub to: Goal,
}

/// The target of a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// To this URL or reference, as written. It is not rewritten to stay in the session.
    Url(Arc<str>),
    /// To the same path and query at another host (`host` or `host:port`), past the proxy.
    Host(Arc<str>),
    /// Through a number of redirects in the session, then to the requested resource.
    Chain(u8),
    /// To itself, without end.
    Loop,
}

impl fmt::Display for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.status)?;
        match &self.to {
            Goal::Url(url) => write!(f, "to {url}"),
            Goal::Host(host) => write!(f, "to host {host}"),
            Goal::Chain(hops) => write!(f, "through {hops} hops"),
            Goal::Loop => f.write_str("to itself"),
        }
    }
}
