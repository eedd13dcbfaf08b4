//! Certificates that the local CA signs when a player asks for a name or an address, and remembers.

use crate::{
    local_ca::{LocalCa, LocalCaError},
    units::UnixTime,
};
use parking_lot::Mutex;
use rustls::ServerConfig;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The most names remembered. Signing takes less than a millisecond, so when there are more, all are forgotten.
const MOST_NAMES: usize = 1024;
/// A certificate is signed again when it is this old, long before it expires.
const RENEWAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The settings of a server for each name.
#[derive(Debug)]
pub(super) struct LocalCertificates {
    ca: Arc<LocalCa>,
    /// Further names in the certificates for players that name no host, which are those that use an address.
    addresses: Vec<String>,
    signed: Mutex<HashMap<String, Signed>>,
}

#[derive(Debug)]
struct Signed {
    at: UnixTime,
    config: Arc<ServerConfig>,
}

impl LocalCertificates {
    pub(super) fn new(ca: Arc<LocalCa>, addresses: Vec<String>) -> Self {
        Self { ca, addresses, signed: Mutex::default() }
    }

    pub(super) const fn ca(&self) -> &Arc<LocalCa> {
        &self.ca
    }

    /// The settings for a player that asked for `name`, or for no name at the address `own`, at Unix time `now`.
    /// `finish` completes new ones.
    pub(super) fn config(
        &self,
        name: Option<&str>,
        own: &str,
        now: UnixTime,
        finish: impl FnOnce(ServerConfig) -> ServerConfig,
    ) -> Result<Arc<ServerConfig>, LocalCaError> {
        let key = name.unwrap_or(own);
        let mut signed = self.signed.lock();
        if let Some(known) = signed.get(key).filter(|known| known.at + RENEWAL > now) {
            return Ok(Arc::clone(&known.config));
        }
        let mut names = vec![key.to_owned()];
        if name.is_none() {
            names.extend(self.addresses.iter().filter(|other| *other != key).cloned());
        }
        let leaf = self.ca.sign(&names, now)?;
        let builder = ServerConfig::builder().with_no_client_auth();
        let config = builder.with_single_cert(leaf.chain, leaf.key).map_err(|error| {
            LocalCaError::Sign { name: key.to_owned(), problem: error.to_string() }
        })?;
        let config = Arc::new(finish(config));
        if signed.len() >= MOST_NAMES {
            signed.clear();
        }
        signed.insert(key.to_owned(), Signed { at: now, config: Arc::clone(&config) });
        Ok(config)
    }
}
