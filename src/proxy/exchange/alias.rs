//! URL forms of other tools (chaos proxy, livesim): a request for one starts a session with the faults it names.

use super::{origin_policy::allowed_to_all, proxy::Proxy};
use crate::proxy::error::ProxyError;
use crate::{
    rules::{
        RuleSet,
        alias::{ChaosRequest, LivesimRequest, is_chaos},
    },
    sessions::{Address, ArmingRequest, Target, UpstreamUrl},
};
use http::{Method, request};
use std::{net::IpAddr, sync::Arc};

/// What a request without a session is for.
#[derive(Clone, Copy)]
pub(in crate::proxy) struct Asked<'a> {
    pub(in crate::proxy) target: &'a Target,
    pub(in crate::proxy) path: &'a str,
    /// Its path looks like that of a manifest.
    pub(in crate::proxy) manifest: bool,
}

/// If what is asked for has such a form, starts a session and returns the address to redirect the player to. `arming`
/// gives the other settings of the request.
pub(in crate::proxy) async fn enter(
    proxy: &Proxy,
    client: IpAddr,
    request: &request::Parts,
    Asked { target, path, manifest }: Asked<'_>,
    arming: impl FnOnce() -> Result<ArmingRequest, ProxyError>,
) -> Result<Option<String>, ProxyError> {
    let (bare, query) = path.split_once('?').unwrap_or((path, ""));
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Ok(None);
    }
    let (target, origin, path, rules) = if *target == Target::Default && is_chaos(bare) {
        let chaos = ChaosRequest::parse(bare, query).map_err(ProxyError::Parameter)?;
        let wrong = |error| ProxyError::Parameter(format!("url: {error}"));
        let UpstreamUrl { origin, path } = chaos.url.parse().map_err(wrong)?;
        if !allowed_to_all(proxy, &origin) {
            return Err(ProxyError::Host(origin.authority.to_string()));
        }
        (Target::Default, Some(origin), path, chaos.rules)
    } else if manifest {
        match LivesimRequest::parse(path).map_err(ProxyError::Parameter)? {
            Some(livesim) => (target.clone(), None, livesim.path, livesim.rules),
            None => return Ok(None),
        }
    } else {
        return Ok(None);
    };
    let mut arming = arming()?;
    let own = arming.rules.take().unwrap_or_default();
    arming.rules = Some(Arc::new(RuleSet::concat([&*own, &rules])));
    arming.origin = origin;
    let session = Box::pin(proxy.registry.open(Some(client), arming)).await?;
    Ok(Some(Address::write(Some(&session.id), &target, &path)))
}
