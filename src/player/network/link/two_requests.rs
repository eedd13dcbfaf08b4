//! Two requests at a time over one link.

use super::{
    super::{
        Concurrent, Download, NeverEnds, Progress, Request, Response,
        attempt::{BodyEnd, NANOS_PER_MS, millis, rounded},
        deadlines::WATCH,
        downlink::Downlink,
        exchange::{Course, Exchange, NEVER},
        together::EndedResponse,
    },
    LinkNetwork,
};
use crate::units::LinkTime;
use std::time::Duration;

/// What happens next.
enum Next {
    /// A download has ended.
    Ended(usize, Download),
    /// Something else; there is more to come.
    More,
}

impl LinkNetwork {
    /// When something happens next to the request on `connection`, beside the end of its body: it fails, or it is
    /// watched, with `watched` from its start on.
    fn due(&self, connection: usize, watched: bool) -> LinkTime {
        let Some(exchange) = &self.under_way[connection] else { return NEVER };
        let body = match &exchange.course {
            Course::Fails(fails) => return fails.at,
            Course::Body(body) => body,
        };
        let last = self.watched[connection];
        if !watched && last < body.limit {
            return body.limit;
        }
        let step = last.max(exchange.attempt.head) + WATCH;
        let limit = if last < body.limit { body.limit } else { step };
        if watched { limit.min(step) } else { limit }
    }

    /// What is due now on `connection`: it fails, or it is watched.
    fn pass(
        &mut self,
        connection: usize,
        watch: &mut Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Next, NeverEnds> {
        let Some(mut exchange) = self.under_way[connection].take() else { return Ok(Next::More) };
        let attempt = exchange.attempt;
        let body = match &mut exchange.course {
            Course::Fails(fails) => {
                let fails = *fails;
                return Ok(Next::Ended(connection, self.fail(&exchange, fails)));
            }
            Course::Body(body) => body,
        };
        let now = self.now;
        self.watched[connection] = now;
        let (received, arrived) = match &mut self.downlink {
            Downlink::Together(together) => together.received(connection),
            _ => (0, now),
        };
        let stopped = body
            .stopped(&attempt, arrived, received)
            .or_else(|| body.stopped(&attempt, now, received))
            .or_else(|| {
                let progress = attempt.progress(now, received);
                let gives_up = watch.as_mut().is_some_and(|watch| watch(&progress));
                gives_up.then_some(BodyEnd::GivenUp)
            });
        let Some(end) = stopped else {
            self.under_way[connection] = Some(exchange);
            return Ok(Next::More);
        };
        if let Downlink::Together(together) = &mut self.downlink {
            together.cancel(connection);
        }
        self.body_ended(connection, exchange, Response { end: now, received, cut: None }, end)
    }

    /// The body on `connection` has ended.
    fn body_ended(
        &mut self,
        connection: usize,
        mut exchange: Exchange,
        response: Response,
        end: BodyEnd,
    ) -> Result<Next, NeverEnds> {
        let Course::Body(body) = &exchange.course else { return Ok(Next::More) };
        match self.ended(&exchange, body, (response, end))? {
            Ok(download) => Ok(Next::Ended(connection, download)),
            Err(fails) => {
                exchange.course = Course::Fails(fails);
                self.under_way[connection] = Some(exchange);
                Ok(Next::More)
            }
        }
    }

    /// Goes on to the next thing that happens, at `until` at the latest.
    fn next(
        &mut self,
        until: LinkTime,
        watch: &mut Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Next, NeverEnds> {
        let (first, second) = (self.due(0, watch.is_some()), self.due(1, false));
        let due = first.min(second).max(self.now);
        let limit = due.min(until);
        let Downlink::Together(together) = &mut self.downlink else { return Err(NeverEnds) };
        if let Some(EndedResponse { connection, response }) = together.advance(limit) {
            let response = response.ok_or(NeverEnds)?;
            let Some(exchange) = self.under_way[connection].take() else { return Ok(Next::More) };
            let end = if response.cut.is_some() { BodyEnd::Lost } else { BodyEnd::Sent };
            return self.body_ended(connection, exchange, response, end);
        }
        if limit == NEVER {
            return Err(NeverEnds);
        }
        self.now = limit;
        if due > limit {
            return Ok(Next::More);
        }
        if first <= limit { self.pass(0, watch) } else { self.pass(1, &mut None) }
    }
}

impl Concurrent for LinkNetwork {
    fn begin(&mut self, connection: usize, request: Request, size: f64) -> Result<(), NeverEnds> {
        let transmission = self.open(connection, request, size)?;
        self.watched[connection] = LinkTime::ZERO;
        if let Some(transmission) = transmission
            && let Downlink::Together(together) = &mut self.downlink
        {
            together.begin(connection, &self.spec, &transmission);
        }
        Ok(())
    }

    fn go_on(
        &mut self,
        time: f64,
        mut watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<(f64, Option<(usize, Download)>), NeverEnds> {
        let from = self.now;
        let span = time * NANOS_PER_MS;
        // What is too long is for ever.
        let until =
            if span < u64::MAX as f64 { from + Duration::from_nanos(rounded(span)) } else { NEVER };
        loop {
            let next = self.next(until, &mut watch)?;
            if let Next::Ended(connection, download) = next {
                return Ok((millis(self.now - from), Some((connection, download))));
            }
            if self.now >= until {
                return Ok((millis(self.now - from), None));
            }
        }
    }
}
