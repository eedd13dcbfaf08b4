//! Virtual time and real sockets agree: the same player, profile, seed and ladder in a sweep's engine, and with
//! `vsps play` through the proxy.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "process/mod.rs"]
mod process;

use http_body_util::BodyExt as _;
use process::{Running, ended, json, vsps};
use serde_json::Value;
use std::{fmt, path::PathBuf, sync::Arc, time::Duration};
use tokio::task::JoinSet;
use vsps::{
    model::LinkSpec,
    player::{
        BufferedSegment, DownloadTotals, FullBuffer, Playout, PlayoutPolicy, Presentation, Qoe,
        Replacement, Session, SessionPolicy, SessionReport, Setup, SetupRequest, estimator::Ewma,
        network::LinkNetwork,
    },
    profiles::Catalog,
    seed::Seed,
    sweep::matrix::player,
};

/// How long each viewing lasts.
const SECONDS: u32 = 60;
/// More segments than are downloaded in that time.
const SEGMENTS: usize = 30;
const RUNGS: usize = 6;
const SEGMENT: f64 = 4000.0;
const FOLDER: &str = "/demo/ts";
/// The half-lives in ms of the estimator of algorithms that have none of their own.
const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];
/// A viewing on a machine that is busy with other things is repeated, at most so often in all.
const ATTEMPTS: usize = 3;

/// Profile, algorithm, seed. The profiles have steps, random rates, random latency, and stalls.
const CASES: &[(&str, &str, u64)] = &[
    ("abr-ramp", "throughput", 1),
    ("abr-ramp", "bola", 1),
    ("abr-sawtooth", "dynamic", 1),
    ("abr-cliff", "hls.js", 1),
    ("3g", "throughput", 2),
    ("4g", "shaka", 4),
    ("congested-cell", "bola-e", 5),
];

/// What a viewing was like.
#[derive(Debug, Clone)]
struct Viewing {
    rebuffer_s: f64,
    bitrate: f64,
    startup_s: f64,
    rungs: Vec<usize>,
}

/// Two viewings of one case.
struct Pair {
    case: (&'static str, &'static str, u64),
    virtual_time: Viewing,
    sockets: Viewing,
}

impl Pair {
    /// The difference of the rebuffering as a share of the viewing's time.
    fn rebuffer(&self) -> f64 {
        let difference = self.virtual_time.rebuffer_s - self.sockets.rebuffer_s;
        difference.abs() / f64::from(SECONDS)
    }

    fn bitrate(&self) -> f64 {
        (self.sockets.bitrate / self.virtual_time.bitrate - 1.0).abs()
    }

    /// The share of segments at the same rung. A segment that was complete in one of them only, just before
    /// the end, counts in neither.
    fn same(&self) -> f64 {
        let (one, other) = (&self.virtual_time.rungs, &self.sockets.rungs);
        let same = one.iter().zip(other).filter(|(one, other)| one == other).count();
        let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
        same as f64 / if long - short <= 1 { short } else { long } as f64
    }

    fn agrees(&self) -> bool {
        self.rebuffer() <= 0.02 && self.bitrate() <= 0.02 && self.same() >= 0.95
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (profile, abr, seed) = self.case;
        let (one, other) = (&self.virtual_time, &self.sockets);
        write!(
            f,
            "{profile:<15} {abr:<11} {seed}  startup {:.3} {:.3} s  rebuffering {:.3} {:.3} s  \
             bitrate {:.0} {:.0} kbit/s ({:.2} %)  same rung {:.1} % of {} and {}",
            one.startup_s,
            other.startup_s,
            one.rebuffer_s,
            other.rebuffer_s,
            one.bitrate / 1000.0,
            other.bitrate / 1000.0,
            self.bitrate() * 100.0,
            self.same() * 100.0,
            one.rungs.len(),
            other.rungs.len(),
        )
    }
}

