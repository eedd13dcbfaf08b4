//! Redirects that rules ask for: within the session where that is possible, in chains, and in circles.

use crate::{
    media::{Resource, rewrite_uri},
    proxy::{
        body::source::Source,
        exchange::{
            fetch::Outbound, origin_policy::reach, redirect_hops::Leads, reply, service::Proxy,
            ticket::Ticket,
        },
    },
    rules::{Goal, Redirect},
    sessions::{Address, Origin, Target},
};
use http::{Response, StatusCode, request};
use url::Url;

/// The parameter by which a chain of redirects counts down; the origin never sees it.
const HOPS: &str = "vsps.hops=";

/// The redirect that a rule asks for.
pub(super) fn redirect(
    proxy: &Proxy,
    redirect: &Redirect,
    ticket: &mut Ticket,
    (origin, path): (&Origin, &str),
    head: &request::Parts,
) -> Response<Source> {
    let here = own_address(head);
    let itself = |marked| Leads { url: origin.url(path), ours: true, same: true, marked };
    let (location, leads) = match &redirect.to {
        Goal::Url(url) => aim(proxy, ticket, (origin, path), url, false),
        Goal::Host(host) => {
            let there = format!("{}://{host}{path}", origin.scheme);
            aim(proxy, ticket, (origin, path), &there, true)
        }
        // The first hop is this one; the last one leads to what was asked for.
        Goal::Chain(hops) => (hop(&here, hops.saturating_sub(1)), Some(itself(true))),
        Goal::Loop => (here, Some(itself(false))),
    };
    ticket.leads = leads;
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    led(status, &location)
}

/// The address to send a player to who shall go to `to`: one within its session, unless that is on a host that
/// the session may not fetch from. `same`: what is there is what was asked for.
fn aim(
    proxy: &Proxy,
    ticket: &Ticket,
    (origin, path): (&Origin, &str),
    to: &str,
    same: bool,
) -> (String, Option<Leads>) {
    let beyond = || (to.to_owned(), None);
    let there = match to.starts_with("/-/").then(|| Address::parse(to)) {
        None => Url::parse(&origin.url(path)).and_then(|from| from.join(to)).ok(),
        // An address of ours: of another origin, or of another session, which is left alone.
        Some(Ok(Address { session: None, target: Target::Named(origin), path })) => {
            Url::parse(&origin.url(path)).ok()
        }
        Some(_) => None,
    };
    let Some(there) = there else { return beyond() };
    let Ok((host, rest)) = Origin::split(there.as_str()) else { return beyond() };
    if reach(&proxy.config, &ticket.session, &host, &Resource::unknown()).is_none() {
        tracing::debug!(%host, "a rule's redirect leads out of the session: the host is not allowed");
        return beyond();
    }
    let uris = ticket.session.uris(origin);
    // A path of the same origin is kept as it is written.
    let written = match to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/-/") {
        true => to,
        false => there.as_str(),
    };
    let location = rewrite_uri(written, &uris).unwrap_or_else(|| written.to_owned());
    let url = host.url(&rest);
    (location, Some(Leads { url, ours: true, same, marked: false }))
}

/// The number of hops still to come, of a request within a chain of redirects.
pub(in crate::proxy) fn hops(head: &request::Parts) -> Option<u8> {
    let query = head.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix(HOPS))?.parse().ok()
}

/// The answer within a chain, while there are hops to come.
pub(in crate::proxy) fn next_hop(
    ticket: &mut Ticket,
    outbound: &Outbound,
) -> Option<Response<Source>> {
    let left = hops(&outbound.head)?.checked_sub(1)?;
    let url = outbound.origin.url(&outbound.path);
    ticket.leads = Some(Leads { url, ours: true, same: true, marked: true });
    Some(led(StatusCode::FOUND, &hop(&own_address(&outbound.head), left)))
}

fn hop(here: &str, left: u8) -> String {
    let joint = if here.contains('?') { '&' } else { '?' };
    format!("{here}{joint}{HOPS}{left}")
}

/// The address that the player asked for, without its count of hops.
fn own_address(head: &request::Parts) -> String {
    let Some(query) = head.uri.query().filter(|query| query.contains(HOPS)) else {
        return head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    };
    let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with(HOPS)).collect();
    match kept.is_empty() {
        true => head.uri.path().to_owned(),
        false => format!("{}?{}", head.uri.path(), kept.join("&")),
    }
}

fn led(status: StatusCode, location: &str) -> Response<Source> {
    let mut response = reply::redirect(location);
    *response.status_mut() = status;
    response
}
