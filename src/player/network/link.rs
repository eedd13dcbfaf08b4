//! The proxy's link in virtual time: the same rate, stalls, latency and losses for the same seed.

mod two_requests;

use super::{
    Answer, BodyPoint, Concurrent, Download, EffectSource, Heads, Network, NeverEnds, Progress,
    Request, RequestAttempt, RequestEffects, Transmission,
    attempt::{Attempt, BITS, BodyEnd, NANOS_PER_MS, duration, rounded, whole_bytes},
    connection::Connection,
    deadlines::DeadlineWatch,
    downlink::{Carrier, Downlink, GivesUp},
    exchange::{Body, Course, Exchange, Fails, NEVER},
    request_seeds::RequestSeeds,
    together::{Together, TwoLimits},
    uplink::Uplink,
    virtual_response::Response,
};
use crate::{
    model::{Link, LinkSpec},
    player::Failure,
    seed::{Name, Seed},
    units::{LinkTime, SessionTime},
};
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// A download is of some time, also on a link without a limit: what took no time has no rate.
const SHORTEST: Duration = Duration::from_micros(1);
/// The stream of the latency of a request.
const LATENCY: Name = Name::new("latency");

/// A network over [`LinkSpec`], as the proxy applies it to a session whose requests follow each other
/// on one connection, or on two at the same time.
#[derive(Debug)]
pub struct LinkNetwork {
    spec: Arc<LinkSpec>,
    downlink: Downlink,
    uplink: Option<Uplink>,
    heads: Heads,
    effects: Option<Box<dyn EffectSource>>,
    connections: [Connection; 2],
    /// The requests under way, where there may be two.
    under_way: [Option<Exchange>; 2],
    /// When each was watched last.
    watched: [LinkTime; 2],
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

    /// The same, for two requests at a time: see [`Network::concurrent`].
    #[must_use]
    pub fn for_two(spec: &Arc<LinkSpec>, limits: &TwoLimits, seed: Seed) -> Self {
        Self::with(spec, Downlink::Together(Together::new(spec, limits, seed)), seed)
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
            connections: Default::default(),
            under_way: [None, None],
            watched: [LinkTime::ZERO; 2],
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
        if effects.limits_rates() {
            self.downlink.by_quanta_only(&self.spec, self.session);
        }
        self.effects = Some(effects);
        self
    }

    /// Bits that the link could have carried up to now; `None` without a limit.
    pub fn capacity(&mut self) -> Option<f64> {
        self.downlink.capacity(self.now).map(|bytes| bytes as f64 * BITS)
    }

