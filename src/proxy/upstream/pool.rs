//! The pool of connections to origins. Each carries one exchange at a time, so that a viewer who reads slowly or not
//! at all does not block another.
//!
//! hyper writes requests, and reads heads and bodies whose end it must detect. A body of known length needs only a
//! byte count: its connection is taken from hyper after the head, and given back with the next request. This saves
//! hyper's buffers, its request queue and a task to wake for each download. Most media responses have a known length,
//! and thousands of slow downloads run at the same time.

use super::{
    OriginBody, Reach,
    answer_framing::settle,
    body::{DirectBody, HyperBody, PoolReturn, PooledBody, StreamBody},
    carrier::{Carrier, Refused},
    failure::Failure,
    guard::{Guard, Opened},
    h1_connection::{H1Connection, Outgoing},
    http2,
    idle_connections::{IdleConnection, IdleConnections, PoolKey, WorkerPools},
    origin_networks::OriginNetworks,
    read_policy::ReadPolicy,
    stream::Stream,
    throttled_stream::ThrottledStream,
    tls::{Protocol, Tls},
};
use crate::sessions::Origin;
use bytes::Bytes;
use http::{HeaderMap, Response, Version, header, response, uri::Scheme};
use hyper::body::{Body as _, Incoming};
use std::{
    error::Error as StdError, future::poll_fn, pin::Pin, sync::Arc, task::Poll, time::Duration,
};
use tokio::sync::oneshot;

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
        let (carrier, answer) = self.exchange(origin, reach, request, &pool_key).await?;
        let home = PoolReturn { idle: Arc::clone(&self.idle), pool_key };
        let (mut head, body) = answer.into_parts();
        let body = match carrier {
            Carrier::Http2(sender) => OriginBody::Stream(StreamBody::new(body, sender, home)),
            Carrier::Http1(connection) => {
                let reusable = settle(&mut head.headers).map_err(|error| failed(error, false))?;
                let home = reusable.then_some(home);
                if bodiless {
                    read(&head, body, connection, home).await
                } else {
                    read_while_sending(body, connection, home, self.unread)
                }
            }
        };
        Ok(Response::from_parts(head, body))
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
    ) -> Result<(Carrier, Response<Incoming>), Failure> {
        let (mut fresh, mut refusals) = (false, 0);
        loop {
            let idle = if fresh { None } else { self.idle_connection(pool_key).await };
            let reused = idle.is_some();
            let mut carrier = match idle {
                Some(carrier) => carrier,
                None => Box::pin(self.new_connection(origin, reach, pool_key)).await?,
            };
            let Refused { error, unsent, copy, unprocessed } =
                match carrier.send(request, origin, reused).await {
                    Ok(answer) => return Ok((carrier, answer)),
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
            let connection = match idle {
                IdleConnection::Whole(connection) => Ok(connection),
                IdleConnection::Bare(stream) => H1Connection::new(stream).await,
                IdleConnection::Http2(mut sender) => {
                    // An error: the origin has closed the connection.
                    if sender.ready().await.is_ok() {
                        return Some(Carrier::Http2(sender));
                    }
                    continue;
                }
            };
            if let Ok(mut connection) = connection
                && connection.is_fresh().await
            {
                return Some(Carrier::Http1(connection));
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
            let stream =
                ThrottledStream::new(Stream::Tcp(tcp.stream), read_policy.at_once).at(tcp.place);
            return http1(stream).await;
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
                http1(ThrottledStream::new(stream, read_policy.at_once).at(tcp.place)).await
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

/// Starts HTTP/1.1 on `stream`.
async fn http1(stream: ThrottledStream) -> Result<Carrier, Failure> {
    let connection = H1Connection::new(stream).await;
    connection.map(Carrier::Http1).map_err(|error| failed(error, true))
}

pub(super) fn failed(
    error: impl Into<Box<dyn StdError + Send + Sync>>,
    connecting: bool,
) -> Failure {
    Failure { error: error.into(), connecting }
}

/// The body of a response while its request may still be sent: some origins respond before they have read everything.
fn read_while_sending(
    body: Incoming,
    connection: Box<H1Connection>,
    home: Option<PoolReturn>,
    unread: Duration,
) -> OriginBody {
    let (open, closed) = oneshot::channel::<()>();
    tokio::spawn(async move {
        // The sender sends nothing: it is dropped with the body.
        let answered = async { drop(closed.await) };
        if let Some((connection, home)) = connection.finish(answered, unread).await.zip(home) {
            home.put_back(IdleConnection::Whole(connection));
        }
    });
    OriginBody::Pooled(PooledBody::new(body, open))
}

/// The body of a response to a request that was sent completely.
async fn read(
    head: &response::Parts,
    body: Incoming,
    connection: Box<H1Connection>,
    home: Option<PoolReturn>,
) -> OriginBody {
    match body.size_hint().exact() {
        Some(length) => read_directly(head, body, length, connection, home).await,
        None => OriginBody::HyperBody(HyperBody::new(body, connection, home)),
    }
}

/// A body of known length, of a response to a request that was sent completely.
async fn read_directly(
    head: &response::Parts,
    mut body: Incoming,
    length: u64,
    mut connection: Box<H1Connection>,
    home: Option<PoolReturn>,
) -> OriginBody {
    if connection.is_idle() {
        // hyper has read the whole body.
        let whole = at_hand(&mut body).await;
        if let Some(home) = home {
            home.put_back(IdleConnection::Whole(connection));
        }
        return OriginBody::from(whole);
    }
    let Some((stream, more)) = connection.take_stream_parts() else {
        // The connection has ended; hyper knows whether the body is complete.
        return OriginBody::HyperBody(HyperBody::new(body, connection, home));
    };
    let came = at_hand(&mut body).await;
    // hyper normally hands over all bytes it has read; `more` is what it may have kept.
    let ready = if more.is_empty() { came } else { [came, more].concat().into() };
    // If the end of the request is not sent yet, the origin would read it as the start of the next request.
    let reusable = !stream.has_unsent_bytes() && stays_open(head.version, &head.headers);
    match length.checked_sub(ready.len() as u64) {
        Some(left) => {
            OriginBody::DirectBody(DirectBody::new(ready, left, stream, home.filter(|_| reusable)))
        }
        None => OriginBody::from(ready.slice(..length as usize)),
    }
}

/// The bytes of a body that hyper has already read.
async fn at_hand(body: &mut Incoming) -> Bytes {
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => Poll::Ready(frame.into_data().unwrap_or_default()),
        _ => Poll::Ready(Bytes::new()),
    })
    .await
}

/// Whether the origin keeps its connection open (RFC 9112 §9.3).
fn stays_open(version: Version, headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONNECTION).iter();
    let mut words =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    version == Version::HTTP_11 && !words.any(|word| word.trim().eq_ignore_ascii_case("close"))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Resolver, guard::PrivateAddress, places::Places},
        *,
    };
    use crate::proxy::body::upload::Upload;
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
