//! The pool of connections to origins. Each carries one exchange at a time, so that a viewer who reads slowly or not
//! at all does not block another.
//!
//! A request without a body, and a response of known length, need no client: see `plain_exchange.rs`. Most media
//! responses have a known length, and thousands of slow downloads run at the same time. hyper writes all other requests, and
//! reads heads and bodies whose end it must detect. Its connection is taken from it where the length is known.

use super::{
    OriginBody, Reach,
    body::PoolReturn,
    carried_response::CarriedResponse,
    carrier::{Carrier, Refused},
    failure::Failure,
    guard::{Guard, Opened},
    h1_connection::Outgoing,
    http2,
    idle_connections::{IdleConnection, IdleConnections, PoolKey, WorkerPools},
    origin_networks::OriginNetworks,
    read_policy::ReadPolicy,
    stream::Stream,
    throttled_stream::ThrottledStream,
    tls::{Protocol, Tls},
};
use crate::sessions::Origin;
use http::{Response, uri::Scheme};
use hyper::body::Body as _;
use std::{error::Error as StdError, sync::Arc, time::Duration};

/// How often a request that the origin refused without processing is sent again.
const MOST_REFUSALS: u32 = 2;

/// The pool.
pub(super) struct Pool {
    pub(super) guard: Guard,
    pub(super) tls: Arc<Tls>,
    pub(super) idle: Arc<IdleConnections>,
    pub(super) networks: Arc<OriginNetworks>,
    /// The idle connections of all workers.
    workers: Arc<WorkerPools>,
    /// How long an origin may read nothing of a request that it has answered.
    unread: Duration,
}

impl Pool {
    pub(super) fn new(guard: Guard, unread: Duration) -> Self {
        let workers = Arc::new(WorkerPools::new(guard.places()));
        let idle = workers.add();
        Self { guard, tls: Arc::new(Tls::new()), idle, networks: Arc::default(), workers, unread }
    }

    /// The same pool with idle connections of its own, for another worker.
    pub(super) fn for_worker(&self) -> Self {
        Self {
            guard: self.guard.clone(),
            tls: Arc::clone(&self.tls),
            idle: self.workers.add(),
            networks: Arc::clone(&self.networks),
            workers: Arc::clone(&self.workers),
            unread: self.unread,
        }
    }

    /// Closes an idle connection, to free its permit: one of its own, or else of another worker.
    pub(super) fn close_idle(&self) {
        if !self.idle.close_one() {
            self.workers.close_one();
        }
    }

    /// Sends `request` to `origin` and returns the response, which is read with `read_policy`.
    pub(super) async fn send(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        request: Box<Outgoing>,
        read_policy: ReadPolicy,
    ) -> Result<Response<OriginBody>, Failure> {
        let pool_key = PoolKey {
            scheme: origin.scheme.clone(),
            authority: origin.authority.clone(),
            read_policy,
            public_only: self.networks.public_only(reach),
        };
        let bodiless = request.body().is_end_stream();
        let carried = self.exchange(origin, reach, request, &pool_key).await?;
        let home = PoolReturn { idle: Arc::clone(&self.idle), pool_key };
        let response = carried.into_response(home, bodiless, self.unread).await;
        response.map_err(|error| failed(error, false))
    }

    /// Sends `request` and waits for the head of its response.
    ///
    /// The origin may have closed an idle connection, which is detected only by using it. A request that was not
    /// processed is then sent again on a new connection: one of which nothing was sent, or a safe one without a body
    /// if nothing of its response has arrived (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    async fn exchange(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        mut request: Box<Outgoing>,
        pool_key: &PoolKey,
    ) -> Result<CarriedResponse, Failure> {
        let (mut fresh, mut refusals) = (false, 0);
        loop {
            let idle = if fresh { None } else { self.idle_connection(pool_key).await };
            let reused = idle.is_some();
            let carrier = match idle {
                Some(carrier) => carrier,
                None => Box::pin(self.new_connection(origin, reach, pool_key)).await?,
            };
            let Refused { error, unsent, copy, unprocessed } =
                match carrier.send(request, origin, reused).await {
                    Ok(response) => return Ok(response),
                    Err(refused) => *refused,
                };
            refusals += u32::from(unprocessed);
            let again = reused || (unprocessed && refusals < MOST_REFUSALS);
            match unsent.or(copy).filter(|_| again) {
                Some(once_more) => (request, fresh) = (once_more, true),
                None => return Err(failed(error, false)),
            }
        }
    }

    /// An idle connection that is still usable.
    async fn idle_connection(&self, pool_key: &PoolKey) -> Option<Carrier> {
        while let Some(idle) = self.idle.take(pool_key) {
            match idle {
                IdleConnection::Bare(mut stream) => {
                    if stream.is_quiet().await {
                        return Some(Carrier::Bare(stream));
                    }
                }
                IdleConnection::Whole(mut connection) => {
                    if connection.is_fresh().await {
                        return Some(Carrier::Http1(connection));
                    }
                }
                IdleConnection::Http2(mut sender) => {
                    // An error: the origin has closed the connection.
                    if sender.ready().await.is_ok() {
                        return Some(Carrier::Http2(sender));
                    }
                }
            }
        }
        None
    }

    /// Opens a new connection.
    async fn new_connection(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        pool_key: &PoolKey,
    ) -> Result<Carrier, Failure> {
        let read_policy = pool_key.read_policy;
        if origin.scheme == Scheme::HTTP {
            let tcp = self.connect(origin, reach, pool_key).await?;
            let stream = ThrottledStream::new(Stream::Tcp(tcp.stream), read_policy.at_once);
            return Ok(Carrier::Bare(stream.at(tcp.place)));
        }
        let protocol = self.tls.preferred(&origin.authority);
        let mut tcp = self.connect(origin, reach, pool_key).await?;
        let timeout = self.guard.timeout();
        let secured = match self.tls.handshake(tcp.stream, origin, protocol, timeout).await {
            Err(error)
                if protocol == Protocol::Http1
                    && self.tls.refuses_http1(&origin.authority, &error) =>
            {
                tcp = self.connect(origin, reach, pool_key).await?;
                self.tls.handshake(tcp.stream, origin, Protocol::Http2, timeout).await
            }
            secured => secured,
        };
        match secured.map_err(|error| failed(error, true))? {
            (stream, Protocol::Http1) => {
                let stream = ThrottledStream::new(stream, read_policy.at_once);
                Ok(Carrier::Bare(stream.at(tcp.place)))
            }
            (stream, Protocol::Http2) => {
                let sender =
                    http2::start(ThrottledStream::new(stream, u64::MAX).at(tcp.place), read_policy)
                        .await;
                sender.map(Carrier::Http2).map_err(|error| failed(error, true))
            }
        }
    }

    async fn connect(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        pool_key: &PoolKey,
    ) -> Result<Opened, Failure> {
        let (read_policy, public_only) = (pool_key.read_policy, pool_key.public_only);
        let opened =
            self.guard.connect(origin, read_policy, public_only, || self.close_idle()).await;
        let opened = opened.map_err(|error| failed(error, true))?;
        self.networks.note(origin, reach, opened.private);
        Ok(opened)
    }
}

