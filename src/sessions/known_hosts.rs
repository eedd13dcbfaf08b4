//! The hosts that the manifests and redirects of a session have named, and the credentials in their URLs.

use super::{credentials::Credentials, host::Origin};
use http::{HeaderValue, uri::Authority};
use parking_lot::RwLock;
use std::collections::HashSet;

/// The most hosts that a session's manifests can open. Further hosts stay closed.
const MOST_HOSTS: usize = 256;

/// Hosts that a session may fetch from, besides its default origin.
#[derive(Debug, Default)]
pub(super) struct KnownHosts {
    hosts: RwLock<HashSet<Authority>>,
    credentials: RwLock<Credentials>,
}

impl KnownHosts {
    /// Opens `host`. Whether it was not open before.
    pub(super) fn open(&self, host: &Authority) -> bool {
        if self.is_open(host) {
            return false;
        }
        let mut hosts = self.hosts.write();
        hosts.len() < MOST_HOSTS && hosts.insert(host.clone())
    }

    /// All of them, sorted.
    pub(super) fn list(&self) -> Vec<String> {
        let mut list: Vec<_> = self.hosts.read().iter().map(ToString::to_string).collect();
        list.sort_unstable();
        list
    }

    /// Whether `host` was opened.
    pub(super) fn is_open(&self, host: &Authority) -> bool {
        self.hosts.read().contains(host)
    }

    /// Stores the user information of a URL of `origin`.
    pub(super) fn keep_credentials(&self, origin: &Origin, user: &str) {
        self.credentials.write().keep(origin, user);
    }

    /// The `Authorization` value for `origin`, if a URL contained user information.
    pub(super) fn credentials(&self, origin: &Origin) -> Option<HeaderValue> {
        self.credentials.read().of(origin)
    }
}
