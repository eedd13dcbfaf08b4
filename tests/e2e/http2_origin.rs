//! An origin that supports only HTTP/2, and ends its connections after a few responses in each possible way.

use crate::secure_nginx::{LARGE, SMALL};
use bytes::Bytes;
use h2::{Reason, server};
use http::{Request, Response};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

pub(crate) struct Http2Origin {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    refused: AtomicUsize,
}

impl Http2Origin {
    /// One with the key and the certificate in `folder`, that takes so many requests on a connection.
    pub(crate) async fn start(folder: &Path, requests: usize) -> Self {
        let certificate = CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap();
        let key =
            PrivateKeyDer::from_pem_slice(&fs::read(folder.join("key.pem")).unwrap()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let (acceptor, counts) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    // An error: a client that offers HTTP/1.1.
                    if let Ok(tls) = acceptor.accept(tcp).await {
                        let number = counts.connections.fetch_add(1, Ordering::Relaxed);
                        serve(tls, number, requests, &counts).await;
                    }
                });
            }
        });
        Self { address, counts }
    }

    /// How many connections carried HTTP/2.
    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// How many streams were refused.
    pub(crate) fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::Relaxed)
    }
}

async fn serve(tls: TlsStream<TcpStream>, number: usize, requests: usize, counts: &Counts) {
    let mut connection = server::handshake(tls).await.unwrap();
    let mut answered = 0;
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        if answered == requests {
            match number % 3 {
                0 => {
                    counts.refused.fetch_add(1, Ordering::Relaxed);
                    respond.send_reset(Reason::REFUSED_STREAM);
                    connection.graceful_shutdown();
                }
                1 => connection.abrupt_shutdown(Reason::NO_ERROR),
                _ => return,
            }
            continue;
        }
        answered += 1;
        let (head, length) = answer(&request);
        let Ok(mut stream) = respond.send_response(head, false) else { return };
        tokio::spawn(async move {
            let mut left = length;
            while left > 0 {
                stream.reserve_capacity(left.min(16_384));
                let Some(Ok(room)) = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await
                else {
                    return;
                };
                let piece = room.min(left);
                left -= piece;
                if stream.send_data(Bytes::from(vec![7; piece]), left == 0).is_err() {
                    return;
                }
            }
        });
    }
}

fn answer<T>(request: &Request<T>) -> (Response<()>, usize) {
    let length: usize = request.uri().path()[1..].parse().unwrap();
    assert!([SMALL, LARGE].contains(&length));
    (Response::builder().header("content-length", length).body(()).unwrap(), length)
}
