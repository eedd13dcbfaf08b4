//! The baseline of a relay: the same HTTP library on both sides, and nothing else.

use hyper::{Request, Response, Uri, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, Error, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use std::io::Write as _;
use tokio::{net::TcpListener, runtime};

type Upstream = Client<HttpConnector, Incoming>;

/// Relays to `origin` for ever, on two threads; prints where it listens.
pub(crate) fn run(origin: String) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(serve(origin))
}

async fn serve(origin: String) -> anyhow::Result<()> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new());
    let client: Upstream = client.clone().pool_max_idle_per_host(256).build(connector);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (client, origin) = (client.clone(), origin.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| relay(&client, &origin, request));
            // A player that goes away ends its own connection only.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn relay(
    client: &Upstream,
    origin: &str,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, Error> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = format!("http://{origin}{path}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request.headers_mut().remove(http::header::HOST);
    client.request(request).await
}
