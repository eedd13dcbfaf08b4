//! Accepts connections from players, serves them, and drains them at shutdown.

use super::{
    connection::{Connection, Interception, Interceptor, MOST_STREAMS, NextProtocol},
    full::refuse,
    head_memory::HeadMemory,
    plain::{PlainConnection, PlainEnd, Unusual},
    player_stream::PlayerStream,
    protocol_detect, proxy_protocol,
    requests::Requests,
    serving::{ByHyper, EarlyEnd, serve_until_closed},
    socket::Socket,
    stream_executor::StreamExecutor,
    tls::TlsServer,
};
use crate::clock::Clock;
use crate::listen::{AcceptLoop, DrainError, Place, Workers};
use crate::proxy::{
    body::incoming_body::IncomingBody, config::ProxyConfig, exchange::proxy::Proxy,
    trusted_front::is_trusted,
};
use crate::system;
use bytes::Bytes;
use http::{Request, Version};
use hyper::{
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::server::TlsStream;

/// The smallest limit of a connection's buffers. A head larger than the limit is refused before it is parsed.
const LEAST_BUFFER: usize = 64 * 1024;
/// The most unsent bytes that the kernel holds for a player. Without this limit it holds megabytes, and thousands of players
/// that do not read use up its memory for TCP.
const UNSENT: u32 = 128 * 1024;
/// How long the end of TLS may take to be sent.
const TLS_END: Duration = Duration::from_secs(1);
/// The most bytes of a stream that HTTP/2 holds while the player does not read.
const MOST_UNSENT: usize = 64 * 1024;

/// Serves players on `listener` by `workers` until `stop`. Then waits for exchanges under way, up to the drain
/// time-out.
///
/// # Errors
/// When exchanges had to be cut.
pub async fn run(
    workers: Workers<Arc<Proxy>>,
    listener: TcpListener,
    clock: Clock,
    stop: impl Future<Output = ()>,
) -> Result<(), DrainError> {
    // What is used here is shared by the workers.
    let Some(proxy) = workers.states().next().cloned() else { return Ok(()) };
    let protocols = Arc::new(Protocols::new(&proxy.config));
    let serve = |worker: &Arc<Proxy>, stream, peer, place: Place| {
        // Added here, not in the task, so that a connection accepted just before the stop is closed too.
        let connection = Arc::new(Connection::new(clock));
        proxy.connections.add(&connection);
        let refused = proxy.connections.refuses(&place);
        let (worker, protocols) = (Arc::clone(worker), Arc::clone(&protocols));
        serve(worker, protocols, stream, peer, connection, place, refused)
    };
    let find_place = || {
        let connections = Arc::clone(&proxy.connections);
        async move { connections.find_place_or_refusal(clock).await }
    };
    let accepting = AcceptLoop::new(listener, "players");
    let open = tokio::select! {
        open = accepting.run_on(&workers, stop, find_place, serve) => open,
        never = proxy.connections.streams.keep_resetting(proxy.registry.memory()) => match never {},
    };
    proxy.connections.close_all();
    let drained = open.drain(proxy.config.timeouts.drain).await;
    // What their tasks still report is in the events and the report.
    workers.end().await;
    drained
}

/// The HTTP settings of connections.
struct Protocols {
    http1: http1::Builder,
    /// The largest head of a request in HTTP/2.
    header: u32,
}

impl Protocols {
    fn new(config: &ProxyConfig) -> Self {
        let mut http1 = http1::Builder::new();
        // hyper's header time-out creates a timer per request; `Connection` uses one per connection. The limit
        // also bounds the write buffer, so it has a minimum.
        let buffer = config.limits.header.as_usize().max(LEAST_BUFFER);
        http1.header_read_timeout(None).max_buf_size(buffer);
        let header = u32::try_from(config.limits.header.bytes()).unwrap_or(u32::MAX);
        Self { http1, header }
    }

    /// Those of HTTP/2, for a connection whose streams `executor` runs.
    fn http2(&self, executor: StreamExecutor) -> http2::Builder<StreamExecutor> {
        let mut http2 = http2::Builder::new(executor);
        http2.max_header_list_size(self.header).max_concurrent_streams(MOST_STREAMS);
        http2.max_send_buf_size(MOST_UNSENT);
        http2
    }
}

/// One player's connection, from its first byte to its last.
async fn serve(
    proxy: Arc<Proxy>,
    protocols: Arc<Protocols>,
    stream: std::net::TcpStream,
    peer: SocketAddr,
    connection: Arc<Connection>,
    _place: Place,
    refused: bool,
) {
    let clock = connection.clock();
    let stream = match TcpStream::from_std(stream) {
        Ok(stream) => stream,
        Err(problem) => {
            return tracing::debug!(%peer, %problem, "the connection could not be opened");
        }
    };
    if refused {
        // Boxed, or every connection would have room for what it takes.
        return Box::pin(refuse(stream)).await;
    }
    // Otherwise the last packet of each response waits for the player's delayed ACK.
    let _ = stream.set_nodelay(true);
    if let Ok(local) = stream.local_addr() {
        connection.peer.accepted_at(local);
    }
    // Not every system has it. Where it fails, the kernel holds more.
    let _ = system::keep_unsent_short(&stream, UNSENT);
    // Only keep-alive detects that a player is gone while its response hangs.
    let _ = system::keep_alive(&stream);
    let timeouts = proxy.config.timeouts;
    let carrier = tokio::select! {
        opened = open(&proxy, stream, &connection, peer.ip()) => match opened {
            Ok(opened) => opened,
            Err(problem) => return tracing::debug!(%peer, %problem, "the connection could not be opened"),
        },
        () = connection.activity.overdue(&timeouts) => return tracing::debug!(%peer, "silent connection closed"),
        () = connection.end.close_requested() => return,
    };
    if carrier.http2 && proxy.config.forward.is_some() {
        connection.intercept_streams_with(interceptor(&proxy, &protocols, peer, clock));
    }
    Served { proxy, protocols, peer, connection }.serve(carrier).await;
}

/// What serves requests inside of TLS in the streams of a connection of HTTP/2, which comes from `peer`.
fn interceptor(
    proxy: &Arc<Proxy>,
    protocols: &Arc<Protocols>,
    peer: SocketAddr,
    clock: Clock,
) -> Interceptor {
    let (proxy, protocols) = (Arc::clone(proxy), Arc::clone(protocols));
    Box::new(move |interception, stream| {
        let (proxy, protocols) = (Arc::clone(&proxy), Arc::clone(&protocols));
        // It is replaced by one that terminates TLS.
        let connection = Arc::new(Connection::new(clock));
        let mut served = Served { proxy, protocols, peer, connection };
        Box::pin(async move {
            match served.intercept(interception, stream, &Bytes::new()).await {
                Ok(carrier) => served.serve(carrier).await,
                Err(problem) => tracing::debug!(%peer, %problem, "TLS handshake failed"),
            }
        })
    })
}

/// A stream that carries HTTP.
struct HttpStream {
    stream: PlayerStream,
    /// Whether it is HTTP/2.
    http2: bool,
}

/// A stream that carries something else after HTTP.
struct TakenOver {
    next: NextProtocol,
    stream: PlayerStream,
    /// Bytes that were read from it already.
    first: Bytes,
}

/// A connection, and what serves it.
struct Served {
    proxy: Arc<Proxy>,
    protocols: Arc<Protocols>,
    peer: SocketAddr,
    connection: Arc<Connection>,
}

impl Served {
    /// Serves HTTP on `carrier`, and what the connection carries after it.
    async fn serve(mut self, mut carrier: HttpStream) {
        // A connection that changes to TLS inside of CONNECT is served again, as a new one.
        while let Some(TakenOver { next, stream, first }) = self.serve_http(carrier).await {
            match next {
                NextProtocol::Tunnel(relay) => {
                    tokio::select! {
                        // Begins in any case, so that its exchange counts as cut.
                        biased;
                        () = relay(stream, first) => {}
                        () = self.connection.end.close_requested() => {}
                        // The request to close may have come before the tunnel was open.
                        () = self.proxy.connections.stopped() => {}
                    }
                    return;
                }
                NextProtocol::Intercept(interception) => {
                    let (connections, peer) = (Arc::clone(&self.proxy.connections), self.peer);
                    let opened = tokio::select! {
                        opened = self.intercept(interception, stream, &first) => opened,
                        () = connections.stopped() => return,
                    };
                    match opened {
                        Ok(opened) => carrier = opened,
                        Err(problem) => {
                            return tracing::debug!(%peer, %problem, "TLS handshake failed");
                        }
                    }
                }
            }
        }
    }

    /// Serves HTTP until the connection closes, or carries something else.
    async fn serve_http(&self, HttpStream { stream, http2 }: HttpStream) -> Option<TakenOver> {
        let (peer, timeouts) = (self.peer, self.proxy.config.timeouts);
        if http2 {
            // Known before the first request: what the player sends at the start is no incomplete head.
            self.connection.activity.speaks(Version::HTTP_2);
        }
        let sender = self.connection.peer.sender().unwrap_or_else(|| peer.ip());
        let heads = HeadMemory::new(Arc::clone(self.proxy.registry.memory()), sender);
        let connection = Arc::clone(&self.connection);
        let socket = Socket::new(stream, connection, timeouts.half_closed, heads);
        let (proxy, connection) = (Arc::clone(&self.proxy), Arc::clone(&self.connection));
        let requests = Arc::new(Requests::new(proxy, connection, peer.ip()));
        if http2 {
            self.serve_http2(socket, requests).await;
            return None;
        }
        let mut plain = PlainConnection::new(socket, Arc::clone(&requests));
        match serve_until_closed(&mut plain, &self.connection, &timeouts).await {
            // Boxed: few connections need it.
            Ok(PlainEnd::Unusual(unusual)) => Box::pin(self.serve_http1(*unusual, requests)).await,
            Ok(PlainEnd::Closed) => None,
            Err(end) => {
                self.log_end(&end);
                None
            }
        }
    }

    /// Serves HTTP/2 until the connection closes.
    async fn serve_http2(&self, socket: Socket, requests: Arc<Requests>) {
        // The future of a request is boxed, and freed before the body begins: hyper keeps its memory for the lifetime of the
        // connection.
        let service = service_fn(move |request| {
            let requests = Arc::clone(&requests);
            Box::pin(async move { requests.serve_stream(request).await })
        });
        let connection = Arc::clone(&self.connection);
        let executor = StreamExecutor::new(connection.clock(), connection);
        let http2 = self.protocols.http2(executor);
        // Not moved before it has ended: moving such a large future would double its memory.
        let mut serving = Box::pin(http2.serve_connection(TokioIo::new(socket), service));
        let mut serving = ByHyper(serving.as_mut());
        let timeouts = &self.proxy.config.timeouts;
        if let Err(end) = serve_until_closed(&mut serving, &self.connection, timeouts).await {
            self.log_end(&end);
        }
        // Only streams of HTTP/2 are taken over. What is set here refers to the connection, so both would stay in memory.
        drop(self.connection.take_next());
    }

    /// Serves HTTP/1.1 from an `unusual` request on, until the connection closes or carries something else.
    async fn serve_http1(&self, unusual: Unusual, requests: Arc<Requests>) -> Option<TakenOver> {
        let Unusual { socket, response, closes } = unusual;
        let ready = Mutex::new(response);
        let service = service_fn(move |request: Request<Incoming>| {
            requests.arrived(&request);
            let requests = Arc::clone(&requests);
            let ready = ready.lock().take();
            Box::pin(async move {
                match ready {
                    Some(response) => Ok(requests.answered_before(response)),
                    None => requests.serve(request.map(IncomingBody::Hyper)).await,
                }
            })
        });
        let mut serving = self.protocols.http1.serve_connection(TokioIo::new(socket), service);
        if closes {
            // hyper would close at once if it were told so before it has read anything.
            self.connection.end.request_close();
        }
        let mut by_hyper = ByHyper(Pin::new(&mut serving));
        let timeouts = &self.proxy.config.timeouts;
        let ended = serve_until_closed(&mut by_hyper, &self.connection, timeouts).await;
        // Taken in any case: it holds the exchange, which holds the connection.
        let next = self.connection.take_next();
        if let Err(end) = ended {
            self.log_end(&end);
            return None;
        }
        let parts = serving.into_parts();
        let mut socket = parts.io.into_inner();
        match next {
            Some(next) => {
                let first = [parts.read_buf, socket.take_again()].concat().into();
                let stream = socket.take_stream();
                Some(TakenOver { next, stream, first })
            }
            // hyper leaves TLS open after CONNECT, also if that was refused.
            None if self.connection.is_secure() => {
                let _ = tokio::time::timeout(TLS_END, socket.shutdown()).await;
                None
            }
            None => None,
        }
    }

    fn log_end(&self, end: &EarlyEnd) {
        tracing::debug!(peer = %self.peer, "{end}");
    }

    /// Terminates the TLS of a client in its tunnel `stream`.
    async fn intercept(
        &mut self,
        interception: Box<Interception>,
        stream: PlayerStream,
        first: &Bytes,
    ) -> io::Result<HttpStream> {
        let forward = self.proxy.config.forward.as_ref();
        let tls = forward.and_then(|forward| forward.certificates.clone());
        let Some(tls) = tls else { return Err(io::ErrorKind::Unsupported.into()) };
        if !first.is_empty() {
            // A client waits for the answer to CONNECT.
            return Err(io::Error::other("bytes before the answer to CONNECT"));
        }
        let connection = Arc::new(Connection::new(self.connection.clock()));
        self.proxy.connections.add(&connection);
        let host = interception.origin.authority.host().trim_matches(['[', ']']).to_owned();
        connection.peer.intercept(interception);
        self.connection = connection;
        if let PlayerStream::Tcp(tcp) = stream {
            let (tls, http2) = secure(&self.proxy, &tls, tcp, &self.connection, &host).await?;
            return Ok(HttpStream { stream: PlayerStream::Tls(Box::new(tls)), http2 });
        }
        let (tls, http2) = secure(&self.proxy, &tls, stream, &self.connection, &host).await?;
        Ok(HttpStream { stream: PlayerStream::Nested(Box::new(tls)), http2 })
    }
}

/// Does the TLS handshake, if there is to be one, and detects the version of HTTP.
async fn open(
    proxy: &Proxy,
    stream: TcpStream,
    connection: &Connection,
    peer: IpAddr,
) -> io::Result<HttpStream> {
    let mut stream = stream;
    if is_trusted(&proxy.config.trust_proxy, peer)
        && let Some(header) = proxy_protocol::read(&mut stream).await?
    {
        connection.peer.set_front(&header);
    }
    let Some(tls) = &proxy.config.tls else {
        let http2 = protocol_detect::is_http2(&stream).await;
        return Ok(HttpStream { stream: PlayerStream::Tcp(stream), http2 });
    };
    if !protocol_detect::is_tls(&stream).await {
        let http2 = protocol_detect::is_http2(&stream).await;
        return Ok(HttpStream { stream: PlayerStream::Tcp(stream), http2 });
    }
    let own = stream.local_addr()?.ip().to_canonical().to_string();
    let (tls, http2) = secure(proxy, tls, stream, connection, &own).await?;
    Ok(HttpStream { stream: PlayerStream::Tls(Box::new(tls)), http2 })
}

/// Does the TLS handshake on `stream`; `own` is the name for clients that ask for none. Returns also whether HTTP/2 was
/// agreed on.
async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    proxy: &Proxy,
    tls: &TlsServer,
    stream: S,
    connection: &Connection,
    own: &str,
) -> io::Result<(TlsStream<S>, bool)> {
    // The session is known only from the first request. Until then the network is that of sessions that name none.
    let round_trip = proxy.registry.config().profile.link.latency.rtt_at(Duration::ZERO);
    // Boxed: it is large, and is over before the connection is.
    let handshake = Box::pin(tls.handshake(stream, own, round_trip, connection.clock()));
    // What the network adds does not count as the player's delay.
    let most = proxy.config.timeouts.header + 2 * round_trip;
    let Ok(secured) = tokio::time::timeout(most, handshake).await else {
        return Err(io::ErrorKind::TimedOut.into());
    };
    let secured = secured?;
    connection.secured(secured.handshake);
    Ok((secured.stream, secured.http2))
}
