//! The proxy's link in virtual time: the same rate, stalls, latency and losses for the same seed.

use super::{
    Answer, BodyPoint, Download, EffectSource, Heads, Network, NeverEnds, Progress, Request,
    RequestAttempt, RequestEffects, Transmission,
    attempt::{Attempt, BITS, BodyEnd, NANOS_PER_MS, whole_bytes},
    deadlines::DeadlineWatch,
    downlink::{Carrier, Downlink, GivesUp},
    request_seeds::RequestSeeds,
    uplink::Uplink,
    virtual_response::Response,
};
use crate::{
    model::{LinkSpec, Path},
    player::Failure,
    seed::Seed,
    units::{LinkTime, SessionTime},
};
use std::{sync::Arc, time::Duration};

/// Later than everything.
const NEVER: LinkTime = LinkTime::new(Duration::MAX);
/// A download is of some time, also on a link without a limit: what took no time has no rate.
const SHORTEST: Duration = Duration::from_micros(1);

/// A network over [`LinkSpec`], as the proxy applies it to a session whose requests follow each other
/// on one connection.
#[derive(Debug)]
pub struct LinkNetwork {
    spec: Arc<LinkSpec>,
    downlink: Downlink,
    uplink: Option<Uplink>,
    heads: Heads,
    effects: Option<Box<dyn EffectSource>>,
    path: Path,
    /// Whether the connection has carried a request.
    reused: bool,
    seeds: RequestSeeds,
    session: Seed,
    request: Request,
    now: LinkTime,
    /// When the first request was made.
    start: Option<LinkTime>,
}

impl LinkNetwork {
    /// The downlink of a session with `seed`. Beside the link, each response keeps to `own`, and all
    /// of them to `shared`.
    #[must_use]
    pub fn new(spec: &Arc<LinkSpec>, own: &[LinkSpec], shared: &[LinkSpec], seed: Seed) -> Self {
        Self::with(spec, Downlink::new(spec, own, shared, seed), seed)
    }

    /// The same, where each response goes quantum by quantum.
    #[must_use]
    pub fn by_quanta(spec: &Arc<LinkSpec>, seed: Seed) -> Self {
        Self::with(spec, Downlink::by_quanta(spec, &[], &[], seed), seed)
    }

    /// A session with `seed` whose responses go over `carrier`.
    #[must_use]
    pub fn over(spec: &Arc<LinkSpec>, carrier: Box<dyn Carrier>, seed: Seed) -> Self {
        Self::with(spec, Downlink::Shared(carrier), seed)
    }

    fn with(spec: &Arc<LinkSpec>, downlink: Downlink, seed: Seed) -> Self {
        Self {
            spec: Arc::clone(spec),
            downlink,
            uplink: None,
            heads: Heads::NONE,
            effects: None,
            path: Path::default(),
            reused: false,
            seeds: RequestSeeds::new(seed),
            session: seed,
            request: Request::default(),
            now: LinkTime::ZERO,
            start: None,
        }
    }

    /// The same, with an uplink of `spec`.
    #[must_use]
    pub fn with_uplink(mut self, spec: &LinkSpec) -> Self {
        self.uplink = Uplink::new(spec, self.session);
        self
    }

    /// The same, with heads of messages of this size.
    #[must_use]
    pub const fn with_heads(mut self, heads: Heads) -> Self {
        self.heads = heads;
        self
    }

    /// The same, with what `effects` does to its requests. To be called before the first of them.
    #[must_use]
    pub fn with_effects(mut self, effects: Box<dyn EffectSource>) -> Self {
        if effects.limits_rates() && matches!(self.downlink, Downlink::Lone(_)) {
            self.downlink = Downlink::by_quanta(&self.spec, &[], &[], self.session);
        }
        self.effects = Some(effects);
        self
    }

    /// Bits that the link could have carried up to now; `None` without a limit.
    pub fn capacity(&mut self) -> Option<f64> {
        self.downlink.capacity(self.now).map(|bytes| bytes as f64 * BITS)
    }

