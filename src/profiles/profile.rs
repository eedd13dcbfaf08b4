//! A profile: a named link with rules.

use super::{file::ProfileFile, limit::Limit, sharing::Shared};
use crate::{
    model::{LinkSpec, Sharing, TransportSpec},
    rules::RuleSet,
};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// A named network: a link with rules.
///
/// Its JSON form is that of its file, preceded by the name. Every quantity is as written, with its unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Its name: the file name without `.toml`.
    pub name: String,
    /// What it imitates, in one line; empty when its file does not say.
    pub summary: String,
    /// Where its numbers come from, in one line; empty when its file does not say.
    pub source: String,
    /// The network.
    pub link: LinkSpec,
    /// The link of requests; without a rate it does not delay them.
    pub uplink: LinkSpec,
    /// Rate limits in addition to the link's.
    pub limits: Arc<[Limit]>,
    /// Whether sessions share the link.
    pub shared: Shared,
    /// Its rules.
    pub rules: RuleSet,
    /// As written, for display and for JSON.
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

impl Profile {
    /// How sessions share a link of this profile. Default: fair; over simulated TCP first come, first
    /// served, with one queue as in most real bottlenecks.
    #[must_use]
    pub fn sharing(&self) -> Sharing {
        let over_tcp = self.link.transport == TransportSpec::Tcp;
        let default = if over_tcp { Sharing::FirstCome } else { Sharing::Fair };
        self.shared.sharing.unwrap_or(default)
    }
}
