//! Under which name, and how, sessions share a link.

use super::{file::DownlinkTable, profile::Profile};
use crate::{
    model::{Sharing, TransportSpec},
    rules::Scope,
};
use std::sync::Arc;

/// A longer name is none.
const LONGEST: usize = 64;
const HINT: &str = "write up to 64 letters, digits, `-` and `_`, as in `house`";

/// What a profile says of sharing its link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// The link that its sessions use together; `None` = each has one of its own, unless the session
    /// names one.
    pub name: Option<Arc<str>>,
    /// As it is written.
    pub(super) sharing: Option<Sharing>,
}

impl Shared {
    /// A link's name as it was typed.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn link(name: &str) -> Result<Arc<str>, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
            return Err(format!("`{}` is no link's name; {HINT}", name.escape_default()));
        }
        Ok(name.into())
    }
}

impl Profile {
    /// How sessions share a link of this profile. Unless it says so: fairly, and over simulated TCP in
    /// the one queue that most real bottlenecks have, first come, first served.
    #[must_use]
    pub fn sharing(&self) -> Sharing {
        let over_tcp = self.link.transport == TransportSpec::Tcp;
        let default = if over_tcp { Sharing::FirstCome } else { Sharing::Fair };
        self.shared.sharing.unwrap_or(default)
    }
}

/// Validates `link` and `sharing`; `scope` is `[downlink]`.
pub(super) fn shared(table: &DownlinkTable, scope: &Scope<'_>) -> Shared {
    let name = table.link.as_ref().and_then(|name| match Shared::link(name.as_str()) {
        Ok(name) => Some(name),
        Err(_) => {
            scope.at("link").fault(format!("`{name}` is no link's name"), HINT);
            None
        }
    });
    let names = [Sharing::Fair, Sharing::FirstCome].map(|sharing| (sharing.as_str(), sharing));
    let sharing = table.sharing.as_ref();
    let sharing =
        sharing.and_then(|name| scope.at("sharing").choose("a way to share", name, &names));
    Shared { name, sharing }
}