    /// The delay before the first byte of the next response.
    fn latency(&mut self, seed: Seed) -> Duration {
        let law = &self.spec.latency;
        if law.is_none() {
            return Duration::ZERO;
        }
        // Without jitter nothing is drawn from the stream.
        let seed = if law.jitter.is_some() { seed.named("latency") } else { seed };
        law.sample(&mut self.path, self.now.since_zero(), &mut seed.stream())
    }

    /// What is done to a request for `bytes`.
    fn effects(&mut self, bytes: u64, seed: Seed) -> RequestEffects {
        let start = *self.start.get_or_insert(self.now);
        let at = SessionTime::new(self.now - start);
        let (request, reused) = (self.request, self.reused);
        let Some(source) = &mut self.effects else { return RequestEffects::default() };
        source.effects(&RequestAttempt { request, at, bytes, seed, reused })
    }

    /// When the head of the response comes, or else when the request was lost; `None` = never.
    fn head_time(
        &mut self,
        effects: &RequestEffects,
        seed: Seed,
    ) -> Option<Result<LinkTime, LinkTime>> {
        let round_trip = self.spec.latency.rtt_at(self.now.since_zero());
        let latency = self.latency(seed) + effects.round_trips * round_trip;
        let after = self.spec.latency.downlink.min(latency);
        let mut time = self.now + (latency - after) + effects.delay;
        if let Some(uplink) = &mut self.uplink {
            let end = uplink.carry(time, self.heads.request, round_trip, seed)?;
            time = end.at;
            if end.cut.is_some() {
                return Some(Err(time));
            }
        }
        Some(Ok(time + after))
    }

