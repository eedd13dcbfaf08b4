//! Resolves host names to addresses.

use crate::names::Lookups;
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// Resolves host names to addresses.
#[derive(Debug, Clone)]
pub enum Resolver {
    /// With the system's resolver.
    System(Lookups),
    /// Only from a table: names in lower case, with their addresses.
    Table(Arc<HashMap<String, Vec<IpAddr>>>),
}

impl Default for Resolver {
    fn default() -> Self {
        Self::System(Lookups::default())
    }
}

impl Resolver {
    /// Looks up at most `most` names at the same time that were found before, and as many others.
    pub fn limit_lookups(&mut self, most: usize) {
        if let Self::System(lookups) = self {
            *lookups = Lookups::at_most(most);
        }
    }

    /// The addresses of `host`, which may be an address itself, in the order in which they are tried.
    ///
    /// # Errors
    /// When the host does not exist or can't be resolved.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(vec![(address, port).into()]);
        }
        let found: Vec<SocketAddr> = match self {
            Self::System(lookups) => lookups.find(bare, port).await?,
            Self::Table(table) => {
                let found = table.get(&bare.to_ascii_lowercase());
                found.into_iter().flatten().map(|address| (*address, port).into()).collect()
            }
        };
        if found.is_empty() {
            let problem = format!("{host} has no address");
            return Err(io::Error::new(io::ErrorKind::NotFound, problem));
        }
        Ok(found)
    }
}
