//! The data plane, and the phases of one exchange: identify, decide, respond, deliver.

use super::{
    cmcd_collector::collect,
    cmcd_request,
    cors::CorsRequest,
    decide::{Received, decide},
    deliver::deliver,
    exchange::Exchange,
    fetch::{Outbound, fetch},
    headers,
    identify::{Identified, identify},
    own_pages, redirect_hops, reply,
    respond::respond,
    response_script::run_response_script,
};
use crate::proxy::{
    body::{response_body::PlayerBody, source::Source, wake_schedule::WakeSchedule},
    config::ProxyConfig,
    downstream::{connection::Connection, connections::Connections, request_framing},
    error::ProxyError,
    upstream::OriginClient,
};
use crate::{
    clock::Clock,
    profiles::Catalog,
    sessions::{Registry, Session},
};
use http::{Request, Response};
use hyper::body::Incoming;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// The data plane: everything that exchanges share.
pub struct Proxy {
    pub(in crate::proxy) registry: Arc<Registry>,
    pub(in crate::proxy) catalog: Arc<Catalog>,
    pub(in crate::proxy) config: ProxyConfig,
    pub(in crate::proxy) upstream: OriginClient,
    pub(in crate::proxy) connections: Connections,
    pub(in crate::proxy) wake_schedule: Arc<WakeSchedule>,
}

/// The connection is to close without a response.
#[derive(Debug, thiserror::Error)]
#[error("closed without a response, as a rule or the link requires")]
pub(in crate::proxy) struct Unanswered;

impl Proxy {
    /// A data plane for the sessions of `registry`. It never fetches from `own`, the proxy's own addresses.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        catalog: Arc<Catalog>,
        config: ProxyConfig,
        own: Vec<SocketAddr>,
    ) -> Self {
        let upstream = OriginClient::new(&config, own);
        Self {
            registry,
            catalog,
            config,
            upstream,
            connections: Connections::default(),
            wake_schedule: Arc::default(),
        }
    }

    /// Sends bytes at the exact time, by a timer with its own thread: the runtime's timers have a resolution of a
    /// millisecond. Only for real time: the timer does not follow a paused clock.
    ///
    /// # Errors
    /// When the timer's thread can't be started.
    pub fn use_precise_timer(&self, clock: Clock) -> io::Result<()> {
        self.wake_schedule.use_precise_timer(clock)
    }

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
            Err(error) => return Ok(own_response(connection, cors, refusal(connection, &error))),
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

    /// Waits for `wait` in session time.
    pub(in crate::proxy) async fn pause(&self, session: &Session, wait: Duration) {
        self.wake_schedule.pause(session, wait).await;
    }

    /// Sends the request to the origin. A failure becomes an error response.
    pub(in crate::proxy) async fn fetch_from_origin(
        &self,
        mut outbound: Outbound,
        exchange: &mut Exchange,
    ) -> Response<Source> {
        if let Some(collected) = collect(&mut outbound).await {
            return collected;
        }
        match fetch(self, outbound, exchange).await {
            Ok(response) => response,
            Err(error) => refusal(exchange.connection(), &error),
        }
    }
}

/// The response to a request that could not be served.
fn refusal(connection: &Connection, error: &ProxyError) -> Response<Source> {
    if error.closes() {
        connection.refuse();
    }
    reply::failure(error)
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
