//! Redirects that rules make: within the session where possible, chains, and loops.

use crate::{
    media::{Resource, rewrite_uri},
    proxy::{
        body::source::Source,
        exchange::{
            Exchange, origin_policy::reach, outbound::Outbound, proxy::Proxy,
            redirect_target::RedirectTarget, reply,
        },
    },
    rules::{Goal, Redirect},
    sessions::{Address, Target, UpstreamUrl},
};
use http::{Response, StatusCode, request};
use url::Url;

/// The query parameter that counts down a redirect chain. It is not sent to the origin.
const HOPS: &str = "vsps.hops=";

/// Makes the redirect of a rule.
pub(super) fn redirect(
    proxy: &Proxy,
    redirect: &Redirect,
    exchange: &mut Exchange,
    url: &UpstreamUrl,
    head: &request::Parts,
) -> Response<Source> {
    let here = own_address(head);
    let itself = |marked| RedirectTarget { url: url.clone(), ours: true, same: true, marked };
    let (location, target) = match &redirect.to {
        Goal::Url(to) => redirect_address(proxy, exchange, url, to, false),
        Goal::Host(host) => {
            let there = format!("{}://{host}{}", url.origin.scheme, url.path);
            redirect_address(proxy, exchange, url, &there, true)
        }
        // This response is the first hop; the last one redirects to the requested resource.
        Goal::Chain(hops) => (hop(&here, hops.saturating_sub(1)), Some(itself(true))),
        Goal::Loop => (here, Some(itself(false))),
    };
    exchange.redirect_target = target;
    let status = StatusCode::from_u16(redirect.status).unwrap_or(StatusCode::FOUND);
    redirect_response(status, &location)
}

/// The address to redirect a player to `to`: an address within its session, unless the session may not fetch from
/// that host. `same`: the target is the requested resource.
fn redirect_address(
    proxy: &Proxy,
    exchange: &Exchange,
    url: &UpstreamUrl,
    to: &str,
    same: bool,
) -> (String, Option<RedirectTarget>) {
    let outside = || (to.to_owned(), None);
    let there = match to.starts_with("/-/").then(|| Address::parse(to)) {
        None => Url::parse(&url.text()).and_then(|from| from.join(to)).ok(),
        // An address of the proxy: of another origin, or of another session, which is not changed.
        Some(Ok(Address { session: None, target: Target::Named(origin), path })) => {
            Url::parse(&origin.url(path)).ok()
        }
        Some(_) => None,
    };
    let Some(there) = there else { return outside() };
    let Ok(target) = there.as_str().parse::<UpstreamUrl>() else { return outside() };
    let host = &target.origin;
    if reach(&proxy.config, &exchange.session, host, &Resource::unknown()).is_none() {
        tracing::debug!(%host, "a rule redirects out of the session: the host is not allowed");
        return outside();
    }
    let uris = exchange.session.uris(&url.origin);
    // A path of the same origin is kept unchanged.
    let same_origin = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/-/");
    let written = if same_origin { to } else { there.as_str() };
    let location = rewrite_uri(written, &uris).unwrap_or_else(|| written.to_owned());
    (location, Some(RedirectTarget { url: target, ours: true, same, marked: false }))
}

/// The number of hops left, for a request within a redirect chain.
pub(in crate::proxy) fn hops(head: &request::Parts) -> Option<u8> {
    let query = head.uri.query()?;
    query.split('&').find_map(|pair| pair.strip_prefix(HOPS))?.parse().ok()
}

/// The next redirect of a chain, while hops are left.
pub(in crate::proxy) fn next_hop(
    exchange: &mut Exchange,
    outbound: &Outbound,
) -> Option<Response<Source>> {
    let left = hops(&outbound.head)?.checked_sub(1)?;
    let url = outbound.url.clone();
    exchange.redirect_target = Some(RedirectTarget { url, ours: true, same: true, marked: true });
    Some(redirect_response(StatusCode::FOUND, &hop(&own_address(&outbound.head), left)))
}

fn hop(here: &str, left: u8) -> String {
    let joint = if here.contains('?') { '&' } else { '?' };
    format!("{here}{joint}{HOPS}{left}")
}

/// The address that the player requested, without the hop count.
fn own_address(head: &request::Parts) -> String {
    let Some(query) = head.uri.query().filter(|query| query.contains(HOPS)) else {
        return head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    };
    let kept: Vec<_> = query.split('&').filter(|pair| !pair.starts_with(HOPS)).collect();
    if kept.is_empty() {
        head.uri.path().to_owned()
    } else {
        format!("{}?{}", head.uri.path(), kept.join("&"))
    }
}

fn redirect_response(status: StatusCode, location: &str) -> Response<Source> {
    let mut response = reply::redirect(location);
    *response.status_mut() = status;
    response
}
