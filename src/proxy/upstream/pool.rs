//! Connections to origins: kept, and each for one exchange at a time, so that a viewer who reads slowly or not at all
//! holds up no other one.
//!
//! hyper writes requests, reads heads, and bodies whose end must be looked for. A body of known length needs no more
//! than counting: the connection is taken out of hyper's hands after the head, which spares every
//! download hyper's buffers, its queue for requests and a task to wake, and goes back with the next
//! request. Most of what lies beside a proxy is such, and thousands of slow downloads must be held.

use super::{
    OriginBody, Reach,
    answer_framing::settle,
    body::{DirectBody, Home, HyperBody},
    carrier::{Carrier, Refused},
    failure::Failure,
    guard::{Guard, Opened},
    h1_connection::{H1Connection, Outgoing},
    http2,
    http2::StreamBody,
    idle_connections::{IdleConnections, PoolKey, Resting},
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
use std::{error::Error as StdError, future::poll_fn, pin::Pin, sync::Arc, task::Poll};

/// How often a request is sent anew that the origin refused without having processed it.
const MOST_REFUSALS: u32 = 2;

/// Asks origins.
pub(super) struct Pool {
    guard: Guard,
    tls: Tls,
    idle: Arc<IdleConnections>,
    networks: OriginNetworks,
}

impl Pool {
    pub(super) fn new(guard: Guard) -> Self {
        let (idle, networks) = (Arc::default(), OriginNetworks::default());
        Self { guard, tls: Tls::new(), idle, networks }
    }

    /// `origin`'s answer to `request`, which is read as `intake` says.
    pub(super) async fn ask(
        &self,
        (origin, reach): (&Origin, Reach<'_>),
        request: Outgoing,
        intake: ReadPolicy,
    ) -> Result<Response<OriginBody>, Failure> {
        let pool_key = PoolKey {
            scheme: origin.scheme.clone(),
            authority: origin.authority.clone(),
            intake,
            public_only: self.networks.public_only(reach),
        };
        let bodiless = request.body().is_end_stream();
        let (carrier, answer) = self.exchange((origin, reach), request, &pool_key).await?;
        let home = Home { idle: Arc::clone(&self.idle), pool_key };
        let (mut head, body) = answer.into_parts();
        let body = match carrier {
            Carrier::Http2(sender) => OriginBody::Stream(StreamBody::new(body, sender, home)),
            Carrier::Http1(leg) => {
                let again = settle(&mut head.headers).map_err(|error| failed(error, false))?;
                let home = again.then_some(home);
                if bodiless { read(&head, body, leg, home).await } else { beside(body, leg, home) }
            }
        };
        Ok(Response::from_parts(head, body))
    }

    /// Sends `request` and waits for the head of its answer.
    ///
    /// A kept connection may have been closed by the origin, which shows only when it is used. What the origin has not
    /// processed is then sent once more, on a new connection: a request of which nothing was sent, and a safe one
    /// without a body as long as nothing of its answer has come (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
    async fn exchange(
        &self,
        (origin, reach): (&Origin, Reach<'_>),
        mut request: Outgoing,
        pool_key: &PoolKey,
    ) -> Result<(Carrier, Response<Incoming>), Failure> {
        let (mut fresh, mut refusals) = (false, 0);
        loop {
            let resting = if fresh { None } else { self.resting(pool_key).await };
            let kept = resting.is_some();
            let mut carrier = match resting {
                Some(carrier) => carrier,
                None => self.new_connection(origin, reach, pool_key).await?,
            };
            let Refused { error, unsent, copy, unprocessed } =
                match carrier.ask(request, origin, kept).await {
                    Ok(answer) => return Ok((carrier, answer)),
                    Err(refused) => *refused,
                };
            refusals += u32::from(unprocessed);
            let again = kept || (unprocessed && refusals < MOST_REFUSALS);
            match unsent.or(copy).filter(|_| again) {
                Some(once_more) => (request, fresh) = (once_more, true),
                None => return Err(failed(error, false)),
            }
        }
    }

    /// A connection that has rested and is still good.
    async fn resting(&self, pool_key: &PoolKey) -> Option<Carrier> {
        while let Some(resting) = self.idle.take(pool_key) {
            let leg = match resting {
                Resting::Whole(leg) => Ok(leg),
                Resting::Bare(stream) => H1Connection::new(stream).await,
                Resting::Http2(mut sender) => {
                    // An error: the origin has closed.
                    if sender.ready().await.is_ok() {
                        return Some(Carrier::Http2(sender));
                    }
                    continue;
                }
            };
            if let Ok(mut leg) = leg
                && leg.is_fresh().await
            {
                return Some(Carrier::Http1(leg));
            }
        }
        None
    }

    /// A new connection.
    async fn new_connection(
        &self,
        origin: &Origin,
        reach: Reach<'_>,
        pool_key: &PoolKey,
    ) -> Result<Carrier, Failure> {
        let intake = pool_key.intake;
        if origin.scheme == Scheme::HTTP {
            let tcp = self.connect(origin, reach, pool_key).await?;
            let sip = ThrottledStream::new(Stream::Tcp(tcp.stream), intake.at_once).at(tcp.place);
            return http1(sip).await;
        }
        let asked = self.tls.preferred(&origin.authority);
        let mut tcp = self.connect(origin, reach, pool_key).await?;
        let timeout = self.guard.timeout();
        let secured = match self.tls.handshake(tcp.stream, origin, asked, timeout).await {
            Err(error)
                if asked == Protocol::Http1
                    && self.tls.refuses_http1(&origin.authority, &error) =>
            {
                tcp = self.connect(origin, reach, pool_key).await?;
                self.tls.handshake(tcp.stream, origin, Protocol::Http2, timeout).await
            }
            secured => secured,
        };
        match secured.map_err(|error| failed(error, true))? {
            (stream, Protocol::Http1) => {
                http1(ThrottledStream::new(stream, intake.at_once).at(tcp.place)).await
            }
            (stream, Protocol::Http2) => {
                let sender =
                    http2::start(ThrottledStream::new(stream, u64::MAX).at(tcp.place), intake)
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
        if !self.guard.has_place() {
            self.idle.close_one();
        }
        let opened = self.guard.connect(origin, pool_key.intake, pool_key.public_only).await;
        let opened = opened.map_err(|error| failed(error, true))?;
        self.networks.note(origin, reach, opened.private);
        Ok(opened)
    }
}

/// HTTP/1.1 on `stream`.
async fn http1(stream: ThrottledStream) -> Result<Carrier, Failure> {
    let leg = H1Connection::new(stream).await;
    leg.map(Carrier::Http1).map_err(|error| failed(error, true))
}

fn failed(error: impl Into<Box<dyn StdError + Send + Sync>>, connecting: bool) -> Failure {
    Failure { error: error.into(), connecting }
}

/// The body of an answer while its request may still be leaving: some origins answer before they have read everything.
fn beside(body: Incoming, leg: Box<H1Connection>, home: Option<Home>) -> OriginBody {
    tokio::spawn(async move {
        if let Some((leg, home)) = leg.finish().await.zip(home) {
            home.take_in(Resting::Whole(leg));
        }
    });
    OriginBody::Pooled(body)
}

/// The body of an answer to a request that has left.
async fn read(
    head: &response::Parts,
    body: Incoming,
    leg: Box<H1Connection>,
    home: Option<Home>,
) -> OriginBody {
    match body.size_hint().exact() {
        Some(length) => straight(head, (body, length), leg, home).await,
        None => OriginBody::HyperBody(HyperBody::new(body, leg, home)),
    }
}

/// The body of an answer whose length is known, and which nothing is sent for any more.
async fn straight(
    head: &response::Parts,
    (mut body, length): (Incoming, u64),
    mut leg: Box<H1Connection>,
    home: Option<Home>,
) -> OriginBody {
    if leg.is_idle() {
        // All of it is here: hyper has read to its end.
        let whole = at_hand(&mut body).await;
        if let Some(home) = home {
            home.take_in(Resting::Whole(leg));
        }
        return OriginBody::from(whole);
    }
    let Some((stream, more)) = leg.take_apart() else {
        // The connection has ended, and hyper knows whether the body has.
        return OriginBody::HyperBody(HyperBody::new(body, leg, home));
    };
    let came = at_hand(&mut body).await;
    // hyper hands over all that it reads of a body; should it ever keep a part, here it is.
    let ready = if more.is_empty() { came } else { [came, more].concat().into() };
    // The end of a request that has not left would be taken for the beginning of the next one.
    let again = !stream.is_choked() && stays_open(head.version, &head.headers);
    match length.checked_sub(ready.len() as u64) {
        Some(left) => {
            OriginBody::DirectBody(DirectBody::new(ready, left, stream, home.filter(|_| again)))
        }
        None => OriginBody::from(ready.slice(..length as usize)),
    }
}

/// What hyper has read of a body already.
async fn at_hand(body: &mut Incoming) -> Bytes {
    poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => Poll::Ready(frame.into_data().unwrap_or_default()),
        _ => Poll::Ready(Bytes::new()),
    })
    .await
}

/// Whether the origin lets its connection be used again (RFC 9112 §9.3).
fn stays_open(version: Version, headers: &HeaderMap) -> bool {
    let said = headers.get_all(header::CONNECTION).iter();
    let mut words = said.filter_map(|said| said.to_str().ok()).flat_map(|said| said.split(','));
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

    /// An exchange that is kept to public addresses does not get the kept connection of one that is not.
    #[tokio::test]
    async fn a_kept_connection_is_no_way_around_a_check_of_addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                stream.read_buf(&mut Vec::new()).await.unwrap();
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na";
                stream.write_all(answer).await.unwrap();
                kept.push(stream);
            }
        });
        let names = [("inside.test".to_owned(), vec![IpAddr::from([127, 0, 0, 1])])];
        let resolver = Resolver::Table(Arc::new(names.into()));
        let pool = Pool::new(Guard::new(resolver, vec![], Places::new(9), Duration::from_secs(5)));
        let inside = Origin::new("http", &format!("inside.test:{port}")).unwrap();
        let public = Origin::new("http", "origin.test").unwrap();
        let request = || Request::get("/a").body(Limited::new(Upload::none(), 0)).unwrap();
        let answer = pool.ask((&inside, Reach::Allowed), request(), ReadPolicy::FREE).await;
        let body = answer.unwrap_or_else(|failure| panic!("{}", failure.error)).into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "a");
        let refused =
            pool.ask((&inside, Reach::NamedBy(&public)), request(), ReadPolicy::FREE).await;
        assert!(refused.is_err_and(|failure| failure.error.is::<PrivateAddress>()));
    }
}
