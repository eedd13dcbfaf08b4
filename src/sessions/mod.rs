//! One viewer: who it is, its link, its rules and what it has seen; and the registry of all.

mod address;
mod arming;
mod attempts;
mod bottleneck;
mod clock;
mod command;
mod control;
mod cookies;
mod credentials;
mod downlink;
mod host;
mod kept_errors;
mod led;
mod limits;
mod private;
mod registry;
mod repeats;
mod revert;
mod session;
mod setting;
mod settings;
mod shared_link;
mod trail;
mod uris;
mod viewer;

#[cfg(test)]
mod tests;

pub use address::{Address, AddressError, Target};
pub use arming::{Arming, ArmingRequest};
pub use attempts::{Asked, Span};
pub use bottleneck::{Bottleneck, Waiting};
pub use clock::Clock;
pub use command::{Change, Command, CommandError, Obeyed};
pub use cookies::{CookieScope, Cookies, domain_matches};
pub use downlink::Downlink;
pub use host::{HostPattern, Origin, OriginError};
pub use kept_errors::{KeptError, KeptErrors};
pub use led::{Followed, Led};
pub use limits::Limits;
pub use private::is_private_address;
pub use registry::{Registry, RegistryConfig, RegistryError, StartError};
pub use repeats::Repeats;
pub use session::Session;
pub use settings::Fault;
pub use shared_link::{Difference, LinkError, SharedLink};
pub use trail::Trail;
pub use uris::SessionUris;
pub use viewer::Viewer;
