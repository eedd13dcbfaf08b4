//! Drives the [`Gate`] of one body on the session's clock: waits, and stays silent before a cut.

use super::gate_schedule::{Gate, Step};
use crate::{
    proxy::{body::session_timer::SessionTimer, exchange::Exchange},
    rules::{Cut, Ending, Hang, Length, Plan, Planned},
    units::SessionTime,
};
use std::task::{Context, Poll, ready};

/// The result of polling the gate.
#[derive(Debug)]
pub(in crate::proxy) enum Order {
    /// Up to this many bytes may pass now.
    Pass(u64),
    /// The body ends here with this cut.
    End(Cut),
}

/// Limits when the bytes of a body reach the link.
#[derive(Debug)]
pub(in crate::proxy) struct BodyGate {
    gate: Gate,
    /// The length that the headers declare, if they do.
    declared: Option<u64>,
    timer: SessionTimer,
    /// A cut with silence before it, until this session time or without end.
    silent: Option<(Cut, Option<SessionTime>)>,
    /// It is also polled after the last byte (HTTP/2).
    polled_at_end: bool,
}

impl BodyGate {
    /// The gate that `plan` needs for a body of `length` bytes; `None` = none. `polled_at_end`: it is also polled after
    /// the last byte, as on HTTP/2.
    pub(super) fn new(plan: &Plan, length: Option<u64>, polled_at_end: bool) -> Option<Self> {
        let gate = Gate::new(plan, length)?;
        let declared = match gate.cut() {
            _ if plan.framing.is_some() => None,
            Some((Cut { length: Length::Fix, .. }, Some(at))) => Some(at),
            Some((Cut { length: Length::Drop, .. }, _)) => None,
            _ => length,
        };
        Some(Self { gate, declared, timer: SessionTimer::default(), silent: None, polled_at_end })
    }

    /// The length that the headers are to declare.
    pub(in crate::proxy) const fn declared(&self) -> Option<u64> {
        self.declared
    }

    /// Polls what may happen to the body now.
    pub(in crate::proxy) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &Exchange,
    ) -> Poll<Order> {
        let Self { gate, timer, silent, .. } = self;
        let session = &exchange.session;
        loop {
            if let Some((cut, until)) = silent {
                let Some(until) = until else { return Poll::Pending };
                ready!(timer.poll_until(session, *until, cx));
                return Poll::Ready(Order::End(*cut));
            }
            let now = session.now();
            let step = gate.poll(exchange.bytes(), now, &mut |rule, effect, at| {
                exchange.injected(rule, effect, Some(at));
            });
            match step {
                Step::Pass { most, until: None } => return Poll::Ready(Order::Pass(most)),
                Step::Pass { most, until: Some(until) } => {
                    if timer.poll_until(session, until, cx).is_pending() {
                        return Poll::Ready(Order::Pass(most));
                    }
                }
                Step::Wait(until) => ready!(timer.poll_until(session, until, cx)),
                Step::Cut => {
                    let Some(Planned { rule, effect }) = gate.take_cut() else { continue };
                    exchange.injected(&rule, effect.ending.as_str(), Some(exchange.bytes()));
                    match effect.ending {
                        Ending::Silence(Hang::Forever) => *silent = Some((effect, None)),
                        Ending::Silence(Hang::For(time)) => {
                            *silent = Some((effect, Some(now.saturating_add(time))));
                        }
                        _ => return Poll::Ready(Order::End(effect)),
                    }
                }
            }
        }
    }

    /// Records that `bytes` passed. After the declared length, HTTP/1.1 does not poll again, so a cut at exactly that
    /// byte is returned here.
    pub(in crate::proxy) fn passed(&mut self, bytes: usize, exchange: &Exchange) -> Option<Cut> {
        self.gate.passed(bytes as u64, exchange.session.now());
        let (_, at) = self.gate.cut()?;
        if self.polled_at_end || at != Some(exchange.bytes()) || at != self.declared {
            return None;
        }
        let Planned { rule, effect } = self.gate.take_cut()?;
        exchange.injected(&rule, effect.ending.as_str(), at);
        Some(effect)
    }
}
