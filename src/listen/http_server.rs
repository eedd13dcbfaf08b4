//! The HTTP/1.1 server of the APIs, with limits. Clients of an API need no other version of HTTP, and each protocol adds
//! attack surface.

use super::{
    accept::{AcceptLoop, Place},
    rare_warning::RareWarning,
    write_timeout::WriteTimeout,
};
use axum::{Router, body::Body};
use http::{HeaderValue, Request, Response, header};
use hyper::{body::Incoming, server::conn::http1::Builder, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The limit for request line and headers together.
const LARGEST_HEADER: usize = 64 * 1024;
/// How long a client may read nothing of a response.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Both time-outs of a connection that has a place of the reserve.
const RESERVE_TIMEOUT: Duration = Duration::from_secs(1);
/// The number of places of which one is in the reserve.
const RESERVE: usize = 8;
/// The most places in the reserve.
const LARGEST_RESERVE: usize = 32;

/// What the server of an API is made with.
#[derive(Debug, Clone, Copy)]
pub struct HttpServer {
    /// What is served, for logs.
    pub name: &'static str,
    /// The most connections at the same time. Further ones wait in the kernel.
    pub most: usize,
    /// The time-out for the headers of a request, and for the next request on a connection.
    pub header_timeout: Duration,
    /// Paths that are answered also when no more places are free than those of the reserve.
    pub probes: &'static [&'static str],
    /// What other requests then are answered with.
    pub busy: fn() -> Response<Body>,
    /// How long responses may go on when the server stops.
    pub drain: Duration,
}

/// The places of connections. Clients may hold the usual ones for long; a place of the reserve is for one request.
#[derive(Debug)]
struct Places {
    usual: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
}

impl Places {
    fn new(most: usize) -> Self {
        let most = most.clamp(2, Semaphore::MAX_PERMITS);
        let reserve = (most / RESERVE).clamp(1, LARGEST_RESERVE);
        let places = |count| Arc::new(Semaphore::new(count));
        Self { usual: places(most - reserve), reserve: places(reserve) }
    }

    /// Waits for a place, a usual one if there is one.
    async fn find(usual: Arc<Semaphore>, reserve: Arc<Semaphore>) -> Place {
        let place = tokio::select! {
            biased;
            place = usual.acquire_owned() => place,
            place = reserve.acquire_owned() => place,
        };
        // The semaphores are never closed.
        place.ok()
    }

    fn is_reserve(&self, place: &OwnedSemaphorePermit) -> bool {
        Arc::ptr_eq(place.semaphore(), &self.reserve)
    }
}

impl HttpServer {
    /// Serves `router` on `listener` until `stop`; then responses under way may end.
    pub async fn serve(
        self,
        listener: TcpListener,
        router: Router,
        stop: impl Future<Output = ()>,
    ) {
        let (graceful, places, full) =
            (GracefulShutdown::new(), Places::new(self.most), RareWarning::default());
        let find_place = || Places::find(Arc::clone(&places.usual), Arc::clone(&places.reserve));
        let serve = |stream, _, place: Place| {
            let reserve = place.as_ref().is_some_and(|place| places.is_reserve(place));
            if reserve && full.is_due() {
                let (name, probes) = (self.name, self.probes.join(" and "));
                tracing::warn!(
                    "all connections of {name} are in use: only {probes} are answered for now"
                );
            }
            self.connection(&router, stream, place, reserve, &graceful)
        };
        let open = AcceptLoop::new(listener, self.name).run(stop, find_place, serve).await;
        if timeout(self.drain, graceful.shutdown()).await.is_err() {
            tracing::debug!("responses of {} were cut", self.name);
        }
        drop(open);
    }