    /// Whether the link carries nothing from now on: its rate is 0 for ever.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        let mut link = Link::new(&self.spec, self.session.named("downlink"));
        // What may pass at once after a pause comes first.
        link.book(self.now, NonZeroU32::MAX);
        let next = link.book(self.now, NonZeroU32::MIN);
        link.release(next).is_none()
    }

    /// The delay before the first byte of the next response on `connection`.
    fn latency(&mut self, connection: usize, seed: Seed) -> Duration {
        let law = &self.spec.latency;
        if law.is_none() {
            return Duration::ZERO;
        }
        let path = &mut self.connections[connection].path;
        let now = self.now.since_zero();
        if law.jitter.is_none() {
            return law.round_trips(path, now);
        }
        law.sample(path, now, &mut seed.child(LATENCY).stream())
    }

    /// What is done to a request for `bytes`; `None` = nothing.
    fn effects(
        &mut self,
        request: Request,
        (connection, reused): (usize, bool),
        bytes: u64,
        seed: Seed,
    ) -> Option<Box<RequestEffects>> {
        let start = *self.start.get_or_insert(self.now);
        let source = self.effects.as_mut()?;
        let at = SessionTime::new(self.now - start);
        let attempt = RequestAttempt { request, at, bytes, seed, connection, reused };
        Some(Box::new(source.effects(&attempt)))
    }

    /// When the head of the response comes, or else when the request was lost; `None` = never.
    fn head_time(
        &mut self,
        (connection, request): (usize, &Request),
        effects: Option<&RequestEffects>,
        seed: Seed,
    ) -> Option<Result<LinkTime, LinkTime>> {
        let round_trip = self.spec.latency.rtt_at(self.now.since_zero());
        let mut latency = self.latency(connection, seed);
        let mut delay = Duration::ZERO;
        if let Some(effects) = effects {
            latency += effects.round_trips * round_trip;
            delay = effects.delay;
        }
        let after = self.spec.latency.downlink.min(latency);
        let mut time = self.now + (latency - after) + delay;
        if let Some(uplink) = &mut self.uplink {
            let end = uplink.carry(time, self.heads.request, round_trip, seed)?;
            time = end.at;
            if end.cut.is_some() {
                return Some(Err(time));
            }
        }
        if request.held > 0.0 {
            time = time.max(self.now + duration(request.held));
        }
        Some(Ok(time + after))
    }

    /// Makes `request` for an object of `size` bits: it is under way then. Returns the response, if there is one.
    fn open(
        &mut self,
        connection: usize,
        request: Request,
        size: f64,
    ) -> Result<Option<Transmission>, NeverEnds> {
        let seed = self.seeds.next(request.name);
        let reused = std::mem::replace(&mut self.connections[connection].reused, true);
        let effects = self.effects(request, (connection, reused), whole_bytes(size), seed);
        let mut attempt = Attempt { size, seed, asked: self.now, head: NEVER };
        let patience = request.deadlines.total.min(request.deadlines.first_byte);
        let head =
            self.head_time((connection, &request), effects.as_deref(), seed).ok_or(NeverEnds)?;
        let fails = |at, failure| Course::Fails(Fails { at, received: 0, failure });
        let (Ok(time) | Err(time)) = head;
        let mut transmission = None;
        let course = match head {
            _ if attempt.since(time) > patience => fails(attempt.after(patience), Failure::Timeout),
            Err(lost) => fails(lost, Failure::Other),
            Ok(head) => match effects.as_ref().map_or(Answer::Object, |effects| effects.answer) {
                Answer::Closed => fails(head, Failure::Other),
                Answer::Silence(lasts) => {
                    Course::Fails(silence(&request, &attempt, head, 0, lasts)?)
                }
                Answer::Object | Answer::Status(..) => {
                    attempt.head = head;
                    let (sent, body) = self.body_of(&request, &attempt, effects);
                    transmission = Some(sent);
                    Course::Body(body)
                }
            },
        };
        self.under_way[connection] = Some(Exchange { request, attempt, connection, course });
        Ok(transmission)
    }

    /// The response whose head comes at `attempt.head`, and its body.
    fn body_of(
        &self,
        request: &Request,
        attempt: &Attempt,
        mut effects: Option<Box<RequestEffects>>,
    ) -> (Transmission, Body) {
        let (bytes, status) = match effects.as_ref().map(|effects| effects.answer) {
            Some(Answer::Status(code, bytes)) => (bytes, Some(code)),
            _ => (whole_bytes(attempt.size), None),
        };
        let (mut sent, mut early, mut closes) = (bytes, None, None);
        if let Some(end) = effects.as_ref().and_then(|effects| effects.end) {
            closes = end.closes_after;
            match end.at {
                BodyPoint::Byte(byte) => sent = sent.min(byte),
                BodyPoint::After(time) => early = Some(attempt.head + time),
            }
        }
        let mut transmission =
            Transmission::new(attempt.head, self.heads.response, sent, attempt.seed);
        if let Some(effects) = &mut effects {
            transmission = transmission.under(effects);
        }
        let first_byte = attempt.since(attempt.head);
        let limit = attempt.after(request.deadlines.earliest(first_byte));
        let body = Body {
            early,
            closes,
            whole: sent >= bytes,
            status,
            last: effects.is_some_and(|effects| effects.closes),
            late: DeadlineWatch::new(request.deadlines, first_byte),
            limit: limit.min(early.unwrap_or(NEVER)),
        };
        (transmission, body)
    }

    /// Receives a body to its end; `None` if it never ends.
    fn receive(
        &mut self,
        attempt: &Attempt,
        (transmission, body): (Transmission, &mut Body),
        mut watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Option<(Response, BodyEnd)> {
        let from = if watch.is_some() { LinkTime::ZERO } else { body.limit };
        let mut stopped = None;
        let mut see = |time: LinkTime, received: u64| {
            stopped = body.stopped(attempt, time, received).or_else(|| {
                let progress = attempt.progress(time, received);
                let gives_up = watch.as_mut().is_some_and(|watch| watch(&progress));
                gives_up.then_some(BodyEnd::GivenUp)
            });
            stopped.is_some()
        };
        let unwatched = from == NEVER;
        let gives_up: Option<GivesUp<'_>> = if unwatched { None } else { Some(&mut see) };
        let response = self.downlink.carry(&self.spec, transmission, from, gives_up)?;
        let sent = if response.cut.is_some() { BodyEnd::Lost } else { BodyEnd::Sent };
        Some((response, stopped.unwrap_or(sent)))
    }

    /// What follows the end of a body: the download, or that nothing more comes.
    fn ended(
        &mut self,
        exchange: &Exchange,
        body: &Body,
        (response, end): (Response, BodyEnd),
    ) -> Result<Result<Download, Fails>, NeverEnds> {
        let (attempt, received) = (&exchange.attempt, response.received);
        self.now = response.end.max(attempt.head + SHORTEST);
        if body.last {
            self.connections[exchange.connection].close();
        }
        let fails = |at, failure| Err(Fails { at, received, failure });
        let silence = |since| silence(&exchange.request, attempt, since, received, body.closes);
        Ok(match end {
            BodyEnd::GivenUp => {
                self.missed(&exchange.request);
                Ok(Download::given_up(attempt.progress(self.now, received)))
            }
            BodyEnd::Late(limit) => {
                // Others that share the link are at that time already.
                let at = if self.downlink.is_shared() { limit.max(response.end) } else { limit };
                fails(at, Failure::Timeout)
            }
            BodyEnd::Lost => fails(self.now, Failure::Other),
            BodyEnd::At(time) => Err(silence(time)?),
            BodyEnd::Sent if !body.whole => Err(silence(self.now)?),
            BodyEnd::Sent => match body.status {
                Some(code) => fails(self.now, Failure::Status(code)),
                None => Ok(Download::whole(Progress {
                    received: attempt.size,
                    ..attempt.progress(self.now, received)
                })),
            },
        })
    }

    /// The request has failed.
    fn fail(&mut self, exchange: &Exchange, fails: Fails) -> Download {
        let Fails { at, received, failure } = fails;
        self.now = at.max(exchange.attempt.asked + SHORTEST);
        self.missed(&exchange.request);
        if !matches!(failure, Failure::Status(_)) {
            self.connections[exchange.connection].close();
        }
        let progress = exchange.attempt.progress(self.now, received);
        Download { progress, abandoned: false, failure: Some(failure) }
    }

    /// The request did not bring a whole body.
    fn missed(&mut self, request: &Request) {
        if let Some(effects) = &mut self.effects {
            effects.failed(request);
        }
    }
}

