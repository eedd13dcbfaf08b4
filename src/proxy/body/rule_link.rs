//! What shapes a response besides its session's link: rate and link that rules set, and simulated TCP.

use crate::proxy::exchange::Exchange;
use crate::{
    model::{Link, LinkSpec, ResponseShaper, TransportSpec},
    seed::Seed,
    sessions::ShapedResponse,
    units::BitRate,
};
use http::uri::Authority;
use std::sync::Arc;

/// Rate and link that a rule sets for one response, in addition to the link that its session shares.
#[derive(Default)]
pub(in crate::proxy) struct RuleLink {
    pub(in crate::proxy) rate: Option<BitRate>,
    /// Rate and stalls of a profile, starting with the response's first byte.
    pub(in crate::proxy) link: Option<Arc<LinkSpec>>,
}

impl RuleLink {
    /// Whether no rule sets anything.
    pub(in crate::proxy) const fn is_empty(&self) -> bool {
        self.rate.is_none() && self.link.is_none()
    }

    /// The response of `exchange` from `host` on the downlink, planned under `link`, with random draws from `seed`.
    pub(in crate::proxy) fn shaped_response(
        &self,
        exchange: &Exchange,
        link: &Arc<LinkSpec>,
        host: Option<Authority>,
        seed: Seed,
    ) -> ShapedResponse {
        let session = &exchange.session;
        // The link may have started to shape since the request was planned.
        let link = if link.shapes_bodies() {
            Arc::clone(link)
        } else {
            Arc::clone(&session.arming().link)
        };
        let mut shaper = ResponseShaper::new(&link, self.rate, seed);
        if let Some(spec) = &self.link {
            let start = session.downlink.link_time(session.now());
            shaper.keep_to(Link::starting(start, spec, seed.named("profile")));
        }
        let response =
            ShapedResponse::new(shaper).within_limits(host, exchange.request.resource.media);
        if link.transport != TransportSpec::Tcp {
            return response;
        }
        let rtt = link.latency.rtt_at(session.downlink.running(session.now()));
        response.over_tcp(exchange.connection().path.transport(session.tag.ordinal, rtt))
    }
}
