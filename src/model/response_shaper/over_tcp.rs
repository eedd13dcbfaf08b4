//! A response over simulated TCP: sent as the window allows, passed on as it arrives.

use super::{
    super::{
        PACKET,
        link::Link,
        spec::OnDrop,
        transport::{Stream, Transport},
        verdict::Verdict,
    },
    ResponseShaper,
};
use crate::units::LinkTime;

/// The parts of a [`LinkAccess`](super::LinkAccess) that a response over simulated TCP uses.
#[derive(Debug)]
pub(super) struct TcpAccess<'a> {
    pub(super) link: &'a mut Link,
    pub(super) transport: &'a mut Transport,
    pub(super) limits: &'a mut [Link],
}

impl ResponseShaper {
    /// Over TCP: sends what the window allows, then passes on what has arrived.
    pub(super) fn poll_over_tcp(
        &mut self,
        mut access: TcpAccess<'_>,
        now: LinkTime,
        available: usize,
    ) -> Verdict {
        let TcpAccess { link, transport, .. } = &mut access;
        let mut stream = self.stream.take().unwrap_or_default();
        self.held = None;
        stream.follow(link, transport, now);
        self.share_loss(&stream, transport, now);
        stream.advance(link, transport, now);
        if stream.under_way() == 0 {
            self.stall(now, available);
        }
        let verdict = if now < self.resume {
            stream.sent_all();
            stream.source_empty();
            Verdict::Wait(self.resume)
        } else {
            let dropped = self.send(&mut stream, &mut access, now, available as u64);
            dropped.unwrap_or_else(|| self.arrive(&mut stream, &mut access, now))
        };
        self.stream = Some(stream);
        verdict
    }

    /// Sends until the window, the queue or the bytes are used up; a loss on the way is the verdict.
    fn send(
        &mut self,
        stream: &mut Stream,
        access: &mut TcpAccess<'_>,
        now: LinkTime,
        available: u64,
    ) -> Option<Verdict> {
        let TcpAccess { link, transport, limits } = access;
        if available > 0 {
            self.book_head(link, limits, now);
        }
        loop {
            let place = self.sent + stream.under_way();
            let mut want = available.saturating_sub(stream.under_way());
            if want == 0 {
                stream.sent_all();
                return None;
            }
            if !self.losing
                && let Some((action, ahead)) = self.loss_ahead(transport, place)
            {
                want = want.min(ahead);
                // A loss that ends the response waits until everything before it has arrived.
                let goes_on = matches!(action, OnDrop::Retransmit | OnDrop::Corrupt);
                if want == 0 && (goes_on || stream.under_way() == 0) {
                    self.lose(transport);
                    self.losing = action == OnDrop::Retransmit;
                    return Some(Verdict::Drop { action, at_byte: place });
                }
            }
            if self.losing {
                want = want.min(PACKET);
            }
            if let Some(stalls) = &self.stalls {
                // The stall begins when everything sent before it has arrived.
                want = want.min(stalls.next_byte().saturating_sub(place));
            }
            match self.limits.admit(limits, now, want) {
                Ok(bytes) => want = bytes,
                // A sender that paces itself keeps nothing in the network's queue.
                Err(hold) => {
                    self.held = Some(hold);
                    want = 0;
                }
            }
            if want == 0 {
                stream.sent_all();
                return None;
            }
            let bytes = stream.send(link, transport, now, want, self.losing)?;
            self.losing = false;
            self.limits.sent(bytes.get().into());
        }
    }

    /// Losses that come in bursts belong to the connection, however many responses share it. A response that is
    /// alone on its connection starts them again from its own seed, so responses that follow each other lose
    /// the same bytes on every run.
    fn share_loss(&mut self, stream: &Stream, transport: &mut Transport, now: LinkTime) {
        if self.shares_loss == Some(false) {
            self.shares_loss = Some(true);
            let own = self.loss.take().map(|(loss, _)| loss);
            if transport.has_no_loss() || !stream.others_wait(transport, now) {
                transport.lose_by(own);
            }
        }
    }

    /// The effect of the next loss, and the number of bytes from `place` on before it.
    fn loss_ahead(&self, transport: &Transport, place: u64) -> Option<(OnDrop, u64)> {
        if self.shares_loss.is_some() {
            return Some((OnDrop::Retransmit, transport.loss_ahead()?));
        }
        let (loss, action) = self.loss.as_ref()?;
        Some((*action, loss.next_byte()?.saturating_sub(place)))
    }

    /// Advances to the next loss. Whether further losses belong to the same flight is decided by the window.
    fn lose(&mut self, transport: &mut Transport) {
        if self.shares_loss.is_some() {
            transport.lose_next();
        } else if let Some((loss, _)) = &mut self.loss {
            loss.advance_one();
        }
    }

    /// The bytes that have arrived over TCP, or the time when the next will.
    fn arrive(
        &mut self,
        stream: &mut Stream,
        access: &mut TcpAccess<'_>,
        now: LinkTime,
    ) -> Verdict {
        let TcpAccess { link, transport, .. } = access;
        let bytes = stream.take(link, transport, now);
        self.sent += bytes as u64;
        if bytes > 0 || (stream.is_idle() && self.held.is_none()) {
            return Verdict::Pass(bytes);
        }
        let arrives = stream.wait(link, transport, now);
        Verdict::wait(match (arrives, self.held.and_then(|hold| hold.until)) {
            (Some(arrives), Some(held)) => Some(arrives.min(held)),
            (arrives, held) => arrives.or(held),
        })
    }
}
