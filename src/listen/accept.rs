//! Accepts connections until a server stops.

use super::{open::OpenConnections, workers::Workers};
use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

/// The pause after a failed accept. The usual cause is too many open files, and some will be closed.
const PAUSE: Duration = Duration::from_millis(50);

/// The permit of a connection, held until it closes; `None` = the number of connections has no limit.
pub type Place = Option<OwnedSemaphorePermit>;

/// Waits for one of `places`.
pub async fn place(places: Arc<Semaphore>) -> Place {
    // The semaphore is never closed.
    places.acquire_owned().await.ok()
}

/// The accept loop of one listener.
#[derive(Debug)]
pub struct AcceptLoop {
    listener: TcpListener,
    /// What connects, for logs.
    from: &'static str,
    open: OpenConnections,
}

impl AcceptLoop {
    /// A loop for the connections that arrive at `listener`; `from` names who connects, for logs.
    #[must_use]
    pub fn new(listener: TcpListener, from: &'static str) -> Self {
        Self { listener, from, open: OpenConnections::default() }
    }

    /// Accepts connections until `stop`, then closes the listener. Each connection gets a place by `find_place`,
    /// and is served by the future that `serve` returns. While it waits for its place, further connections wait in
    /// the kernel's backlog. Returns the connections that are still open.
    pub async fn run<P, S>(
        self,
        stop: impl Future<Output = ()>,
        find_place: impl Fn() -> P,
        serve: impl Fn(TcpStream, SocketAddr, Place) -> S,
    ) -> OpenConnections
    where
        P: Future<Output = Place>,
        S: Future<Output = ()> + Send + 'static,
    {
        let add = |open: &mut OpenConnections, stream, peer, place| {
            open.add(serve(stream, peer, place));
            Ok(())
        };
        self.accept_each(stop, find_place, add).await
    }

    /// As [`run`](Self::run), with each connection served by the worker with the fewest. The future that `serve` returns
    /// runs on the worker's runtime, and gets the worker's state. The stream is not registered with a runtime yet.
    pub async fn run_on<T, P, S>(
        self,
        workers: &Workers<T>,
        stop: impl Future<Output = ()>,
        find_place: impl Fn() -> P,
        serve: impl Fn(&T, std::net::TcpStream, SocketAddr, Place) -> S,
    ) -> OpenConnections
    where
        P: Future<Output = Place>,
        S: Future<Output = ()> + Send + 'static,
    {
        let add = |open: &mut OpenConnections, stream: TcpStream, peer, place| {
            let stream = stream.into_std()?;
            let Some(worker) = workers.assign() else { return Ok(()) };
            let (serving, counted) = (serve(worker.state, stream, peer, place), worker.open);
            open.add_on(worker.runtime, async move {
                serving.await;
                drop(counted);
            });
            Ok(())
        };
        self.accept_each(stop, find_place, add).await
    }

    async fn accept_each<P: Future<Output = Place>>(
        mut self,
        stop: impl Future<Output = ()>,
        find_place: impl Fn() -> P,
        add: impl Fn(&mut OpenConnections, TcpStream, SocketAddr, Place) -> io::Result<()>,
    ) -> OpenConnections {
        tokio::pin!(stop);
        let mut failing = false;
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                () = self.open.one_closed() => continue,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    failing = false;
                    let place = tokio::select! {
                        () = &mut stop => break,
                        place = find_place() => place,
                    };
                    if let Err(problem) = add(&mut self.open, stream, peer, place) {
                        tracing::debug!(%peer, %problem, "the connection could not be passed on");
                    }
                }
                Err(problem) if is_of_one_connection(&problem) => {
                    tracing::debug!(%problem, "a connection has ended before it was accepted");
                }
                Err(problem) => {
                    // Logged only once, since it may last.
                    if !std::mem::replace(&mut failing, true) {
                        let from = self.from;
                        tracing::warn!(%problem, "connections from {from} can't be accepted for now");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        self.open
    }
}

/// Whether an error of accept concerns one connection, which is gone, and not the listener (accept(2)).
fn is_of_one_connection(problem: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    [ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted].contains(&problem.kind())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::DrainError;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::{io::AsyncReadExt as _, sync::oneshot};

    /// Reads until the peer closes.
    async fn read_all(mut stream: TcpStream, place: Place) {
        let _ = stream.read_to_end(&mut Vec::new()).await;
        drop(place);
    }

    struct Server {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        served: Arc<AtomicU32>,
        running: tokio::task::JoinHandle<OpenConnections>,
    }

    /// A server of at most two connections at the same time.
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (served, places) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(2)));
        let count = Arc::clone(&served);
        let running = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            let serve = |stream, _, place| {
                count.fetch_add(1, Ordering::SeqCst);
                read_all(stream, place)
            };
            AcceptLoop::new(listener, "a test")
                .run(stopped, || place(Arc::clone(&places)), serve)
                .await
        });
        Server { address, stop, served, running }
    }

    async fn served(server: &Server, count: u32) {
        while server.served.load(Ordering::SeqCst) != count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_connection_waits_for_a_place() {
        let server = start().await;
        let connect = async || TcpStream::connect(server.address).await.unwrap();
        let (first, _second, _third) = (connect().await, connect().await, connect().await);
        served(&server, 2).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(server.served.load(Ordering::SeqCst), 2);
        drop(first);
        served(&server, 3).await;
    }

    #[tokio::test]
    async fn it_stops_while_a_connection_waits_for_a_place() {
        let server = start().await;
        let connect = async || TcpStream::connect(server.address).await.unwrap();
        let connections = (connect().await, connect().await, connect().await);
        served(&server, 2).await;
        server.stop.send(()).unwrap();
        let open = server.running.await.unwrap();
        assert!(TcpStream::connect(server.address).await.is_err(), "the listener is closed");
        assert_eq!(open.drain(Duration::from_millis(20)).await, Err(DrainError));
        drop(connections);
    }

    #[tokio::test]
    async fn open_connections_are_waited_for() {
        let server = start().await;
        let connection = TcpStream::connect(server.address).await.unwrap();
        served(&server, 1).await;
        server.stop.send(()).unwrap();
        let open = server.running.await.unwrap();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            drop(connection);
        });
        assert_eq!(open.drain(Duration::from_secs(60)).await, Ok(()));
    }
}
