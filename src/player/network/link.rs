//! The proxy's link in virtual time: the same rate, stalls, latency and losses for the same seed.

use super::{
    Answer, BodyPoint, Download, EffectSource, Heads, Network, NeverEnds, Progress, Request,
    RequestAttempt, RequestEffects, Transmission,
    deadlines::DeadlineWatch,
    quanta::{Quanta, Watch},
    request_seeds::RequestSeeds,
    uplink::Uplink,
    virtual_response::Response,
};
use crate::{
    model::{Interruptions, LinkSpec, Lone, LoneWatch, Path},
    player::Failure,
    seed::Seed,
    units::LinkTime,
};
use std::{sync::Arc, time::Duration};

/// A watch is called each time so much time has passed, as in Sabre.
const WATCH: Duration = Duration::from_millis(50);
/// Later than everything.
const NEVER: LinkTime = LinkTime::new(Duration::MAX);
/// A download is of some time, also on a link without a limit: what took no time has no rate.
const SHORTEST: Duration = Duration::from_micros(1);
const NANOS_PER_MS: f64 = 1_000_000.0;
const BITS: f64 = 8.0;

/// A network over [`LinkSpec`], as the proxy applies it to a session whose requests follow each other
/// on one connection.
#[derive(Debug)]
pub struct LinkNetwork {
    spec: Arc<LinkSpec>,
    body: Body,
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
}

/// How bodies are carried.
#[derive(Debug)]
enum Body {
    Lone(Box<Lone>),
    Quanta(Box<Quanta>),
    Shared(Box<dyn Carrier>),
}

/// Carries the bodies of responses over a link that others use, too.
pub trait Carrier: std::fmt::Debug + Send {
    /// Carries a response; `None` if it never ends.
    fn carry(&mut self, transmission: Transmission, watch: Option<Watch<'_>>) -> Option<Response>;

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    fn capacity(&mut self, now: LinkTime) -> Option<u64>;
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq)]
enum BodyEnd {
    /// With its last byte, or the one before its early end.
    Sent,
    /// With a lost packet.
    Lost,
    /// Early, at this time.
    At(LinkTime),
    /// The player gave it up.
    GivenUp,
    /// A limit of the player's time passed then.
    Late(LinkTime),
}

/// One attempt under way.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    /// The size of the object in bits.
    size: f64,
    seed: Seed,
    /// When the request was made, and when the head of the response comes.
    asked: LinkTime,
    head: LinkTime,
}

impl Attempt {
    /// `time` in ms since the request.
    fn since(&self, time: LinkTime) -> f64 {
        millis(time - self.asked)
    }

    /// The time so many ms after the request.
    fn after(&self, ms: f64) -> LinkTime {
        self.asked + duration(ms)
    }

    /// How far the body has come.
    fn progress(&self, time: LinkTime, received: u64) -> Progress {
        let received = self.size.min(received as f64 * BITS);
        let (time, first_byte) = (self.since(time), self.since(self.head.min(time)));
        Progress { size: self.size, received, time, first_byte }
    }
}

impl LinkNetwork {
    /// The downlink of a session with `seed`. Beside the link, each response keeps to `own`, and all
    /// of them to `shared`.
    #[must_use]
    pub fn new(spec: &Arc<LinkSpec>, own: &[LinkSpec], shared: &[LinkSpec], seed: Seed) -> Self {
        let downlink = seed.named("downlink");
        let alone = own.is_empty() && shared.is_empty();
        let body = match Lone::new(spec, downlink).filter(|_| alone) {
            Some(lone) => Body::Lone(Box::new(lone)),
            None => Body::Quanta(Box::new(Quanta::new(spec, own, shared, seed))),
        };
        Self::with(spec, body, seed)
    }

    /// The same, where each response goes quantum by quantum.
    #[must_use]
    pub fn by_quanta(spec: &Arc<LinkSpec>, seed: Seed) -> Self {
        Self::with(spec, Body::Quanta(Box::new(Quanta::new(spec, &[], &[], seed))), seed)
    }

    /// A session with `seed` whose responses go over `carrier`.
    #[must_use]
    pub fn over(spec: &Arc<LinkSpec>, carrier: Box<dyn Carrier>, seed: Seed) -> Self {
        Self::with(spec, Body::Shared(carrier), seed)
    }

