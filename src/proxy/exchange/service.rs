//! The phases of one exchange: identify, decide, respond, deliver.

use super::{
    cmcd_request,
    cors::CorsRequest,
    decide::{Received, decide},
    deliver::deliver,
    headers,
    identify::{Identified, identify},
    outbound::Outbound,
    own_pages,
    proxy::Proxy,
    redirect_hops, reply,
    respond::respond,
    response_script::run_response_script,
    unanswered::Unanswered,
};
use crate::proxy::{
    body::{response_body::PlayerBody, source::Source},
    downstream::{connection::Connection, request_framing},
};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{net::IpAddr, sync::Arc};

impl Proxy {
    /// Serves one request of `client` on `connection`.
    pub(in crate::proxy) async fn serve(
        &self,
        connection: &Arc<Connection>,
        client: IpAddr,
        request: Request<Incoming>,
    ) -> Result<Response<PlayerBody>, Unanswered> {
        let (mut head, body) = request.into_parts();
        let cors = if self.config.cors { CorsRequest::of(&head) } else { None };
        connection.speaks(head.version);
        if let Some(page) = own_pages::answer(&self.config, connection, &head) {
            return Ok(own_response(connection, cors, page));
        }
        let checked = request_framing::check(connection, &head, &body, &self.config.limits);
        let identified = checked.and_then(|()| identify(self, client, &head));
        let (session, mut url) = match identified {
            Ok(Identified::Request { session, url }) => (session, url),
            Ok(Identified::Redirect { location }) => {
                return Ok(own_response(connection, cors, reply::redirect(&location)));
            }
            Err(error) => {
                return Ok(own_response(connection, cors, reply::refusal(connection, &error)));
            }
        };
        let cmcd = cmcd_request::read(&url.path, &head.headers);
        let head_size = headers::request_head_size(&head.method, &url.path, &head.headers);
        if self.config.strip_cmcd {
            cmcd_request::strip(&mut url.path, &mut head.headers);
        }
        session.settled().await;
        let received = Received { head: &head, url: &url, cmcd };
        let mut exchange = decide(self, connection, session, received);
        let outbound = Outbound::new(url, head, body, head_size, &exchange);
        let mut response = respond(self, &mut exchange, outbound).await?;
        redirect_hops::carry_over(&mut exchange);
        response = run_response_script(self, &mut exchange, response).await;
        self.pause(&exchange.session, exchange.response_latency()).await;
        if let Some(cors) = cors {
            cors.permit(&mut response);
        }
        Ok(deliver(self, exchange, response).await)
    }
}

/// A response of the proxy that is not shaped by a session's link.
fn own_response(
    connection: &Connection,
    cors: Option<CorsRequest>,
    mut response: Response<Source>,
) -> Response<PlayerBody> {
    connection.enter();
    connection.leave(connection.now());
    if let Some(cors) = cors {
        cors.permit(&mut response);
    }
    response.map(|source| PlayerBody::Plain(Box::new(source)))
}
