//! The data plane on real sockets: an origin that can violate the protocol, a player that records every byte
//! and how each connection ends, and the proxy between them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, in its helpers too")]

mod aliases;
mod answer_framing;
mod answers;
mod attempts;
mod bad_requests;
mod bad_upstreams;
mod bodies;
mod budgets;
mod catalogue;
mod cookies;
mod cors;
mod decisions;
mod drain;
mod edits;
mod faults;
mod forward;
mod framing;
mod full;
mod goaway;
mod half_closed;
#[cfg(feature = "h3")]
mod http3;
mod interception;
mod interim;
mod kept_connections;
mod leading;
mod long_manifests;
mod manifests;
mod memory;
mod mpds;
mod observing;
mod origin;
mod player;
mod player_data;
mod private_addresses;
mod profiles;
mod progressive;
mod recorded;
mod redirects;
mod replay;
mod resent_requests;
mod rig;
mod same_content;
mod scripts;
mod session_entry;
mod sessions;
mod sharing;
mod spliced;
mod tls;
mod transparency;
mod unlearnt;
mod usual_requests;