    /// Serves one connection, which holds its place until it closes.
    fn connection(
        self,
        router: &Router,
        stream: TcpStream,
        place: Place,
        reserve: bool,
        graceful: &GracefulShutdown,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        // Otherwise a response of two packets waits for a delayed ACK. If setting it fails, it is only slower.
        let _ = stream.set_nodelay(true);
        let router = TowerToHyperService::new(router.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let busy = reserve && !self.probes.contains(&request.uri().path());
            let response = (!busy).then(|| router.call(request));
            async move {
                match response {
                    Some(response) => response.await,
                    None => Ok(closing((self.busy)())),
                }
            }
        });
        let (read, write) = if reserve {
            (RESERVE_TIMEOUT, RESERVE_TIMEOUT)
        } else {
            (self.header_timeout, WRITE_TIMEOUT)
        };
        let connection = Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(read)
            .max_buf_size(LARGEST_HEADER)
            .keep_alive(!reserve)
            .half_close(true)
            .serve_connection(TokioIo::new(WriteTimeout::new(stream, write)), service);
        let connection = graceful.watch(connection);
        async move {
            if let Err(problem) = connection.await {
                tracing::debug!(%problem, "connection to {} closed", self.name);
            }
            drop(place);
        }
    }
}

/// The response after which the client is to try again.
fn closing(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::net::SocketAddr;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        time::Instant,
    };

    /// A server of 14 usual places and 2 of the reserve.
    async fn start(stop: impl Future<Output = ()> + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/healthz", get(async || "ok"))
            .route("/other", get(async || "other"))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(2)).await))
            .route("/large", get(async || vec![b'x'; 32 * 1024 * 1024]));
        let server = HttpServer {
            name: "a test",
            most: 16,
            header_timeout: Duration::from_secs(30),
            probes: &["/healthz"],
            busy: || {
                let mut response = Response::new(Body::from("all in use"));
                *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                response
            },
            drain: Duration::from_secs(5),
        };
        tokio::spawn(server.serve(listener, router, stop));
        address
    }

    async fn sent(address: SocketAddr, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// Status and body of the response, of a client that closes its side after the request.
    async fn answer(address: SocketAddr, path: &str) -> (String, String) {
        let mut client = sent(address, path).await;
        client.shutdown().await.unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        (head.split(' ').nth(1).unwrap_or_default().to_owned(), body.to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_never_read_leave_probes_answered() {
        let address = start(std::future::pending()).await;
        let start = Instant::now();
        let mut held = Vec::new();
        for _ in 0..40 {
            held.push(sent(address, "/large").await);
        }
        let within = Duration::from_secs(2);
        let probe = timeout(within, answer(address, "/healthz")).await.unwrap();
        assert_eq!(probe, ("200".to_owned(), "ok".to_owned()));
        let other = timeout(within, answer(address, "/other")).await.unwrap();
        assert_eq!(other, ("503".to_owned(), "all in use".to_owned()));
        tokio::time::sleep_until(start + WRITE_TIMEOUT + Duration::from_secs(1)).await;
        assert_eq!(answer(address, "/other").await, ("200".to_owned(), "other".to_owned()));
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_never_send_delay_probes_by_a_second_each_turn() {
        let address = start(std::future::pending()).await;
        let mut held = Vec::new();
        for _ in 0..14 + 2 * 3 {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        let start = Instant::now();
        assert_eq!(answer(address, "/healthz").await.0, "200");
        assert!(start.elapsed() <= Duration::from_millis(3100), "{:?}", start.elapsed());
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(answer(address, "/other").await.0, "200");
    }

    /// Responses under way end, and a connection without one is closed.
    #[tokio::test(start_paused = true)]
    async fn it_stops_gracefully() {
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let address = start(async { drop(stopped.await) }).await;
        let mut idle = sent(address, "/other").await;
        let mut text = vec![0; 15];
        idle.read_exact(&mut text).await.unwrap();
        let mut slow = sent(address, "/slow").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        stop.send(()).unwrap();
        let (mut rest, start) = (Vec::new(), Instant::now());
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(start.elapsed() < Duration::from_millis(10));
        let mut text = String::new();
        slow.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
        assert!(start.elapsed() < Duration::from_millis(1100));
    }
}
