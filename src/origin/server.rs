//! The origin on a socket: accepts connections, responds, and drains. The only file here that reads the clock.

use std::convert::Infallible;
use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::body::OriginBody;
use super::pace::{Clock, until};
use super::service::{Answer, Origin};
use crate::{listen::AcceptLoop, system::keep_unsent_short, units::UnixTime};

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a request's body is read, and for how long. No request needs one.
const LARGEST_BODY: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long open responses may continue after shutdown.
const DRAIN: Duration = Duration::from_secs(5);

/// The send buffer of a connection.
const UNSENT: u32 = 64 * 1024;

/// Serves `origin` over HTTP/1.1 and HTTP/2 (prior knowledge) until `shutdown` is ready; then finishes open
/// responses, for at most five seconds.
pub async fn serve(origin: Origin, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let serve = |stream, _, _| connection(&origin, stream, &graceful);
    let accepting = AcceptLoop::new(listener, "clients of the built-in origin");
    let open = accepting.run(shutdown, || std::future::ready(None), serve).await;
    if timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::debug!("origin: responses still under way are cut");
    }
    drop(open);
}

/// Serves one connection, until it closes.
fn connection(
    origin: &Origin,
    stream: TcpStream,
    graceful: &GracefulShutdown,
) -> impl Future<Output = ()> + Send + 'static + use<> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "origin: no TCP_NODELAY");
    }
    if let Err(error) = keep_unsent_short(&stream, UNSENT) {
        tracing::debug!(%error, "origin: the kernel takes as much as it likes");
    }
    let origin = origin.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let origin = origin.clone();
        async move {
            let response = respond(&origin, &request, time_of_day).await;
            let body = request.into_body();
            if !body.is_end_stream() {
                tokio::spawn(discard(body));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    async move {
        // Players often close connections in the middle of responses.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "origin: connection ended");
        }
    }
}

/// Reads a body that is not needed, so that the connection can be used again, and the client reads the response before
/// the connection closes.
async fn discard(body: Incoming) {
    let mut body = Limited::new(body, LARGEST_BODY);
    let reading = async { while let Some(Ok(_)) = body.frame().await {} };
    // An error means that the client is slow: the connection closes.
    let _ = timeout(BODY_TIMEOUT, reading).await;
}

/// Responds to a request when the content exists. When the client disconnects first, hyper drops this future
/// and the body.
async fn respond<B>(origin: &Origin, request: &Request<B>, clock: Clock) -> Response<OriginBody> {
    loop {
        match origin.answer(request, clock()) {
            Answer::Now(response) => return response.map(|body| body.paced(clock)),
            Answer::At(moment) => until(moment, clock).await,
        }
    }
}

/// The time of day. It never jumps: the system clock is read once. A step of it would otherwise move the live edge of all
/// players, or let responses wait for a moment that is hours away.
#[expect(
    clippy::disallowed_methods,
    reason = "live addresses follow the time of day, read here only"
)]
fn time_of_day() -> UnixTime {
    static START: OnceLock<(Instant, UnixTime)> = OnceLock::new();
    let (start, unix) = START.get_or_init(|| {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        (Instant::now(), UnixTime::new(unix.unwrap_or_default()))
    });
    *unix + start.elapsed()
}