/// Nothing arrives after `since`, until the connection ends, so long after it, or a time-out of the player.
fn silence(
    request: &Request,
    attempt: &Attempt,
    since: LinkTime,
    received: u64,
    closes: Option<Duration>,
) -> Result<Fails, NeverEnds> {
    let deadlines = request.deadlines;
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
    Ok(Fails { at: closed.min(limit), received, failure })
}

impl Network for LinkNetwork {
    fn download(
        &mut self,
        size: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let transmission = self.open(0, self.request, size)?;
        let mut exchange = self.under_way[0].take().ok_or(NeverEnds)?;
        let attempt = exchange.attempt;
        let ended = match &mut exchange.course {
            Course::Fails(fails) => Err(*fails),
            Course::Body(body) => {
                let sent = transmission.ok_or(NeverEnds)?;
                let end = self.receive(&attempt, (sent, body), watch).ok_or(NeverEnds)?;
                let Course::Body(body) = &exchange.course else { return Err(NeverEnds) };
                self.ended(&exchange, body, end)?
            }
        };
        Ok(ended.unwrap_or_else(|fails| self.fail(&exchange, fails)))
    }

    fn ask_for(&mut self, request: Request) {
        self.request = request;
    }

    fn wait(&mut self, time: f64) {
        self.now += Duration::from_nanos(rounded(time * NANOS_PER_MS));
    }

    fn concurrent(&mut self) -> Option<&mut dyn Concurrent> {
        matches!(self.downlink, Downlink::Together(_)).then_some(self as _)
    }
}

#[cfg(test)]
mod tests;
