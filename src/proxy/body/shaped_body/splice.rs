//! Lets the kernel move a body from the origin's socket to the player's, where nothing looks at its bytes or holds them back.

use super::{BodyError, ShapedBody};
use crate::{
    event::Outcome,
    proxy::{body::splice_pipes::OpenPipe, upstream::DirectBody},
};
use std::{
    io,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::net::TcpStream;

/// What the kernel has moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Spliced {
    /// So many bytes to the player.
    Moved(usize),
    /// Nothing: the next bytes come as frames.
    Frames,
}

impl ShapedBody {
    /// Prepares to let the kernel move the body. Returns whether it may be able to, once the first frames are passed on.
    pub(in crate::proxy) fn prepare_splice(&mut self) -> bool {
        self.movable().is_some_and(|body| body.set_spliced(true))
    }

    /// Whether the kernel moves the next bytes: they are in the pipe, or all bytes in memory are passed on and the others are
    /// not observed.
    pub(in crate::proxy) fn splices_next(&mut self) -> bool {
        self.holds_pipe_bytes()
            || (self.frame.is_empty() && self.movable().is_some() && self.inner.is_drained())
    }

    /// Whether bytes are in the pipe. They come before all others, also when the body is shaped from now on.
    pub(super) fn holds_pipe_bytes(&self) -> bool {
        self.pipe.as_ref().is_some_and(|pipe| pipe.0.held() > 0)
    }

    /// The origin's body, while no rule, link or fault is between it and the player.
    fn movable(&mut self) -> Option<&mut DirectBody> {
        let plain = self.link.is_none()
            && self.plan.rule_link.is_empty()
            && self.plan.body_gate.is_none()
            && self.breaking.is_none()
            && !self.over
            && !self.exchange.session.shapes_bodies();
        if plain { self.inner.direct() } else { None }
    }

    /// Moves bytes to `player`. The error is that of this socket.
    pub(in crate::proxy) fn poll_splice(
        &mut self,
        cx: &mut Context<'_>,
        player: &TcpStream,
    ) -> Poll<io::Result<Spliced>> {
        if !self.holds_pipe_bytes() {
            let filled = self.poll_fill(cx);
            if !matches!(filled, Poll::Ready(1..)) {
                // Others may need it.
                self.pipe.take().into_iter().for_each(OpenPipe::give_back);
            }
            if ready!(filled) == 0 {
                return Poll::Ready(Ok(Spliced::Frames));
            }
        }
        let Some(pipe) = &mut self.pipe else { return Poll::Ready(Ok(Spliced::Frames)) };
        let moved = pipe.0.poll_drain(cx, player);
        self.exchange.connection().activity.waits_for_reader(moved.is_pending());
        let moved = match ready!(moved) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                // The system takes bytes into a pipe, but not out of it: they are read instead.
                self.frame = pipe.0.take_bytes()?.into();
                self.pipe.take().into_iter().for_each(OpenPipe::give_back);
                self.inner.direct().into_iter().for_each(|body| _ = body.set_spliced(false));
                return Poll::Ready(Ok(Spliced::Frames));
            }
            moved => moved?,
        };
        self.exchange.passed(moved, self.exchange.session.now(), Duration::ZERO);
        if pipe.0.held() == 0 {
            self.pipe.take().into_iter().for_each(OpenPipe::give_back);
        }
        Poll::Ready(Ok(Spliced::Moved(moved)))
    }

    /// Takes bytes from the origin; none = the next ones come as frames.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut pipe = self.pipe.take().or_else(OpenPipe::take);
        let filled = match (self.movable(), &mut pipe) {
            (Some(body), Some(pipe)) => body.poll_splice(cx, &mut pipe.0),
            _ => {
                // Frames are read ahead again.
                self.inner.direct().into_iter().for_each(|body| _ = body.set_spliced(false));
                Poll::Ready(Ok(0))
            }
        };
        self.pipe = pipe;
        match filled {
            Poll::Pending => {
                self.exchange.await_origin();
                Poll::Pending
            }
            Poll::Ready(Ok(0)) => Poll::Ready(0),
            Poll::Ready(Ok(bytes)) => {
                self.exchange.origin_delivered();
                Poll::Ready(bytes)
            }
            Poll::Ready(Err(error)) => {
                self.exchange.origin_delivered();
                self.break_off(cx, BodyError::Origin(error), Outcome::OriginCut);
                Poll::Ready(0)
            }
        }
    }
}
