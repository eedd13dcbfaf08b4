//! Keeps the gate of one body: asks it for the time, waits, and stays silent where that is asked.

use super::gate_schedule::{Gate, Step};
use crate::{
    proxy::{body::shaped_body::poll_until, exchange::ticket::Ticket},
    rules::{Cut, Ending, Hang, Length, Plan, Planned},
};
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

/// What the gatekeeper orders.
#[derive(Debug)]
pub(in crate::proxy) enum Order {
    /// So many bytes may pass now.
    Pass(u64),
    /// The body ends here, like this.
    End(Cut),
}

/// Stands between a body and its link.
#[derive(Debug)]
pub(in crate::proxy) struct BodyGate {
    gate: Gate,
    /// What the headers say of the length, if they say it.
    declared: Option<u64>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// The cut whose silence lasts until this session time, or for ever.
    silent: Option<(Cut, Option<Duration>)>,
    /// It is asked after the last byte too (HTTP/2).
    asked_again: bool,
}

impl BodyGate {
    /// The gatekeeper that `plan` puts before a body of `length` bytes; `None` = it stands open.
    /// `asked_again`: after the last byte too, as over HTTP/2.
    pub(super) fn new(plan: &Plan, length: Option<u64>, asked_again: bool) -> Option<Self> {
        let gate = Gate::new(plan, length)?;
        let declared = match gate.cut() {
            _ if plan.framing.is_some() => None,
            Some((Cut { length: Length::Fix, .. }, Some(at))) => Some(at),
            Some((Cut { length: Length::Drop, .. }, _)) => None,
            _ => length,
        };
        Some(Self { gate, declared, sleep: None, silent: None, asked_again })
    }

    /// What the headers should say of the length.
    pub(in crate::proxy) const fn declared(&self) -> Option<u64> {
        self.declared
    }

    /// What shall become of the body now.
    pub(in crate::proxy) fn poll(&mut self, cx: &mut Context<'_>, ticket: &Ticket) -> Poll<Order> {
        let Self { gate, sleep, silent, .. } = self;
        let session = &ticket.session;
        loop {
            if let Some((cut, until)) = silent {
                let Some(until) = until else { return Poll::Pending };
                ready!(poll_until(sleep, session, *until, cx));
                return Poll::Ready(Order::End(*cut));
            }
            let now = session.now();
            let step = gate.poll(ticket.bytes(), now, &mut |rule, effect, at| {
                ticket.injected(rule, effect, Some(at));
            });
            match step {
                Step::Pass { most, until: None } => return Poll::Ready(Order::Pass(most)),
                Step::Pass { most, until: Some(until) } => {
                    if poll_until(sleep, session, until, cx).is_pending() {
                        return Poll::Ready(Order::Pass(most));
                    }
                }
                Step::Wait(until) => ready!(poll_until(sleep, session, until, cx)),
                Step::Cut => {
                    let Some(Planned { rule, effect }) = gate.take_cut() else { continue };
                    ticket.injected(&rule, effect.ending.as_str(), Some(ticket.bytes()));
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

    /// `bytes` passed. Once that was all that the headers promise, nobody asks again: a cut at that
    /// very byte comes now.
    pub(in crate::proxy) fn passed(&mut self, bytes: usize, ticket: &Ticket) -> Option<Cut> {
        self.gate.passed(bytes as u64, ticket.session.now());
        let (_, at) = self.gate.cut()?;
        if self.asked_again || at != Some(ticket.bytes()) || at != self.declared {
            return None;
        }
        let Planned { rule, effect } = self.gate.take_cut()?;
        ticket.injected(&rule, effect.ending.as_str(), at);
        Some(effect)
    }
}
