//! Changes a body before the link: corrupts bytes, and collects frames to send them in larger chunks.

use super::{corruption::Corrupter, fault_reporter::FaultReporter};
use crate::{
    proxy::{body::session_timer::SessionTimer, upstream::OriginError},
    rules::{Coalesce, Plan, Planned},
    seed::Seed,
    sessions::Session,
    units::SessionTime,
};
use bytes::Bytes;
use hyper::body::Frame;
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
};

/// The most bytes that are held back.
const MOST_HELD: usize = 16 * 1024 * 1024;

/// The result of polling a body's source.
pub(in crate::proxy) type NextFrame = Poll<Option<Result<Frame<Bytes>, OriginError>>>;

/// The filter of one body.
pub(in crate::proxy) struct BodyFilter {
    corrupter: Option<(Arc<str>, Corrupter)>,
    coalesce: Option<CoalescedChunk>,
    session: Arc<Session>,
    fault_reporter: FaultReporter,
    /// The end of the source, kept until all held bytes are passed on.
    end: Option<Result<Frame<Bytes>, OriginError>>,
    ended: bool,
}

/// Bytes that are held back.
struct CoalescedChunk {
    planned: Planned<Coalesce>,
    held: VecDeque<Bytes>,
    bytes: usize,
    /// All held bytes may pass.
    open: bool,
    until: Option<SessionTime>,
    timer: SessionTimer,
    reported: bool,
}

impl BodyFilter {
    /// The filter that `plan` needs; `None` = none.
    pub(super) fn new(
        plan: &Plan,
        seed: Seed,
        session: &Arc<Session>,
        fault_reporter: impl FnOnce() -> FaultReporter,
    ) -> Option<Box<Self>> {
        if plan.corrupt.is_none() && plan.coalesce.is_none() {
            return None;
        }
        let corrupter = plan
            .corrupt
            .as_ref()
            .map(|planned| (Arc::clone(&planned.rule), Corrupter::new(planned.effect, seed)));
        let coalesce = plan.coalesce.clone().map(CoalescedChunk::new);
        let session = Arc::clone(session);
        Some(Box::new(Self {
            corrupter,
            coalesce,
            session,
            fault_reporter: fault_reporter(),
            end: None,
            ended: false,
        }))
    }

    /// Whether nothing is held back.
    pub(in crate::proxy) fn is_empty(&self) -> bool {
        self.end.is_none()
            && self.coalesce.as_ref().is_none_or(|coalesce| coalesce.held.is_empty())
            && self.corrupter.as_ref().is_none_or(|(_, corrupter)| corrupter.is_empty())
    }

    /// The next frame; `next` polls the source.
    pub(in crate::proxy) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        next: &mut dyn FnMut(&mut Context<'_>) -> NextFrame,
    ) -> NextFrame {
        loop {
            if let Some(coalesce) = &mut self.coalesce
                && let Some(piece) = coalesce.take(&self.session, cx)
            {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            if self.ended {
                return Poll::Ready(self.end.take());
            }
            let piece = match next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.damaged(data),
                    Err(trailers) => self.end_source(Some(Ok(trailers))),
                },
                Poll::Ready(end) => self.end_source(end),
            };
            if piece.is_empty() {
                continue;
            }
            match &mut self.coalesce {
                None => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Some(coalesce) => coalesce.hold(piece, &self.session, &self.fault_reporter),
            }
        }
    }

    fn damaged(&mut self, piece: Bytes) -> Bytes {
        let Some((rule, corrupter)) = &mut self.corrupter else { return piece };
        let piece = corrupter.damage(piece);
        if let Some(at) = corrupter.take_corrupted() {
            self.fault_reporter.injected(rule, "corrupt", Some(at));
        }
        piece
    }

    /// Records the end of the source. Returns bytes that the corrupter still holds.
    fn end_source(&mut self, end: Option<Result<Frame<Bytes>, OriginError>>) -> Bytes {
        self.ended = true;
        self.end = end;
        if let Some(coalesce) = &mut self.coalesce {
            coalesce.open = true;
        }
        self.corrupter.as_mut().map_or_else(Bytes::new, |(_, corrupter)| corrupter.rest())
    }
}

impl CoalescedChunk {
    fn new(planned: Planned<Coalesce>) -> Self {
        let held = VecDeque::new();
        Self {
            planned,
            held,
            bytes: 0,
            open: false,
            until: None,
            timer: SessionTimer::default(),
            reported: false,
        }
    }

    fn hold(&mut self, piece: Bytes, session: &Session, fault_reporter: &FaultReporter) {
        if !self.reported {
            self.reported = true;
            fault_reporter.injected(&self.planned.rule, "coalesce", None);
        }
        if let (None, Coalesce::For(time)) = (self.until, self.planned.effect) {
            self.until = Some(session.now().saturating_add(time));
        }
        self.bytes += piece.len();
        self.held.push_back(piece);
        self.open |= self.bytes >= MOST_HELD;
    }

    /// The next bytes that may pass now.
    fn take(&mut self, session: &Session, cx: &mut Context<'_>) -> Option<Bytes> {
        if !self.open
            && let Some(until) = self.until
        {
            self.open = self.timer.poll_until(session, until, cx).is_ready();
        }
        if !self.open {
            return None;
        }
        let piece = self.held.pop_front();
        match &piece {
            Some(piece) => self.bytes -= piece.len(),
            None => (self.open, self.until) = (false, None),
        }
        piece
    }
}
