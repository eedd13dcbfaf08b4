//! The state of the API.

use super::{environment::Environment, proxy_set::ProxySet};
use tokio::sync::Mutex;

/// The state of the API.
#[derive(Debug)]
pub(super) struct State {
    pub environment: Environment,
    pub proxies: Mutex<ProxySet>,
}
