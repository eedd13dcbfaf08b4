//! One direction of a tunnel: bytes are read from its sender, pass the link, and are written to its receiver.

use super::flow::{Flow, LARGEST_READ, Step};
use crate::model::OnDrop;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How a direction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The sender has closed its side, and the receiver has all bytes.
    Complete,
    /// The connection of the sender failed. The receiver has all bytes that came before.
    SenderFailed,
    /// The connection of the receiver failed.
    ReceiverFailed,
    /// A packet loss ends the tunnel.
    Lost(OnDrop),
}

/// What the sender's connection has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sender {
    Open,
    Closed,
    Failed,
}

/// One direction: where its bytes come from and go to.
pub(super) struct Direction<R, W> {
    flow: Flow,
    from: R,
    to: W,
    buffer: Vec<u8>,
    sender: Sender,
    /// The end of the sender's bytes counts as a failure.
    failing: bool,
    /// How many bytes were read and written so far.
    moved: u64,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Direction<R, W> {
    pub(super) const fn new(flow: Flow, from: R, to: W) -> Self {
        Self { flow, from, to, buffer: Vec::new(), sender: Sender::Open, failing: false, moved: 0 }
    }

    /// How many bytes were read and written so far: while this does not change, nothing happens at either end.
    pub(super) const fn moved(&self) -> u64 {
        self.moved
    }

    /// Whether it waits for latency or link, so that it goes on by itself.
    pub(super) const fn waits_for_link(&self) -> bool {
        self.flow.waits_for_link()
    }

    /// Records that its sender's connection has failed, which the other direction has found out: from now on the end of
    /// the sender's bytes is no orderly one. The error of a connection is reported only once, to a read or a write.
    pub(super) const fn sender_failed(&mut self) {
        self.failing = true;
    }

    /// The connections of sender and receiver.
    pub(super) fn into_ends(self) -> (R, W) {
        (self.from, self.to)
    }

    /// Relays until the sender has ended and the receiver has all its bytes; then closes that side of the receiver. Calls
    /// `report` for what happens at the link.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        report: &mut impl FnMut(Step),
    ) -> Poll<Ended> {
        loop {
            // Reads on while earlier bytes wait, so that latency does not limit the rate.
            while self.poll_read(cx).is_ready() {}
            if ready!(self.poll_leave(cx)).is_err() {
                return Poll::Ready(Ended::ReceiverFailed);
            }
            if self.flow.is_empty() && self.sender != Sender::Open {
                return self.poll_end(cx);
            }
            let Poll::Ready(step) = self.flow.poll(cx) else {
                return match ready!(Pin::new(&mut self.to).poll_flush(cx)) {
                    Ok(()) => Poll::Pending,
                    Err(_) => Poll::Ready(Ended::ReceiverFailed),
                };
            };
            report(step);
            if let Step::Lost { action: action @ (OnDrop::Truncate | OnDrop::Reset), .. } = step {
                return Poll::Ready(Ended::Lost(action));
            }
            // Another lost packet is sent again, which the link has waited for. A damaged one is detected and sent
            // again by TCP.
        }
    }

    /// Reads once, if the window is not full. Ready = something was read, or the sender has ended.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.sender != Sender::Open || self.flow.is_full() {
            return Poll::Pending;
        }
        self.buffer.resize(LARGEST_READ, 0);
        let mut buffer = ReadBuf::new(&mut self.buffer);
        let Poll::Ready(read) = Pin::new(&mut self.from).poll_read(cx, &mut buffer) else {
            if self.flow.is_empty() {
                // Most tunnels are idle most of the time.
                self.buffer = Vec::new();
            }
            return Poll::Pending;
        };
        self.sender = match read {
            Ok(()) if !buffer.filled().is_empty() => {
                self.moved += buffer.filled().len() as u64;
                self.flow.push(buffer.filled());
                return Poll::Ready(());
            }
            // A TLS connection that is closed without saying so counts as closed: many clients do so.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Sender::Failed,
            Ok(()) | Err(_) if self.failing => Sender::Failed,
            Ok(()) | Err(_) => Sender::Closed,
        };
        self.buffer = Vec::new();
        Poll::Ready(())
    }

    /// Writes the bytes that may leave.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.flow.leaving().is_empty() {
            let written = ready!(Pin::new(&mut self.to).poll_write(cx, self.flow.leaving()))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.moved += written as u64;
            self.flow.left(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Ends it after all bytes are written.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let mut to = Pin::new(&mut self.to);
        let ended = match self.sender {
            Sender::Failed => ready!(to.as_mut().poll_flush(cx)).map(|()| Ended::SenderFailed),
            Sender::Open | Sender::Closed => {
                ready!(to.as_mut().poll_shutdown(cx)).map(|()| Ended::Complete)
            }
        };
        Poll::Ready(ended.unwrap_or(Ended::ReceiverFailed))
    }
}
