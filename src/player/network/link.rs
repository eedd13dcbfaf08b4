//! The proxy's link in virtual time: the same rate, stalls, latency and losses for the same seed.

use super::{
    Download, Network, NeverEnds, Progress,
    quanta::{Quanta, Watch},
    virtual_response::Response,
};
use crate::{
    model::{LinkSpec, Lone, OnDrop, Path},
    seed::{Name, Seed},
    units::LinkTime,
};
use std::{sync::Arc, time::Duration};

/// A watch is called each time so much time has passed, as in Sabre.
const WATCH: Duration = Duration::from_millis(50);
/// A download is of some time, also on a link without a limit: what took no time has no rate.
const SHORTEST: Duration = Duration::from_micros(1);
/// A segment that was cut is asked for again so often.
const ATTEMPTS: u64 = 1000;
const NANOS_PER_MS: f64 = 1_000_000.0;
const BITS: f64 = 8.0;

/// A network over [`LinkSpec`], as the proxy applies it to a session whose requests follow each other
/// on one connection. Only rules and the uplink are left out.
#[derive(Debug)]
pub struct LinkNetwork {
    spec: Arc<LinkSpec>,
    body: Body,
    path: Path,
    requests: Requests,
    now: LinkTime,
}

/// The random seeds of requests. A request with a name has the seed that the proxy gives to one for that
/// path in a session with the same seed; the others are numbered.
#[derive(Debug)]
struct Requests {
    session: Seed,
    asked: u64,
    /// The name of the next request.
    name: Option<Name>,
    /// Requests that did not end with a whole body, and how often.
    failed: Vec<(Name, u64)>,
}

impl Requests {
    const fn new(session: Seed) -> Self {
        Self { session, asked: 0, name: None, failed: Vec::new() }
    }

    /// The seed of the next attempt.
    fn next(&mut self) -> Seed {
        self.asked += 1;
        let Some(name) = self.name else {
            return self.session.named("request").numbered(self.asked);
        };
        let before = self.failed.iter().find(|(failed, _)| *failed == name);
        self.session.child(name).numbered(1 + before.map_or(0, |(_, count)| *count))
    }

    /// The last attempt did not bring the whole body.
    fn failed(&mut self) {
        let Some(name) = self.name else { return };
        match self.failed.iter_mut().find(|(failed, _)| *failed == name) {
            Some((_, count)) => *count += 1,
            None => self.failed.push((name, 1)),
        }
    }
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
    /// Carries a response of `bytes` that starts at `start`, with random numbers from `seed`; `None` if it never
    /// ends.
    fn carry(
        &mut self,
        start: LinkTime,
        bytes: u64,
        seed: Seed,
        watch: Option<Watch<'_>>,
    ) -> Option<Response>;

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    fn capacity(&mut self, now: LinkTime) -> Option<u64>;
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
        let (spec, path) = (Arc::clone(spec), Path::default());
        Self { spec, body, path, requests: Requests::new(seed), now: LinkTime::ZERO }
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

    /// Carries `bytes` from `start` on; returns the end, what has arrived, and what cut it.
    fn body(
        &mut self,
        start: LinkTime,
        bytes: u64,
        seed: Seed,
        watch: Option<&mut dyn FnMut(LinkTime, u64) -> bool>,
    ) -> Option<Response> {
        match (&mut self.body, watch) {
            (Body::Lone(lone), None) => {
                let end = lone.carry(start, bytes)?;
                Some(Response { end, received: bytes, cut: None })
            }
            (Body::Lone(lone), Some(watch)) => {
                let (end, received) = lone.carry_watched(start, bytes, WATCH, watch)?;
                Some(Response { end, received, cut: None })
            }
            (Body::Quanta(quanta), watch) => {
                quanta.carry(&self.spec, start, bytes, seed, watch.map(|watch| (WATCH, watch)))
            }
            (Body::Shared(carrier), watch) => {
                carrier.carry(start, bytes, seed, watch.map(|watch| (WATCH, watch)))
            }
        }
    }
}

impl Network for LinkNetwork {
    fn download(
        &mut self,
        size: f64,
        mut watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let bytes = whole_bytes(size);
        let asked_at = self.now;
        let mut first_byte = None;
        for _ in 0..ATTEMPTS {
            let seed = self.requests.next();
            let start = self.now + self.latency(seed);
            let first = *first_byte.get_or_insert(millis(start - asked_at));
            let progress = |time: LinkTime, received: u64| Progress {
                size,
                received: size.min(received as f64 * BITS),
                time: millis(time - asked_at),
                first_byte: first,
            };
            let response = match &mut watch {
                None => self.body(start, bytes, seed, None),
                Some(watch) => {
                    let mut see = |time, received| watch(&progress(time, received));
                    self.body(start, bytes, seed, Some(&mut see))
                }
            };
            let Response { end, received, cut } = response.ok_or(NeverEnds)?;
            self.now = end.max(start + SHORTEST);
            if received < bytes {
                self.requests.failed();
            }
            if cut.is_none() {
                let abandoned = received < bytes;
                let mut progress = progress(self.now, received);
                if !abandoned {
                    progress.received = size;
                }
                return Ok(Download { progress, abandoned });
            }
            if cut == Some(OnDrop::Reset) {
                self.path = Path::default();
            }
        }
        Err(NeverEnds)
    }

    fn ask_for(&mut self, name: Option<Name>) {
        self.requests.name = name;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Distribution, Latency, LossModel, LossSpec, RateSpec, StallSpec, Step, Steps},
        units::{BitRate, Ratio},
    };

    const MS: fn(u64) -> Duration = Duration::from_millis;

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
            network.ask_for(Some(Name::new(name)));
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
        other.ask_for(Some(Name::new("/v1/seg-3.ts")));
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
            network.download(8e6, None).unwrap().progress.time
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
    }
}
