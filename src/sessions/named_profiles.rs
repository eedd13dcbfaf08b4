//! The profiles that a command can name.

use super::command::CommandError;
use crate::profiles::{Catalog, Profile};
use std::sync::Arc;

/// The built-in profiles by name, and the profile of the command line, which may be from a file.
#[derive(Debug)]
pub(super) struct NamedProfiles {
    /// The built-in profiles.
    pub(super) catalog: Arc<Catalog>,
    /// The profile of the command line.
    pub(super) default: Arc<Profile>,
}

impl NamedProfiles {
    /// The built-in profile `name`; the profile of the command line for `None`.
    pub(super) fn find(&self, name: Option<&Arc<str>>) -> Result<Arc<Profile>, CommandError> {
        let Some(name) = name else { return Ok(Arc::clone(&self.default)) };
        self.catalog.named(name).map_err(|_| CommandError::UnknownProfile(Arc::clone(name)))
    }
}
