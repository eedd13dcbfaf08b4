//! The toxic `vsps`: the latency and the link of a profile.

use super::{latency::DelayLine, origin::Origin, queue::Queue, shaped::Shaped};
use crate::{
    model::Latency,
    seed::Stream,
    tcp::{direction::Direction, profile::NamedProfile},
    units::ProcessTime,
};
use std::time::Duration;

/// A direction of a profile's network: half of its round trip, then its link. What comes from the upstream server
/// after a pause is a response, and has the jitter of one.
#[derive(Debug)]
pub(super) struct ProfiledLink {
    line: DelayLine,
    latency: Latency,
    /// When the schedules started.
    started: ProcessTime,
    direction: Direction,
    stream: Stream,
    /// When the last chunk arrived.
    last: Option<ProcessTime>,
    /// Behind the line, before the link.
    between: Queue,
    link: Shaped,
}

/// A stream that pauses for longer starts a new response.
const PAUSE: Duration = Duration::from_millis(5);

impl ProfiledLink {
    pub(super) fn new(now: ProcessTime, profile: &NamedProfile, origin: &Origin) -> Self {
        let spec = profile.spec(origin.direction);
        let seed = profile.seed(origin.seed, origin.ordinal);
        // A shared link has the random numbers of the first connection.
        let link = match profile.shared_link(origin.direction, now, seed) {
            Some(link) => Shaped::sharing(link, &spec, seed),
            None => Shaped::alone(now, &spec, seed),
        };
        Self {
            line: DelayLine::new(),
            latency: spec.latency,
            started: now,
            direction: origin.direction,
            stream: seed.named("latency").stream(),
            last: None,
            between: Queue::default(),
            link,
        }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        let Self { line, latency, started, direction, stream, last, between, link } = self;
        let due = line.poll(now, input, between, |chunk| {
            let since = chunk.arrived - *started;
            let fresh = last.replace(chunk.arrived).is_none_or(|last| chunk.arrived > last + PAUSE);
            let jitter = match &latency.jitter {
                Some(jitter) if fresh && *direction == Direction::Downstream => {
                    jitter.sample(stream)
                }
                _ => Duration::ZERO,
            };
            latency.rtt_at(since) / 2 + jitter
        });
        let released = link.poll(now, between, output);
        [due, released].into_iter().flatten().min()
    }

    pub(super) fn source_empty(&mut self) {
        if self.between.is_empty() {
            self.link.source_empty();
        }
    }

    /// Moves what is between line and link to `next`.
    pub(super) fn release(&mut self, next: &mut Queue) {
        self.between.move_to(next);
    }
}
