//! A profile: a link and rules, with the story they tell.

use super::{file::ProfileFile, limit::Limit, sharing::Shared};
use crate::{model::LinkSpec, rules::RuleSet};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// A named network: a link, and rules that go with it.
///
/// Its JSON form is that of its file, with the name before it, and every quantity as it was
/// written, with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// What it imitates, in one line; empty when its file does not say.
    pub summary: String,
    /// Where its numbers come from, in one line; empty when its file does not say.
    pub source: String,
    /// The network.
    pub link: LinkSpec,
    /// The way of requests; without a rate it holds nothing up.
    pub uplink: LinkSpec,
    /// Rates beside the link's.
    pub limits: Arc<[Limit]>,
    /// Whether sessions share the link.
    pub shared: Shared,
    /// The rules that go with it.
    pub rules: RuleSet,
    /// As it was written, for showing and for JSON.
    pub(super) file: ProfileFile,
}

impl Serialize for Profile {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Named<'a> {
            name: &'a str,
            #[serde(flatten)]
            file: &'a ProfileFile,
        }
        Named { name: &self.name, file: &self.file }.serialize(to)
    }
}