    /// The body of a response, which may end early at a time; `None` if it never ends.
    fn body(
        &mut self,
        attempt: &Attempt,
        transmission: Transmission,
        early: Option<LinkTime>,
        mut watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Option<(Response, BodyEnd)> {
        let (deadlines, first_byte) = (self.request.deadlines, attempt.since(attempt.head));
        let mut late = DeadlineWatch::new(deadlines, first_byte);
        let limit = attempt.after(deadlines.earliest(first_byte)).min(early.unwrap_or(NEVER));
        let from = if watch.is_some() { LinkTime::ZERO } else { limit };
        let mut stopped = None;
        let mut see = |time: LinkTime, received: u64| {
            stopped = if let Some(early) = early.filter(|early| *early <= time) {
                Some(BodyEnd::At(early))
            } else if let Some(limit) = late.passed(attempt.since(time), received) {
                Some(BodyEnd::Late(attempt.after(limit)))
            } else {
                let progress = attempt.progress(time, received);
                let gives_up = watch.as_mut().is_some_and(|watch| watch(&progress));
                gives_up.then_some(BodyEnd::GivenUp)
            };
            stopped.is_some()
        };
        let unwatched = from == NEVER;
        let gives_up: Option<GivesUp<'_>> = if unwatched { None } else { Some(&mut see) };
        let response = self.downlink.carry(&self.spec, transmission, from, gives_up)?;
        let sent = if response.cut.is_some() { BodyEnd::Lost } else { BodyEnd::Sent };
        Some((response, stopped.unwrap_or(sent)))
    }

    /// Receives the response whose head comes at `attempt.head`.
    fn receive(
        &mut self,
        attempt: &Attempt,
        mut effects: RequestEffects,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let (bytes, status) = match effects.answer {
            Answer::Status(code, bytes) => (bytes, Some(code)),
            _ => (whole_bytes(attempt.size), None),
        };
        let (mut sent, mut early, mut closes) = (bytes, None, None);
        if let Some(end) = effects.end {
            closes = end.closes_after;
            match end.at {
                BodyPoint::Byte(byte) => sent = sent.min(byte),
                BodyPoint::After(time) => early = Some(attempt.head + time),
            }
        }
        let head = self.heads.response;
        let transmission =
            Transmission::new(attempt.head, head, sent, attempt.seed).under(&mut effects);
        let (response, end) = self.body(attempt, transmission, early, watch).ok_or(NeverEnds)?;
        let received = response.received;
        self.now = response.end.max(attempt.head + SHORTEST);
        if effects.closes {
            self.close();
        }
        match end {
            BodyEnd::GivenUp => {
                self.missed();
                Ok(Download::given_up(attempt.progress(self.now, received)))
            }
            BodyEnd::Late(limit) => {
                // Others that share the link are at that time already.
                let shared = matches!(self.downlink, Downlink::Shared(_));
                let at = if shared { limit.max(response.end) } else { limit };
                Ok(self.fail(attempt, at, received, Failure::Timeout))
            }
            BodyEnd::Lost => Ok(self.fail(attempt, self.now, received, Failure::Other)),
            BodyEnd::At(time) => self.silence(attempt, time, received, closes),
            BodyEnd::Sent if sent < bytes => self.silence(attempt, self.now, received, closes),
            BodyEnd::Sent => match status {
                Some(code) => Ok(self.fail(attempt, self.now, received, Failure::Status(code))),
                None => Ok(Download::whole(Progress {
                    received: attempt.size,
                    ..attempt.progress(self.now, received)
                })),
            },
        }
    }

    /// Nothing arrives after `since`, until the connection ends, this long after it, or a time-out of the player.
    fn silence(
        &mut self,
        attempt: &Attempt,
        since: LinkTime,
        received: u64,
        closes: Option<Duration>,
    ) -> Result<Download, NeverEnds> {
        let deadlines = self.request.deadlines;
        let limit = if since < attempt.head {
            deadlines.total.min(deadlines.first_byte)
        } else {
            deadlines.earliest(attempt.since(since))
        };
        let limit = attempt.after(limit);
        let closed = closes.map_or(NEVER, |closes| since + closes);
        if closed.min(limit) == NEVER {
            return Err(NeverEnds);
        }
        let failure = if closed <= limit { Failure::Other } else { Failure::Timeout };
        Ok(self.fail(attempt, closed.min(limit), received, failure))
    }

    /// The attempt failed at `at`.
    fn fail(
        &mut self,
        attempt: &Attempt,
        at: LinkTime,
        received: u64,
        failure: Failure,
    ) -> Download {
        self.now = at.max(attempt.asked + SHORTEST);
        self.missed();
        if !matches!(failure, Failure::Status(_)) {
            self.close();
        }
        let progress = attempt.progress(self.now, received);
        Download { progress, abandoned: false, failure: Some(failure) }
    }

    /// The last attempt did not bring a whole body.
    fn missed(&mut self) {
        self.seeds.failed(self.request.name);
        if let Some(effects) = &mut self.effects {
            effects.failed();
        }
    }

    /// The connection has ended.
    fn close(&mut self) {
        self.path = Path::default();
        self.reused = false;
    }
}

impl Network for LinkNetwork {
    fn download(
        &mut self,
        size: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let seed = self.seeds.next(self.request.name);
        let effects = self.effects(whole_bytes(size), seed);
        let mut attempt = Attempt { size, seed, asked: self.now, head: NEVER };
        self.reused = true;
        let deadlines = self.request.deadlines;
        let patience = deadlines.total.min(deadlines.first_byte);
        let head = self.head_time(&effects, seed).ok_or(NeverEnds)?;
        let (Ok(time) | Err(time)) = head;
        if attempt.since(time) > patience {
            let limit = attempt.after(patience);
            return Ok(self.fail(&attempt, limit, 0, Failure::Timeout));
        }
        let head = match head {
            Ok(head) => head,
            Err(lost) => return Ok(self.fail(&attempt, lost, 0, Failure::Other)),
        };
        match effects.answer {
            Answer::Closed => Ok(self.fail(&attempt, head, 0, Failure::Other)),
            Answer::Silence(lasts) => self.silence(&attempt, head, 0, lasts),
            Answer::Object | Answer::Status(..) => {
                attempt.head = head;
                self.receive(&attempt, effects, watch)
            }
        }
    }

    fn ask_for(&mut self, request: Request) {
        self.request = request;
    }

    fn wait(&mut self, time: f64) {
        self.now += Duration::from_nanos((time * NANOS_PER_MS).round() as u64);
    }
}

#[cfg(test)]
mod tests;
