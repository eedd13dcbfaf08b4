//! The name of a shared link, and how sessions share it.

use super::file::DownlinkTable;
use crate::{document::Scope, model::Sharing};
use std::sync::Arc;

/// The longest name.
const LONGEST: usize = 64;
const HINT: &str = "write up to 64 letters, digits, `-` and `_`, as in `house`";

/// The sharing settings of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shared {
    /// The link that its sessions share; `None` = each session has its own link, unless the session names
    /// one.
    pub name: Option<Arc<str>>,
    /// As written.
    pub(super) sharing: Option<Sharing>,
}

impl Shared {
    /// Reads the name of a link.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn link(name: &str) -> Result<Arc<str>, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
            return Err(format!("`{}` is not a link name; {HINT}", name.escape_default()));
        }
        Ok(name.into())
    }
}

/// Validates `link` and `sharing`; `scope` is `[downlink]`.
pub(super) fn shared(table: &DownlinkTable, scope: &Scope<'_>) -> Shared {
    let name = table.link.as_ref().and_then(|name| match Shared::link(name.as_str()) {
        Ok(name) => Some(name),
        Err(_) => {
            scope.at("link").fault(format!("`{name}` is not a link name"), HINT);
            None
        }
    });
    let names = [Sharing::Fair, Sharing::FirstCome].map(|sharing| (sharing.as_str(), sharing));
    let sharing = table.sharing.as_ref();
    let sharing =
        sharing.and_then(|name| scope.at("sharing").choose("a way to share", name, &names));
    Shared { name, sharing }
}
