//! Shaping allocates nothing per quantum: the link in virtual time, and a whole body on sockets.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic, in its helpers too")]

use allocation_counter::measure;
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{runtime, sync::oneshot};
use vsps::{
    app::App,
    args::RunArgs,
    config::Config,
    model::{
        Distribution, Link, LinkAccess, LinkSpec, Markov, PACKET, RateSpec, ResponseShaper,
        StallSpec, Start, State, Step, Trace, Verdict,
    },
    profiles::Catalog,
    seed::Seed,
    units::{BitRate, LinkTime, Ratio},
};

const RATE: BitRate = BitRate::from_kilobits_per_second(10_000);

/// Runs a response that always has data until `end` of virtual time; returns how many quanta passed.
fn drive(link: &mut Link, shaper: &mut ResponseShaper, now: &mut LinkTime, end: LinkTime) -> u64 {
    let mut quanta = 0;
    while *now < end {
        match shaper.poll(&mut LinkAccess::new(link), *now, 1 << 20) {
            Verdict::Pass(_) => quanta += 1,
            Verdict::Wait(until) => *now = until,
            Verdict::Paused => panic!("nothing leaves any more"),
            Verdict::Stalled(_) | Verdict::Drop { .. } => {}
        }
    }
    quanta
}

fn markov_with_stalls() -> LinkSpec {
    let state = |megabits: u64| State {
        mean: BitRate::from_kilobits_per_second(megabits * 1000),
        spread: Ratio::new(0.3).unwrap(),
    };
    let (states, rows) = (vec![state(5), state(15)], vec![vec![0.5, 0.5]; 2]);
    let chain = Markov::new(states, Duration::from_secs(1), rows).unwrap();
    let law = |millis| Distribution::exponential(Duration::from_millis(millis)).unwrap();
    LinkSpec {
        rate: RateSpec::Markov(Arc::new(chain)),
        stall: Some(StallSpec::new(law(1000), law(100)).unwrap()),
        ..LinkSpec::default()
    }
}

#[test]
fn a_link_in_steady_state_allocates_nothing() {
    let constant = LinkSpec { rate: RateSpec::Constant(RATE), ..LinkSpec::default() };
    for spec in [constant, markov_with_stalls()] {
        let mut link = Link::new(&spec, Seed::new(7));
        let mut shaper = ResponseShaper::new(&spec, None, Seed::new(7));
        let mut now = LinkTime::ZERO;
        // Queues grow to the size they need.
        drive(&mut link, &mut shaper, &mut now, LinkTime::from_secs(60));
        let mut quanta = 0;
        let seen = measure(|| {
            quanta = drive(&mut link, &mut shaper, &mut now, LinkTime::from_secs(180));
        });
        assert!(quanta > 50_000, "{quanta} quanta");
        assert_eq!(seen.count_total, 0, "{:?}", spec.rate);
    }
}

/// A day at a rate a second is 1.4 MB; a session that plays it holds none of that.
#[test]
fn a_trace_of_a_day_is_held_once() {
    let second = |n: u64| Step {
        lasts: Duration::from_secs(1),
        rate: BitRate::from_kilobits_per_second(1000 + n % 7),
    };
    let trace = Trace::new((0..86_400).map(second), true, Start::Random).unwrap();
    let trace = RateSpec::Trace(Arc::new(trace));
    let spec = LinkSpec { rate: trace, ..LinkSpec::default() };
    let mut links = Vec::with_capacity(100);
    let seen = measure(|| {
        for seed in 0..100 {
            let spec = spec.clone();
            let mut link = Link::new(&spec, Seed::new(seed));
            link.carried(LinkTime::from_secs(3600 * seed));
            links.push((spec, link));
        }
    });
    assert!(seen.bytes_max < 100 * 2048, "{} bytes for 100 links", seen.bytes_max);
}

/// An origin for two requests: the response to `/BYTES` is this number of zeros.
fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut request = [0; 4096];
            let read = socket.read(&mut request).unwrap();
            let text = String::from_utf8_lossy(&request[..read]).into_owned();
            let bytes: usize = text[5..].split(' ').next().unwrap().parse().unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: video/mp4\r\n\
                 Content-Length: {bytes}\r\n\r\n"
            );
            socket.write_all(head.as_bytes()).unwrap();
            socket.write_all(&vec![0; bytes]).unwrap();
        }
    });
    address
}

fn download(proxy: SocketAddr, bytes: u64) {
    let mut socket = TcpStream::connect(proxy).unwrap();
    write!(socket, "GET /{bytes} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    assert!(answer.len() as u64 > bytes, "{} bytes came", answer.len());
}

/// What the proxy's only thread allocates while others download `bytes` at 10 Mbit/s.
fn allocations(bytes: u64) -> u64 {
    let profile = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("allocations.toml");
    let text = "summary = \"s\"\nsource = \"synthetic\"\n[downlink]\nrate = \"10 Mbit/s\"\n";
    std::fs::write(&profile, text).unwrap();
    let free = || Some("127.0.0.1:0".parse().unwrap());
    let args = RunArgs {
        listen: free(),
        admin: free(),
        origin: Some(format!("http://{}", origin())),
        profile: Some(profile.to_string_lossy().into_owned()),
        ..RunArgs::default()
    };
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let catalog = Arc::new(Catalog::new());
    let config = Config::new(args, &catalog).unwrap();
    let app = runtime.block_on(App::bind(config, catalog)).unwrap();
    let proxy = app.ready().listen;
    let (stop, stopped) = oneshot::channel::<()>();
    let player = thread::spawn(move || {
        download(proxy, bytes);
        stop.send(()).unwrap();
    });
    let seen = measure(|| {
        runtime.block_on(app.run(async { stopped.await.unwrap() })).unwrap();
    });
    player.join().unwrap();
    seen.count_total
}

/// What is read from the origin needs buffers, so there are some; but a few per buffer, not one per
/// quantum.
#[test]
fn a_body_allocates_far_less_than_once_a_quantum() {
    let (short, long) = (100_000, 1_100_000);
    let (few, many) = (allocations(short), allocations(long));
    assert!(few > 0, "the counter counts");
    let more = many.saturating_sub(few);
    let quanta = (long - short) / PACKET;
    assert!(more * 4 < quanta, "{more} allocations for {quanta} quanta");
}
