//! Finds or starts the session of a request, and its origin and path.

use super::{alias, proxy::Proxy};
use crate::proxy::{config::SessionBy, error::ProxyError};
use crate::{
    media::{HOST_PARAMETER, looks_like_manifest},
    profiles::{Catalog, Shared},
    rules::RuleSet,
    sessions::{
        Address, ArmingRequest, Origin, Session, Target, UpstreamUrl, Viewer, is_collector,
    },
    units::{UnitError, span},
};
use http::{Method, request};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, net::IpAddr, sync::Arc};

/// The longest `vsps.rules` parameter: anyone may start a session with a link, so the size is bounded.
const LONGEST_RULES: usize = 8 * 1024;

/// The result of identifying a request.
pub(in crate::proxy) enum Identified {
    /// A request of `session` for `url`.
    Request { session: Arc<Session>, url: UpstreamUrl },
    /// The player is redirected to this address: that of a new session, or of the host of a pathway clone.
    Redirect { location: String },
}

/// Finds or starts the session of a request from `client`.
///
/// Here and in what follows, a future that few requests need is boxed: the future of an exchange has room for the largest.
pub(in crate::proxy) async fn identify(
    proxy: &Proxy,
    client: IpAddr,
    request: &request::Parts,
) -> Result<Identified, ProxyError> {
    let whole = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let address = Address::parse(whole)?;
    let (path, parameters) = split_parameters(address.path);
    if let Some((_, host)) = parameters.iter().find(|(name, _)| *name == HOST_PARAMETER) {
        let location = Box::pin(on_host(proxy, &address, host, &path)).await?;
        return Ok(Identified::Redirect { location });
    }
    let bare = || path.split('?').next().unwrap_or_default();
    let manifest = address.session.is_none() && looks_like_manifest(bare());
    if address.session.is_none() {
        let arming = || arming(&proxy.catalog, &parameters);
        let asked = alias::Asked { target: &address.target, path: &path, manifest };
        let location = alias::enter(proxy, client, request, asked, arming).await?;
        if let Some(location) = location {
            return Ok(Identified::Redirect { location });
        }
    }
    let session = match address.session {
        // A session that is here and up to date is found without the store.
        Some(id) => match proxy.registry.find_current(id) {
            Some(session) => session,
            None => Box::pin(proxy.registry.locate(id)).await?,
        },
        None => {
            let asks = matches!(request.method, Method::GET | Method::HEAD);
            match proxy.config.session_by {
                SessionBy::Client => {
                    let query = request.uri.query().unwrap_or_default();
                    let viewer = Viewer::of(client, query, &request.headers);
                    let arming = arming(&proxy.catalog, &parameters)?;
                    proxy.registry.of_viewer(viewer, client, arming)?
                }
                SessionBy::Redirect if manifest && asks => {
                    let arming = arming(&proxy.catalog, &parameters)?;
                    let session = Box::pin(proxy.registry.open(Some(client), arming)).await?;
                    let location = Address::write(Some(&session.id), &address.target, &path);
                    return Ok(Identified::Redirect { location });
                }
                SessionBy::Redirect if is_collector(&path) => {
                    proxy.registry.fallback_for_reports(client)
                }
                SessionBy::Redirect => proxy.registry.fallback(client),
            }
        }
    };
    let origin = match address.target {
        Target::Default => session.origin.clone(),
        Target::Named(origin) => origin,
    };
    Ok(Identified::Request { session, url: UpstreamUrl::new(origin, path.into_owned()) })
}

/// The address of `path` on the host of a pathway clone: content steering told the player to replace the host of
/// its URLs by this one (see `media::HOST_PARAMETER`).
async fn on_host(
    proxy: &Proxy,
    address: &Address<'_>,
    host: &str,
    path: &str,
) -> Result<String, ProxyError> {
    let host = percent_decode_str(host).decode_utf8_lossy();
    let named = match (&address.target, address.session) {
        (Target::Named(origin), _) => origin.clone(),
        (Target::Default, Some(id)) => Box::pin(proxy.registry.locate(id)).await?.origin.clone(),
        (Target::Default, None) => proxy.registry.config().origin.clone(),
    };
    let clone = Origin::new(named.scheme.as_str(), &host).ok_or_else(|| {
        ProxyError::Parameter(format!("{HOST_PARAMETER}: write a host, as in cdn.example"))
    })?;
    Ok(Address::write(address.session, &Target::Named(clone), path))
}

