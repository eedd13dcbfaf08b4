//! The delay before the first byte of each response.

use super::{distribution::Distribution, round_trips::RoundTrips};
use crate::{seed::Stream, units::Ratio};
use std::time::Duration;

/// The delay before the first byte of each response.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Latency {
    /// A whole round trip, from the request to the first byte of the response; with a schedule, its longest
    /// round trip.
    pub rtt: Duration,
    /// Round trips that change with time, in place of a constant one.
    pub schedule: Option<RoundTrips>,
    /// The part of `rtt` (at most all of it) that is applied after the origin's response; the rest, jitter and
    /// handshake are applied before the request goes to the origin.
    pub downlink: Duration,
    /// A random delay, drawn once per response and added to `rtt`.
    pub jitter: Option<Distribution>,
    /// The correlation of a response's jitter with the one before it on the same connection, as in netem.
    pub correlation: Ratio,
    /// What the first response on a new connection also waits for.
    pub handshake: Handshake,
}

impl Latency {
    /// The round trip at `time` since the link's schedules started.
    #[must_use]
    pub fn rtt_at(&self, time: Duration) -> Duration {
        self.schedule.as_ref().map_or(self.rtt, |schedule| schedule.at(time))
    }

    /// Whether no delay is ever added.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.rtt.is_zero() && self.jitter.is_none()
    }
}

/// The delay for opening a connection, before its first request can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Handshake {
    /// Nothing.
    #[default]
    None,
    /// TCP's SYN and SYN-ACK: a round trip.
    Tcp,
    /// TCP's, and TLS 1.3's: two round trips (RFC 8446 §2).
    Tls,
}

impl Handshake {
    /// The name used in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }

    const fn round_trips(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Tcp => 1,
            Self::Tls => 2,
        }
    }
}

/// The handshake that a connection has really done before its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DoneHandshake {
    /// Its round trips, without that of TCP: TLS 1.3 has one, TLS 1.2 has two, or one if it resumes a session
    /// (RFC 8446 §2, RFC 5246 §7.3).
    pub round_trips: u32,
    /// How long it was delayed for them.
    pub waited: Duration,
    /// They open the transport too: QUIC has no handshake of TCP (RFC 9000 §7).
    pub with_transport: bool,
}

/// The state of one connection's path: whether the connection is open, the handshake that it has done, and its last
/// jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Path {
    open: bool,
    done: Option<DoneHandshake>,
    jitter: Option<Duration>,
}

impl Path {
    /// A path of a connection that has done a handshake of its own.
    #[must_use]
    pub const fn after(done: DoneHandshake) -> Self {
        Self { open: false, done: Some(done), jitter: None }
    }

    /// The round trips that the next request takes with `handshake`, and how much of them has been waited for.
    const fn next_trips(&mut self, handshake: Handshake) -> (u32, Duration) {
        if self.open {
            return (1, Duration::ZERO);
        }
        self.open = true;
        match self.done {
            // Its TLS is real, so only TCP's part is simulated.
            Some(DoneHandshake { round_trips, waited, with_transport }) => {
                let tcp = match handshake {
                    _ if with_transport => 0,
                    Handshake::None => 0,
                    Handshake::Tcp | Handshake::Tls => Handshake::Tcp.round_trips(),
                };
                (1 + tcp + round_trips, waited)
            }
            None => (1 + handshake.round_trips(), Duration::ZERO),
        }
    }
}

impl Latency {
    /// The delay of one response requested at `time` since the link's schedules started: a round trip and its
    /// jitter, and on a new connection the handshake.
    ///
    /// The proxy accepts its players' connections at once, so a handshake is charged to the first
    /// request. Jitter that is correlated is `ρ·last + (1 − ρ)·drawn`, as netem does it: the mean
    /// stays, and the spread shrinks by √((1 − ρ)/(1 + ρ)). `last` is that of the same connection,
    /// in the order of its requests; what is drawn belongs to the request (`stream`). So without a
    /// correlation no request's delay depends on another's, and with one it depends on those before
    /// it on its connection.
    ///
    /// A connection that has done a real handshake takes its round trips whatever `handshake` says, less what it was
    /// delayed for them: its messages are on this path as well.
    pub fn sample(&self, path: &mut Path, time: Duration, stream: &mut Stream) -> Duration {
        let trips = self.round_trips(path, time);
        let Some(jitter) = &self.jitter else { return trips };
        let drawn = jitter.sample(stream);
        let rho = self.correlation.get();
        let jitter = match path.jitter {
            Some(last) if rho > 0.0 => last.mul_f64(rho) + drawn.mul_f64(1.0 - rho),
            _ => drawn,
        };
        path.jitter = Some(jitter);
        trips + jitter
    }