    fn with(spec: &Arc<LinkSpec>, body: Body, seed: Seed) -> Self {
        Self {
            spec: Arc::clone(spec),
            body,
            uplink: None,
            heads: Heads::NONE,
            effects: None,
            path: Path::default(),
            reused: false,
            seeds: RequestSeeds::new(seed),
            session: seed,
            request: Request::default(),
            now: LinkTime::ZERO,
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
        if effects.limits_rates() && matches!(self.body, Body::Lone(_)) {
            let quanta = Quanta::new(&self.spec, &[], &[], self.session);
            self.body = Body::Quanta(Box::new(quanta));
        }
        self.effects = Some(effects);
        self
    }

    /// Bits that the link could have carried up to now; `None` without a limit.
    pub fn capacity(&mut self) -> Option<f64> {
        let now = self.now;
        let bytes = match &mut self.body {
            Body::Lone(lone) => lone.capacity(now),
            Body::Quanta(quanta) => quanta.capacity(now),
            Body::Shared(carrier) => carrier.capacity(now),
        };
        bytes.map(|bytes| bytes as f64 * BITS)
    }

    /// The delay before the first byte of the next response.
    fn latency(&mut self, seed: Seed) -> Duration {
        let law = &self.spec.latency;
        if law.is_none() {
            return Duration::ZERO;
        }
        law.sample(&mut self.path, self.now.since_zero(), &mut seed.named("latency").stream())
    }

    /// What is done to a request for `bytes`.
    fn effects(&mut self, bytes: u64, seed: Seed) -> RequestEffects {
        let (request, at, reused) = (self.request, self.now.since_zero(), self.reused);
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

    /// Carries a response; `watch` need not be asked about what has arrived by `from`.
    fn carry(
        &mut self,
        transmission: Transmission,
        from: LinkTime,
        watch: Option<&mut dyn FnMut(LinkTime, u64) -> bool>,
    ) -> Option<Response> {
        match &mut self.body {
            Body::Lone(lone) => {
                let Transmission { start, head, bytes, seed, ref pauses, .. } = transmission;
                let mut interruptions = Interruptions::new(&self.spec, seed).with_pauses(pauses);
                let watch = watch.map(|watch| LoneWatch::new(start, WATCH, watch).asked_from(from));
                let end = lone.carry(start, head, bytes, &mut interruptions, watch)?;
                Some(Response { end: end.at, received: end.received, cut: end.cut })
            }
            Body::Quanta(quanta) => {
                let watch = watch.map(|gives_up| Watch { step: WATCH, from, gives_up });
                quanta.carry(&self.spec, &transmission, watch)
            }
            Body::Shared(carrier) => {
                let watch = watch.map(|gives_up| Watch { step: WATCH, from, gives_up });
                carrier.carry(transmission, watch)
            }
        }
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
        let watch: Option<&mut dyn FnMut(LinkTime, u64) -> bool> =
            if unwatched { None } else { Some(&mut see) };
        let response = self.carry(transmission, from, watch)?;
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
                let shared = matches!(self.body, Body::Shared(_));
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

    /// Nothing arrives after `since`, until the connection ends, so long after it, or the player loses patience.
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
        let limit = attempt.after(deadlines.total.min(deadlines.first_byte));
        let head = match self.head_time(&effects, seed).ok_or(NeverEnds)? {
            Ok(head) => head,
            Err(lost) => return Ok(self.fail(&attempt, lost.min(limit), 0, Failure::Other)),
        };
        if head > limit {
            return Ok(self.fail(&attempt, limit, 0, Failure::Timeout));
        }
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

/// A size in bits as whole bytes, one at least.
fn whole_bytes(bits: f64) -> u64 {
    ((bits / BITS).ceil() as u64).max(1)
}

fn millis(time: Duration) -> f64 {
    time.as_nanos() as f64 / NANOS_PER_MS
}

/// So many ms; what is too long is the longest time.
fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            Distribution, Latency, LossModel, LossSpec, OnDrop, RateSpec, StallSpec, Step, Steps,
        },
        seed::Name,
        units::{BitRate, Ratio},
    };

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn named(name: &str) -> Request {
        Request { name: Some(Name::new(name)), ..Request::default() }
    }

    fn steps(list: &[(u64, u64)]) -> LinkSpec {
        let step = |&(ms, kbit): &(u64, u64)| Step {
            lasts: MS(ms),
            rate: BitRate::from_kilobits_per_second(kbit),
        };
        let steps = Steps::new(list.iter().map(step).collect(), true).unwrap();
        let latency = Latency { rtt: MS(40), ..Latency::default() };
        LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), latency, ..LinkSpec::default() }
    }

    fn spec_with_stalls(list: &[(u64, u64)]) -> Arc<LinkSpec> {
        let gap = Distribution::exponential(MS(2500)).unwrap();
        let stall = StallSpec::new(gap, Distribution::constant(MS(330))).unwrap();
        Arc::new(LinkSpec { stall: Some(stall), ..steps(list) })
    }

    #[test]
    fn a_download_takes_its_latency_and_its_bits() {
        let mut network =
            LinkNetwork::new(&Arc::new(steps(&[(1000, 800)])), &[], &[], Seed::new(1));
        let download = network.download(800_000.0 * 3.0, None).unwrap();
        assert_eq!(download.progress.first_byte, 40.0);
        // The bucket lets 10 ms of the rate go at once.
        let expected = 40.0 + 3000.0 - 10.0;
        assert!((download.progress.time - expected).abs() < 0.001, "{download:?}");
        network.wait(500.0);
        let capacity = network.capacity().unwrap();
        assert!((capacity - 0.8 * (expected * 1000.0 + 500_000.0)).abs() < 10.0, "{capacity}");
    }

    #[test]
    fn silence_for_ever_never_ends() {
        let silent = |rate| LinkSpec { rate, ..LinkSpec::default() };
        let once = Steps::new(
            vec![
                Step { lasts: MS(100), rate: BitRate::from_kilobits_per_second(80) },
                Step { lasts: MS(100), rate: BitRate::ZERO },
            ],
            false,
        );
        for spec in [
            silent(RateSpec::Constant(BitRate::ZERO)),
            silent(RateSpec::Steps(Arc::new(once.unwrap()))),
        ] {
            let spec = Arc::new(spec);
            let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(1));
            assert_eq!(network.download(1e6, None), Err(NeverEnds));
            let mut network = LinkNetwork::by_quanta(&spec, Seed::new(1));
            assert_eq!(network.download(1e6, None), Err(NeverEnds));
        }
    }

    /// The latency of a request with a name is the one that the proxy draws for that path: it depends on
    /// the seed, the name and the attempt, not on the requests before it.
    #[test]
    fn a_named_request_draws_by_its_name() {
        let jitter = Distribution::exponential(MS(50)).unwrap();
        let latency = Latency { rtt: MS(40), jitter: Some(jitter.clone()), ..Latency::default() };
        let spec = Arc::new(LinkSpec { latency, ..steps(&[(1000, 800)]) });
        let first_byte = |network: &mut LinkNetwork, name: &str| {
            network.ask_for(named(name));
            network.download(8000.0, None).unwrap().progress.first_byte
        };
        let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(5));
        let one = first_byte(&mut network, "/v1/seg-1.ts");
        let mut stream = Seed::new(5).named("/v1/seg-1.ts").numbered(1).named("latency").stream();
        let drawn = MS(40) + jitter.sample(&mut stream);
        assert_eq!(one, millis(drawn));
        let mut other = LinkNetwork::new(&spec, &[], &[], Seed::new(5));
        first_byte(&mut other, "/v1/seg-2.ts");
        assert_eq!(first_byte(&mut other, "/v1/seg-1.ts"), one);
        // A download that was given up makes the next one the second attempt.
        other.ask_for(named("/v1/seg-3.ts"));
        other.download(8e6, Some(&mut |_: &Progress| true)).unwrap();
        let second = first_byte(&mut other, "/v1/seg-3.ts");
        assert_ne!(second, first_byte(&mut network, "/v1/seg-3.ts"));
    }

    #[test]
    fn a_watch_gives_up() {
        let spec = Arc::new(steps(&[(1000, 800)]));
        for mut network in [
            LinkNetwork::new(&spec, &[], &[], Seed::new(1)),
            LinkNetwork::by_quanta(&spec, Seed::new(1)),
        ] {
            let mut watch = |progress: &Progress| progress.time >= 1000.0;
            let download = network.download(8e6, Some(&mut watch)).unwrap();
            assert!(download.abandoned);
            let Progress { time, received, .. } = download.progress;
            assert!((1000.0..1052.0).contains(&time), "{time}");
            assert!((received - 800.0 * (time - 40.0)).abs() < 30_000.0, "{received}");
        }
    }

    #[test]
    fn a_link_without_a_limit_takes_some_time() {
        let mut network = LinkNetwork::new(&Arc::default(), &[], &[], Seed::new(1));
        let progress = network.download(8e6, None).unwrap().progress;
        assert!(progress.time > progress.first_byte && progress.time < 1.0, "{progress:?}");
        assert_eq!(network.capacity(), None);
    }

    /// A retransmission holds the response up for a round trip; a response that is cut is asked for again.
    #[test]
    fn losses_take_time() {
        let time = |on_drop| {
            let model = LossModel::Bernoulli(Ratio::new(0.002).unwrap());
            let loss = Some(LossSpec { model, on_drop });
            let spec = Arc::new(LinkSpec { loss, ..steps(&[(1000, 8000)]) });
            let mut network = LinkNetwork::new(&spec, &[], &[], Seed::new(3));
            let mut time = 0.0;
            loop {
                let download = network.download(8e6, None).unwrap();
                time += download.progress.time;
                if download.failure.is_none() {
                    return time;
                }
            }
        };
        let clean = 40.0 + 1000.0;
        assert!(time(OnDrop::Retransmit) > clean + 30.0, "{}", time(OnDrop::Retransmit));
        assert!(time(OnDrop::Truncate) > clean + 40.0, "{}", time(OnDrop::Truncate));
        assert!((time(OnDrop::Corrupt) - clean).abs() < 5.0, "{}", time(OnDrop::Corrupt));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

        /// Whole responses end when those that go quantum by quantum do, to 10 µs.
        #[test]
        fn the_inverse_is_as_the_loop(
            list in proptest::collection::vec((20u64..3000, 0u64..20_000), 2..6),
            sizes in proptest::collection::vec((1u64..4_000_000, 0u64..3000), 1..8),
            seed: u64,
        ) {
            let mut list = list;
            list.push((500, 300));
            let spec = spec_with_stalls(&list);
            let mut fast = LinkNetwork::new(&spec, &[], &[], Seed::new(seed));
            let mut slow = LinkNetwork::by_quanta(&spec, Seed::new(seed));
            for (bits, wait) in sizes {
                let one = fast.download(bits as f64, None).unwrap().progress.time;
                let other = slow.download(bits as f64, None).unwrap().progress.time;
                proptest::prop_assert!((one - other).abs() < 0.01, "{bits}: {one} {other}");
                fast.wait(wait as f64);
                slow.wait(wait as f64);
            }
        }

        /// The same with losses of each kind, stalls by bytes, pauses and heads, to 0.2 ms: where a loss comes, both are
        /// rounded to whole bytes.
        #[test]
        fn interruptions_are_as_in_the_loop(
            list in proptest::collection::vec((20u64..3000, 500u64..20_000), 1..6),
            sizes in proptest::collection::vec((1u64..4_000_000, 0u64..3000), 1..8),
            (loss, on_drop, by_bytes) in (0.0f64..0.03, 0usize..4, proptest::bool::ANY),
            head in 0u32..600,
            seed: u64,
        ) {
            let on_drop =
                [OnDrop::Retransmit, OnDrop::Corrupt, OnDrop::Truncate, OnDrop::Reset][on_drop];
            let model = LossModel::Bernoulli(Ratio::new(loss).unwrap());
            let gap = Distribution::exponential(Duration::from_nanos(100_000)).unwrap();
            let stall = StallSpec::by_bytes(gap, Distribution::constant(MS(70))).unwrap();
            let spec = Arc::new(LinkSpec {
                loss: Some(LossSpec { model, on_drop }),
                stall: by_bytes.then_some(stall),
                ..steps(&list)
            });
            let heads = Heads { request: 0, response: head };
            let seed = Seed::new(seed);
            let mut fast = LinkNetwork::new(&spec, &[], &[], seed).with_heads(heads);
            let mut slow = LinkNetwork::by_quanta(&spec, seed).with_heads(heads);
            for (bits, wait) in sizes {
                let one = fast.download(bits as f64, None).unwrap();
                let other = slow.download(bits as f64, None).unwrap();
                let (one_time, other_time) = (one.progress.time, other.progress.time);
                proptest::prop_assert!((one_time - other_time).abs() < 0.2, "{one:?} {other:?}");
                proptest::prop_assert_eq!(one.progress.received, other.progress.received);
                proptest::prop_assert_eq!(one.failure, other.failure);
                fast.wait(wait as f64);
                slow.wait(wait as f64);
            }
        }
    }
}
