//! toxiproxy's HTTP API.

mod metrics;
mod proxies;
mod reply;
mod router;
mod toxics;

pub(super) use router::{VERSION, router};
