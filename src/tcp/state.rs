//! The state of the API.

use super::{
    environment::Environment,
    error::ApiError,
    listen_address::Addresses,
    proxy_set::{ProxySet, Wanted, all_wanted},
};
use tokio::sync::{Mutex, MutexGuard};

/// The state of the API.
#[derive(Debug)]
pub(super) struct State {
    pub environment: Environment,
    /// Not locked while names are looked up, nor while connections may still end.
    pub proxies: Mutex<ProxySet>,
}

/// What a list of proxies has made: the proxies, the names of those that were made, and the error that stopped it.
type Populated<'a> = (MutexGuard<'a, ProxySet>, Vec<String>, Result<(), ApiError>);

impl State {
    /// Makes the proxies of a list in JSON.
    pub(super) async fn populate(&self, list: &[u8]) -> Result<Populated<'_>, ApiError> {
        let wanted = all_wanted(list)?;
        let addresses = Addresses::find(wanted.iter().map(Wanted::listen)).await;
        let mut proxies = self.proxies.lock().await;
        let (made, result) = proxies.populate(wanted, &addresses, &self.environment).await;
        Ok((proxies, made, result))
    }
}
