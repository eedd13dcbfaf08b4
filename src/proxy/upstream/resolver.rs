//! Finds the addresses of hosts.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Finds the addresses of hosts.
#[derive(Debug, Clone, Default)]
pub enum Resolver {
    /// As the system does.
    #[default]
    System,
    /// By a table alone: names in lower case, with their addresses.
    Table(Arc<HashMap<String, Vec<IpAddr>>>),
}

impl Resolver {
    /// The addresses of `host`, which may be an address itself, in the order in which they are tried.
    ///
    /// # Errors
    /// When there is no such host, or nobody who knows.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let found: Vec<SocketAddr> = match self {
            Self::System => tokio::net::lookup_host((bare, port)).await?.collect(),
            Self::Table(table) => {
                let found = table.get(&bare.to_ascii_lowercase());
                found.into_iter().flatten().map(|address| (*address, port).into()).collect()
            }
        };
        match found.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"))),
            false => Ok(found),
        }
    }
}