/// The transport-stream form of the built-in origin, whose segments hold sound and video: what it declares, and
/// the sizes that it serves.
async fn presentation(proxy: &Running, base: &str) -> Presentation {
    let url = format!("{base}{FOLDER}");
    let body = async |path: String| {
        let response = follow(proxy, base, &format!("{url}/{path}")).await;
        response.into_body().collect().await.unwrap().to_bytes()
    };
    let master = body("master.m3u8".into()).await;
    let text = String::from_utf8(master.to_vec()).unwrap();
    let bandwidths = text.match_indices(":BANDWIDTH=").map(|(at, name)| {
        let digits = &text[at + name.len()..];
        let end = digits.find(',').unwrap();
        digits[..end].parse::<f64>().unwrap() / 1000.0
    });
    let bandwidths: Vec<f64> = bandwidths.collect();
    assert_eq!(bandwidths.len(), RUNGS);
    let mut start = vec![SetupRequest::new(master.len() as u64, &path("master.m3u8"))];
    let mut rungs = vec![Vec::new()];
    for rung in 1..=RUNGS {
        let name = format!("v{rung}.m3u8");
        let playlist = SetupRequest::new(body(name.clone()).await.len() as u64, &path(&name));
        // A player reads the lowest playlist to learn how long the presentation is.
        if rung == 1 { start.push(playlist) } else { rungs.push(vec![playlist]) }
    }
    let mut sizes = Vec::new();
    for segment in 0..SEGMENTS {
        let mut row = Vec::new();
        for rung in 0..RUNGS {
            row.push(body(segment_name(segment, rung)).await.len() as f64 * 8.0);
        }
        sizes.push(row);
    }
    Presentation::new(SEGMENT, bandwidths, &sizes)
        .unwrap()
        .with_paths(|segment, rung| path(&segment_name(segment, rung)))
        .with_setup(Setup { start, rungs })
}

fn path(name: &str) -> String {
    format!("{FOLDER}/{name}")
}

fn segment_name(segment: usize, rung: usize) -> String {
    format!("v{}/seg-{}.ts", rung + 1, segment + 1)
}

/// The response to a GET, a redirect to a session followed.
async fn follow(proxy: &Running, base: &str, url: &str) -> http::Response<hyper::body::Incoming> {
    let response = proxy.ask(url).await;
    let Some(target) = response.headers().get("location") else { return response };
    proxy.ask(&format!("{base}{}", target.to_str().unwrap())).await
}

/// A viewing in virtual time.
fn in_virtual_time(presentation: &Presentation, case: (&str, &str, u64)) -> Viewing {
    let (profile, abr, seed) = case;
    let link = &Catalog::new().named(profile).unwrap().link;
    let rung = |rung: u16| {
        let bitrate = presentation.bitrates().get(usize::from(rung).checked_sub(1)?)?;
        Some(vsps::units::BitRate::from_bits_per_second((bitrate * 1000.0) as u64))
    };
    let link: Arc<LinkSpec> = Arc::new(link.resolve(&rung).unwrap_or_else(|| link.clone()));
    let player = player(abr).unwrap();
    let max_buffer = player.max_buffer(None, SEGMENT);
    let mut algorithm = player.algorithm(presentation, max_buffer, 0, false).unwrap();
    let mut estimator = Ewma::new(&HALF_LIVES, SEGMENT);
    let network = LinkNetwork::new(&link, &[], &[], Seed::new(seed));
    let policy = SessionPolicy {
        max_buffer,
        full: FullBuffer::WaitForRoom,
        replacement: Replacement::Never,
        abandon: true,
        startup_rebuffers: false,
        seek: None,
    };
    let mut session =
        Session::new(presentation, network, algorithm.as_mut(), &mut estimator, policy);
    let end = f64::from(SECONDS) * 1000.0;
    let mut reports: Vec<SessionReport> = Vec::new();
    while let Some(report) = session.step(&mut ()).unwrap() {
        let time = report.at + report.download.progress.time;
        if time > end {
            break;
        }
        reports.push(report);
    }
    viewing(presentation, &reports)
}

