//! A fleet of replicas behind a balancer with consistent hashing, in numbers: how evenly sessions are spread, and what
//! moves when a replica is lost or added. `cargo test --test replicas -- --nocapture fleet` prints the figures.

use vsps::seed::Seed;

/// Points of a server on haproxy's ring for each unit of its weight.
const POINTS: u64 = 16;

/// A ring of servers (their numbers), as `hash-type consistent` has it.
struct Ring(Vec<(u64, u64)>);

impl Ring {
    fn new(servers: impl Iterator<Item = u64>, weight: u64) -> Self {
        let points = servers.flat_map(|server| {
            let of = Seed::new(server).named("ring");
            (0..weight * POINTS).map(move |point| (of.numbered(point).value(), server))
        });
        let mut points: Vec<_> = points.collect();
        points.sort_unstable();
        Self(points)
    }

    fn server(&self, session: u64) -> u64 {
        let key = Seed::new(session).named("session").value();
        let place = self.0.partition_point(|(point, _)| *point < key);
        self.0[place % self.0.len()].1
    }
}

/// The largest share of a server over the mean one.
fn imbalance(ring: &Ring, servers: u64, sessions: u64) -> f64 {
    let mut counts = vec![0_u64; servers as usize];
    for session in 0..sessions {
        counts[ring.server(session) as usize] += 1;
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    most as f64 * servers as f64 / sessions as f64
}

#[test]
fn fleet_of_a_million_sessions() {
    const SESSIONS: u64 = 1_000_000;
    for servers in [3, 10, 30] {
        let light = imbalance(&Ring::new(0..servers, 1), servers, SESSIONS / 10);
        let heavy = Ring::new(0..servers, 100);
        let even = imbalance(&heavy, servers, SESSIONS);
        println!(
            "{servers} replicas: the fullest has {light:.2} of the mean at weight 1, {even:.2} at 100"
        );
        assert!(even < 1.15, "{servers}: {even}");
        let (fewer, more) = (Ring::new(1..servers, 100), Ring::new(0..=servers, 100));
        let (mut lost, mut moved, mut added) = (0_u64, 0_u64, 0_u64);
        for session in 0..SESSIONS {
            let server = heavy.server(session);
            lost += u64::from(server == 0);
            moved += u64::from(fewer.server(session) != server);
            let now = more.server(session);
            assert!(now == server || now == servers, "only to the new one");
            added += u64::from(now != server);
        }
        let share = |count: u64| 100.0 * count as f64 / SESSIONS as f64;
        println!("  lost: {:.2} % of sessions move; added: {:.2} %", share(moved), share(added));
        assert_eq!(moved, lost, "only what the lost replica had");
        assert!(share(added) < 115.0 / (servers + 1) as f64, "{}", share(added));
    }
}

/// What Redis has to do: the calls follow from how often sessions start, are kept and get commands.
#[test]
fn fleet_load_of_redis() {
    let (replicas, idle, page) = (10.0, 120.0, 500.0);
    for sessions in [5_000.0, 50_000.0, 1_000_000.0] {
        // Sessions of ten minutes; of a hundred, one gets a command a minute.
        let (starts, commands) = (sessions / 600.0, sessions / 100.0 / 60.0);
        let kept = sessions / (idle / 4.0);
        let calls =
            2.0 * starts + kept / page + replicas * (10.0 + 1.0) + commands * (1.0 + replicas);
        println!(
            "{sessions} sessions: {starts:.0} starts/s, {kept:.0} kept/s, at most {calls:.0} calls/s"
        );
        assert!(calls < 20_000.0, "more than one Redis does");
    }
}
