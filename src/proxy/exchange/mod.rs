//! One request and its response: identify the session, decide, fetch, and answer.

pub(super) mod alias;
pub(super) mod arrival;
mod cmcd_collector;
pub(super) mod cmcd_post;
pub(super) mod cmcd_request;
mod cmsd;
pub(super) mod cookies;
pub(super) mod cors;
mod decide;
mod deliver;
#[expect(clippy::module_inception, reason = "the folder is named for its main type")]
mod exchange;
mod fetch;
pub(super) mod forward;
pub(super) mod headers;
pub(super) mod identify;
mod max_forwards;
pub(super) mod observe;
pub(super) mod origin_policy;
pub(super) mod outbound;
pub(super) mod own_address;
mod own_pages;
pub(super) mod protocol_switch;
pub(super) mod proxy;
mod redirect_hops;
pub(super) mod redirect_target;
pub(super) mod reply;
mod respond;
pub(super) mod response_script;
mod server_timing;
mod service;
mod stopwatch;
pub(super) mod switch;
pub(super) mod unanswered;

pub(super) use exchange::Exchange;
