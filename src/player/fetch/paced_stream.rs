//! A connection that is read in larger pieces, so that not every packet of a slow response wakes its player.

use hyper::{
    Uri,
    rt::{Read, ReadBufCursor, Write},
};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use parking_lot::Mutex;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tower_service::Service;

/// Until when nothing is read from a connection. A response has it among its extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadingPause(Arc<Mutex<Option<Instant>>>);

impl ReadingPause {
    /// Nothing is read for this time. What arrives meanwhile is read at once then.
    pub(super) fn begin(&self, time: Duration) {
        *self.0.lock() = Some(Instant::now() + time);
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct PacedStream {
    stream: TokioIo<TcpStream>,
    pause: ReadingPause,
    timer: Option<Pin<Box<Sleep>>>,
}

impl PacedStream {
    /// Ready when the pause is over, if there is one.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut pause = self.pause.0.lock();
        let Some(until) = *pause else { return Poll::Ready(()) };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        ready!(timer.as_mut().poll(cx));
        *pause = None;
        Poll::Ready(())
    }
}

impl Read for PacedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_pause(cx));
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl Write for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }
}

impl Connection for PacedStream {
    fn connected(&self) -> Connected {
        self.stream.connected().extra(self.pause.clone())
    }
}

/// Makes connections that are read in larger pieces.
#[derive(Debug, Clone)]
pub(super) struct PacedConnector(pub(super) HttpConnector);

impl Service<Uri> for PacedConnector {
    type Response = PacedStream;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = Pin<Box<dyn Future<Output = Result<PacedStream, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            let (stream, pause) = (connecting.await?, ReadingPause::default());
            Ok(PacedStream { stream, pause, timer: None })
        })
    }
}
