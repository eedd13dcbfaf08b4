//! Addresses of other tools: they start a session with the faults that they name.

use super::{origin_policy::allowed_to_all, service::Proxy};
use crate::proxy::error::ProxyError;
use crate::{
    media::looks_like_manifest,
    rules::{
        RuleSet,
        alias::{ChaosRequest, LivesimRequest, is_chaos},
    },
    sessions::{Address, ArmingRequest, Origin, Target},
};
use http::{Method, request};
use std::{net::IpAddr, sync::Arc};

/// Where the player shall come again, if `path` at `target` (in no session) is such an address;
/// `arming` is what else was asked for.
pub(in crate::proxy) fn enter(
    proxy: &Proxy,
    client: IpAddr,
    request: &request::Parts,
    (target, path): (&Target, &str),
    arming: impl FnOnce() -> Result<ArmingRequest, ProxyError>,
) -> Result<Option<String>, ProxyError> {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Ok(None);
    }
    let (target, origin, path, rules) = if *target == Target::Default && is_chaos(bare) {
        let asked = ChaosRequest::parse(bare, query).map_err(ProxyError::Parameter)?;
        let wrong = |error| ProxyError::Parameter(format!("url: {error}"));
        let (origin, path) = Origin::split(&asked.url).map_err(wrong)?;
        if !allowed_to_all(proxy, &origin) {
            return Err(ProxyError::Host(origin.authority.to_string()));
        }
        (Target::Default, Some(origin), path, asked.rules)
    } else if looks_like_manifest(bare) {
        match LivesimRequest::parse(path).map_err(ProxyError::Parameter)? {
            Some(asked) => (target.clone(), None, asked.path, asked.rules),
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let mut arming = arming()?;
    let own = arming.rules.take().unwrap_or_default();
    arming.rules = Some(Arc::new(RuleSet::concat([&*own, &rules])));
    arming.origin = origin;
    let session = proxy.registry.start(Some(client), arming)?;
    Ok(Some(Address::write(Some(&session.tag.id), &target, &path)))
}