    /// The same without jitter.
    pub fn round_trips(&self, path: &mut Path, time: Duration) -> Duration {
        let rtt = self.rtt_at(time);
        let (trips, waited) = path.next_trips(self.handshake);
        (trips * rtt).saturating_sub(waited).max(rtt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Distribution, RoundTrips},
        seed::Seed,
        units::Ratio,
    };

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn jittery(correlation: f64) -> Latency {
        let jitter = Distribution::lognormal(MS(8), MS(12)).unwrap();
        let correlation = Ratio::new(correlation).unwrap();
        Latency { rtt: MS(30), jitter: Some(jitter), correlation, ..Latency::default() }
    }

    /// Mean, standard deviation and lag-1 autocorrelation of a connection's delays, in ms.
    fn measured(latency: &Latency) -> (f64, f64, f64) {
        let (mut stream, mut path) = (Seed::new(1).stream(), Path::default());
        let draws: Vec<f64> = (0..200_000)
            .map(|_| latency.sample(&mut path, Duration::ZERO, &mut stream).as_secs_f64() * 1e3)
            .collect();
        assert!(draws.iter().all(|draw| *draw >= 30.0));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        let pairs = draws.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean));
        let lag = pairs.sum::<f64>() / draws.len() as f64 / variance;
        (mean, variance.sqrt(), lag)
    }

    #[test]
    fn a_real_handshake_takes_its_round_trips_once() {
        let delays = |handshake, done| {
            let latency = Latency { rtt: MS(30), handshake, ..Latency::default() };
            let (mut path, mut stream) = (Path::after(done), Seed::new(1).stream());
            [(); 2].map(|()| latency.sample(&mut path, Duration::ZERO, &mut stream))
        };
        let done = |round_trips, waited| DoneHandshake {
            round_trips,
            waited: MS(waited),
            with_transport: false,
        };
        assert_eq!(delays(Handshake::None, done(1, 30)), [MS(30), MS(30)]);
        assert_eq!(delays(Handshake::None, done(2, 0)), [MS(90), MS(30)]);
        // The network of the session differs from the one that delayed the handshake.
        assert_eq!(delays(Handshake::None, done(1, 10)), [MS(50), MS(30)]);
        assert_eq!(delays(Handshake::None, done(1, 300)), [MS(30), MS(30)]);
        // TCP's round trip is simulated, TLS's is not simulated again.
        assert_eq!(delays(Handshake::Tcp, done(1, 30)), [MS(60), MS(30)]);
        assert_eq!(delays(Handshake::Tls, done(1, 30)), [MS(60), MS(30)]);
        let quic = DoneHandshake { with_transport: true, ..done(1, 30) };
        assert_eq!(delays(Handshake::Tls, quic), [MS(30), MS(30)]);
    }

    #[test]
    fn jitter_adds_to_the_round_trip() {
        let (mean, sd, lag) = measured(&jittery(0.0));
        assert!((mean - 38.0).abs() < 0.2, "mean {mean}");
        assert!((sd / 12.0 - 1.0).abs() < 0.05, "sd {sd}");
        assert!(lag.abs() < 0.01, "lag-1 {lag}");
    }

    #[test]
    fn correlated_jitter_is_that_of_netem() {
        let (mean, sd, lag) = measured(&jittery(0.6));
        assert!((mean - 38.0).abs() < 0.2, "mean {mean}");
        assert!((sd / (12.0 * (0.4f64 / 1.6).sqrt()) - 1.0).abs() < 0.05, "sd {sd}");
        assert!((lag - 0.6).abs() < 0.01, "lag-1 {lag}");
    }

    #[test]
    fn a_fresh_connection_pays_for_its_handshake_once() {
        for (handshake, first) in
            [(Handshake::None, 30), (Handshake::Tcp, 60), (Handshake::Tls, 90)]
        {
            let latency = Latency { rtt: MS(30), handshake, ..Latency::default() };
            let (mut stream, mut path) = (Seed::new(1).stream(), Path::default());
            assert_eq!(latency.sample(&mut path, Duration::ZERO, &mut stream), MS(first));
            assert_eq!(latency.sample(&mut path, Duration::ZERO, &mut stream), MS(30));
        }
    }

    /// What a schedule says at the time of the request; jitter and handshakes come with it.
    #[test]
    fn a_round_trip_is_that_of_its_time() {
        let steps = [(Duration::from_secs(30), MS(75)), (Duration::from_secs(30), MS(150))];
        let schedule = RoundTrips::new(steps, true).unwrap();
        let rtt = schedule.longest();
        let handshake = Handshake::Tcp;
        let latency = Latency { rtt, handshake, schedule: Some(schedule), ..Latency::default() };
        let (mut stream, mut path) = (Seed::new(1).stream(), Path::default());
        let mut at = |s| latency.sample(&mut path, Duration::from_secs(s), &mut stream);
        assert_eq!([at(30), at(29), at(59), at(60)], [MS(300), MS(75), MS(150), MS(75)]);
    }
}
