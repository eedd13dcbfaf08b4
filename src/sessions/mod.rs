//! Sessions: the state of one player's run through the proxy (link, rules, ladder, counters), and the registry
//! of all sessions.

mod access;
mod activity;
mod address;
mod arming;
mod bottleneck;
mod command;
mod command_text;
mod control;
mod cookies;
mod credentials;
mod downlink;
mod error_cache;
mod host;
mod known_hosts;
mod label;
mod limits;
mod link_sample;
mod manifest_reading;
mod named_profiles;
mod patch;
mod pending_redirects;
mod player_seen;
mod private;
mod recent_segments;
mod registry;
mod registry_config;
mod report_dedup;
mod revert;
mod schedule_runs;
mod session;
mod session_clock;
mod setting;
mod settings;
mod shaped_response;
mod shared;
mod shared_link;
mod signed_process_time;
mod upstream_url;
mod uris;
mod viewer;

#[cfg(test)]
mod tests;

pub use access::{AccessToken, Role};
pub use address::{Address, AddressError, Target, is_collector, names_session};
pub use arming::{Arming, ArmingRequest};
pub use bottleneck::{Bottleneck, Waiting};
pub use command::{Applied, Change, Command, CommandError};
pub use cookies::{CookieScope, Cookies, domain_matches};
pub use downlink::Downlink;
pub use error_cache::{CachedError, ErrorCache};
pub use host::{HostPattern, Origin, OriginError};
pub use label::namespace;
pub use limits::Limits;
pub use patch::Patch;
pub use pending_redirects::{PendingRedirects, RedirectedRequest};
pub use private::is_private_address;
pub use recent_segments::RecentSegments;
pub use registry::{LocateError, Opened, Registry, RegistryError, RulesError, StartError};
pub use registry_config::RegistryConfig;
pub use report_dedup::ReportDedup;
pub use session::Session;
pub use settings::Fault;
pub use shaped_response::ShapedResponse;
pub use shared::{
    Append, Changed, Created, Fleet, Joined, Logged, MemoryStore, NewRecord, Quota, RedisStore,
    Replica, Restored, SessionRecord, StateAnswer, StateError, StateOptions, StateStore, Stored,
    Touch, Updates, UsedNumbers,
};
pub use shared_link::{Difference, LinkError, SharedLink};
pub use upstream_url::UpstreamUrl;
pub use uris::SessionUris;
pub use viewer::Viewer;