/// What a viewer saw of the downloads that a session made.
fn viewing(presentation: &Presentation, reports: &[SessionReport]) -> Viewing {
    let mut playout = Playout::new(1, PlayoutPolicy::default());
    let added = reports.iter().filter(|report| !report.download.abandoned);
    for report in added.clone() {
        let segment = BufferedSegment {
            rung: report.rung,
            bitrate: presentation.bitrates()[report.rung] * 1000.0,
            duration: SEGMENT,
            live_at: None,
        };
        playout.append(0, segment, report.at + report.download.progress.time);
    }
    let end = f64::from(SECONDS) * 1000.0;
    playout.advance(end);
    let qoe = Qoe::new(playout.totals(), &DownloadTotals::default(), end);
    Viewing {
        rebuffer_s: qoe.rebuffer_seconds,
        bitrate: qoe.mean_bitrate_bps.unwrap(),
        startup_s: qoe.startup_seconds.unwrap(),
        rungs: added.map(|report| report.rung).collect(),
    }
}

/// A viewing with `vsps play` through the proxy.
async fn over_sockets(base: &str, case: (&str, &str, u64), attempt: usize) -> Viewing {
    let (profile, abr, seed) = case;
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("parity-{}-{profile}-{abr}-{seed}-{attempt}", std::process::id()));
    let url = format!("{base}{FOLDER}/master.m3u8?vsps.profile={profile}&vsps.seed={seed}");
    let duration = format!("{SECONDS}s");
    let args = ["play", &url, "--abr", abr, "--duration", &duration, "--json", "--log"];
    let command = vsps(&[&args[..], &[log.to_str().unwrap()]].concat());
    let ended = ended(command, Duration::from_secs(u64::from(SECONDS) * 3)).await;
    assert_eq!(ended.code, Some(0), "{case:?}: {}{}", ended.stdout, ended.stderr);
    let result = json(&ended.stdout);
    let figure = |name: &str| result[name].as_f64().unwrap_or_else(|| panic!("{name}: {result}"));
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = text.lines().map(json);
    let added = lines.filter(|line: &Value| line["abandoned"] == false);
    let rungs = added.map(|line| line["rung"].as_u64().unwrap() as usize - 1).collect();
    Viewing {
        rebuffer_s: figure("rebuffer_seconds"),
        bitrate: figure("mean_bitrate_bps"),
        startup_s: figure("startup_seconds"),
        rungs,
    }
}

/// Rebuffering within 2 % of the viewing's time, mean bitrate within 2 %, the same rung for 95 % of segments.
#[tokio::test(flavor = "multi_thread")]
async fn virtual_time_and_sockets_agree() {
    let mut proxy = Running::start(&["--log", "json", "--profile", "unlimited"]);
    let ready = json(&proxy.line().await);
    let base = format!("http://{}", ready["listen"].as_str().unwrap());
    let presentation = presentation(&proxy, &base).await;
    let mut left: Vec<_> = CASES.to_vec();
    for attempt in 0..ATTEMPTS {
        let mut viewings = JoinSet::new();
        for case in left.clone() {
            let (base, presentation) = (base.clone(), presentation.clone());
            viewings.spawn(async move {
                let virtual_time = in_virtual_time(&presentation, case);
                let sockets = over_sockets(&base, case, attempt).await;
                Pair { case, virtual_time, sockets }
            });
        }
        let mut pairs = viewings.join_all().await;
        pairs.sort_by_key(|pair| CASES.iter().position(|case| *case == pair.case));
        println!("attempt {}: in virtual time, and over sockets", attempt + 1);
        for pair in &pairs {
            println!("{pair}{}", if pair.agrees() { "" } else { "  DIFFERS" });
            if !pair.agrees() {
                println!("  {:?}\n  {:?}", pair.virtual_time.rungs, pair.sockets.rungs);
            }
        }
        pairs.retain(|pair| !pair.agrees());
        left = pairs.iter().map(|pair| pair.case).collect();
        if left.is_empty() {
            return;
        }
    }
    panic!("after {ATTEMPTS} attempts these differ: {left:?}");
}