pub(super) fn failed(
    error: impl Into<Box<dyn StdError + Send + Sync>>,
    connecting: bool,
) -> Failure {
    Failure { error: error.into(), connecting }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Resolver, guard::PrivateAddress, places::Places},
        *,
    };
    use crate::proxy::body::upload::Upload;
    use bytes::Bytes;
    use http::Request;
    use http_body_util::{BodyExt as _, Limited};
    use std::{net::IpAddr, time::Duration};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    /// Answers `GET` with one byte, and keeps every connection open.
    async fn lasting_origin() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.read_buf(&mut Vec::new()).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
                stream.write_all(answer).await.unwrap();
                open.push(stream);
            }
        });
        port
    }

    async fn fetch(pool: &Pool, port: u16) -> Result<Bytes, Failure> {
        let origin = Origin::new("http", &format!("127.0.0.1:{port}")).unwrap();
        let request = Request::get("/a").body(Limited::new(Upload::none(), 0)).unwrap();
        let answer = pool.send(&origin, Reach::Allowed, Box::new(request), ReadPolicy::FREE);
        let answer = answer.await?;
        Ok(answer.into_body().collect().await.unwrap().to_bytes())
    }

    #[tokio::test]
    async fn an_idle_connection_of_another_worker_makes_place() {
        let (first, second) = (lasting_origin().await, lasting_origin().await);
        let guard = Guard::new(Resolver::default(), vec![], Places::new(1), Duration::from_secs(5));
        let pool = Pool::new(guard, Duration::from_secs(60));
        let other = pool.for_worker();
        assert_eq!(fetch(&pool, first).await.ok().unwrap(), "a");
        assert_eq!(fetch(&other, second).await.ok().unwrap(), "a");
        assert!(pool.idle.take(&key(first)).is_none(), "closed for the other worker");
        assert!(other.idle.take(&key(second)).is_some());
    }

    fn key(port: u16) -> PoolKey {
        let origin = Origin::new("http", &format!("127.0.0.1:{port}")).unwrap();
        let Origin { scheme, authority, .. } = origin;
        PoolKey { scheme, authority, read_policy: ReadPolicy::FREE, public_only: false }
    }

    /// An exchange that is limited to public addresses does not get the idle connection of one that is not.
    #[tokio::test]
    async fn a_reused_connection_is_no_way_around_a_check_of_addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.read_buf(&mut Vec::new()).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
                stream.write_all(answer).await.unwrap();
                open.push(stream);
            }
        });
        let names = [("inside.test".to_owned(), vec![IpAddr::from([127, 0, 0, 1])])];
        let resolver = Resolver::Table(Arc::new(names.into()));
        let guard = Guard::new(resolver, vec![], Places::new(9), Duration::from_secs(5));
        let pool = Pool::new(guard, Duration::from_secs(60));
        let inside = Origin::new("http", &format!("inside.test:{port}")).unwrap();
        let public = Origin::new("http", "origin.test").unwrap();
        let request =
            || Box::new(Request::get("/a").body(Limited::new(Upload::none(), 0)).unwrap());
        let answer = pool.send(&inside, Reach::Allowed, request(), ReadPolicy::FREE).await;
        let body = answer.unwrap_or_else(|failure| panic!("{}", failure.error)).into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "a");
        let refused =
            pool.send(&inside, Reach::NamedBy(&public), request(), ReadPolicy::FREE).await;
        assert!(refused.is_err_and(|failure| failure.error.is::<PrivateAddress>()));
    }
}