/// Separates the `vsps.*` parameters from a path's query. They are not sent to the origin.
pub(super) fn split_parameters(path: &str) -> (Cow<'_, str>, Vec<(&str, &str)>) {
    let Some((bare, query)) = path.split_once('?').filter(|(_, query)| query.contains("vsps."))
    else {
        return (path.into(), Vec::new());
    };
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("vsps."));
    let ours = ours.into_iter().map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    let path =
        if theirs.is_empty() { bare.into() } else { format!("{bare}?{}", theirs.join("&")).into() };
    (path, ours)
}

/// The session settings in the `vsps.*` parameters of a manifest request.
pub(super) fn arming(
    catalog: &Catalog,
    parameters: &[(&str, &str)],
) -> Result<ArmingRequest, ProxyError> {
    let mut request = ArmingRequest::default();
    for (name, value) in parameters {
        // Form encoding: URLSearchParams and urlencode write a space as a plus.
        let value = value.replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8_lossy();
        let wrong = |problem: String| ProxyError::Parameter(format!("{name}: {problem}"));
        match *name {
            "vsps.profile" => {
                // Built-in names only: a link must not make the proxy read files.
                let profile = catalog.named(&value).map_err(|error| wrong(error.to_string()))?;
                request.profile = Some(profile);
            }
            "vsps.seed" => {
                let hint = |_| wrong("write a whole number, as in vsps.seed=42".to_owned());
                request.seed = Some(value.parse().map_err(hint)?);
            }
            "vsps.rate" => {
                request.shaping.rate =
                    Some(value.parse().map_err(|error: UnitError| wrong(error.to_string()))?);
            }
            "vsps.rtt" => {
                request.shaping.rtt =
                    Some(span::parse(&value).map_err(|error| wrong(error.to_string()))?);
            }
            "vsps.loss" => {
                request.shaping.loss =
                    Some(value.parse().map_err(|error: UnitError| wrong(error.to_string()))?);
            }
            "vsps.link" => request.link = Some(Shared::link(&value).map_err(wrong)?),
            "vsps.label" => request.label = Some(Arc::from(clip(&value))),
            "vsps.rules" => {
                let rules = rules(&value).map_err(wrong)?;
                request.rules = Some(Arc::new(rules));
            }
            // Marks a request within a redirect chain; see `fault::hops`.
            "vsps.hops" => {}
            _ => {
                let known = "the parameters are vsps.profile, vsps.rate, vsps.rtt, vsps.loss, vsps.seed, vsps.rules, vsps.link, vsps.label";
                return Err(wrong(known.to_owned()));
            }
        }
    }
    Ok(request)
}

/// Parses rules in the compact form, which may contain names of built-in faults, or as a JSON array in the form of
/// a rule file.
fn rules(text: &str) -> Result<RuleSet, String> {
    if text.len() > LONGEST_RULES {
        return Err(format!("longer than {LONGEST_RULES} bytes; use --rules FILE or the API"));
    }
    if !text.trim_start().starts_with('[') {
        // By name only, as for profiles.
        return RuleSet::from_text(text);
    }
    let json = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    RuleSet::from_json("vsps.rules", json).map_err(|error| error.to_string())
}

/// The first 64 characters of a label.
fn clip(label: &str) -> String {
    label.chars().filter(|c| !c.is_control()).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_parameters_are_stripped_and_theirs_stay_as_they_are() {
        let (path, ours) = split_parameters("/a.m3u8?t=%2F1&vsps.seed=4&u=&vsps.label=x%20y");
        assert_eq!(path, "/a.m3u8?t=%2F1&u=");
        assert_eq!(ours, [("vsps.seed", "4"), ("vsps.label", "x%20y")]);
        assert_eq!(split_parameters("/a?vsps.seed=1").0, "/a");
        assert_eq!(split_parameters("/a?b=c").0, "/a?b=c");
    }
}
