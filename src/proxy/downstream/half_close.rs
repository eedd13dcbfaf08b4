//! A client that has ended its side of the connection while its response is under way. It has left, or it waits for the
//! response (`nc -N`): TCP does not tell which, until something is sent to it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Sleep, sleep},
};

/// What is known of such a client.
pub(super) struct HalfClose {
    /// How long it may wait without being sent anything.
    most: Duration,
    seen: Option<Seen>,
}

struct Seen {
    next_check: Pin<Box<Sleep>>,
    /// Something was sent to it since.
    sent: bool,
}

impl HalfClose {
    pub(super) const fn new(most: Duration) -> Self {
        Self { most, seen: None }
    }

    /// Called when the client has ended its side while a response is under way. Ready = the client has left. It counts as gone
    /// if it was sent nothing within the longest time. If it is gone and was sent something, it resets the connection by the next
    /// check.
    pub(super) fn poll_left(
        &mut self,
        cx: &mut Context<'_>,
        socket: Option<&TcpStream>,
    ) -> Poll<io::Result<()>> {
        let most = self.most;
        if most.is_zero() {
            return Poll::Ready(Ok(()));
        }
        let seen = self
            .seen
            .get_or_insert_with(|| Seen { next_check: Box::pin(sleep(most)), sent: false });
        loop {
            ready!(seen.next_check.as_mut().poll(cx));
            if !seen.sent {
                return Poll::Ready(Ok(()));
            }
            if let Some(problem) = socket.and_then(|socket| socket.take_error().ok().flatten()) {
                return Poll::Ready(Err(problem));
            }
            seen.next_check.set(sleep(most));
        }
    }

    /// Notes that something was sent.
    pub(super) fn has_sent(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.sent = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::{net::TcpListener, time::Instant};

    const MOST: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_client_that_gets_nothing_has_left() {
        let start = Instant::now();
        let mut half = HalfClose::new(MOST);
        poll_fn(|cx| half.poll_left(cx, None)).await.unwrap();
        assert!(start.elapsed() >= MOST && start.elapsed() < 2 * MOST);
        let mut never = HalfClose::new(Duration::ZERO);
        assert!(poll_fn(|cx| Poll::Ready(never.poll_left(cx, None).is_ready())).await);
    }

    /// A client that was sent something is there as long as it does not reset the connection.
    #[tokio::test]
    async fn a_client_that_resets_has_left() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let most = Duration::from_millis(20);
        let mut half = HalfClose::new(most);
        let mut left = async || poll_fn(|cx| half.poll_left(cx, Some(&socket))).await;
        // Not polled before the first write, it would count as gone.
        let early = tokio::time::timeout(Duration::from_millis(5), left()).await;
        assert!(early.is_err());
        half.has_sent();
        let mut left = async || poll_fn(|cx| half.poll_left(cx, Some(&socket))).await;
        assert!(tokio::time::timeout(5 * most, left()).await.is_err(), "it waits");
        drop(client);
        socket.readable().await.unwrap();
        socket.try_write(b"x").unwrap();
        assert!(tokio::time::timeout(50 * most, left()).await.unwrap().is_err(), "it was reset");
    }
}
