//! One request and its response: identify the session, decide, fetch, and answer.

pub(super) mod alias;
pub(super) mod arrival;
pub(super) mod cmcd_collector;
pub(super) mod cmcd_post;
pub(super) mod cmcd_request;
pub(super) mod cmsd;
pub(super) mod cookies;
pub(super) mod cors;
pub(super) mod fetch;
pub(super) mod headers;
pub(super) mod identify;
pub(super) mod observe;
pub(super) mod origin_policy;
pub(super) mod redirect_hops;
pub(super) mod reply;
pub(super) mod response_script;
pub(super) mod service;
pub(super) mod stopwatch;
pub(super) mod ticket;
