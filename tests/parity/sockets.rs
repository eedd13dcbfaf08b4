//! Viewings with `vsps play` through the proxy.

use crate::{
    pair::{Case, Pair, Viewing},
    process::{Running, ended, json, vsps},
};
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use tokio::{sync::Mutex, task::JoinSet};

/// Between the starts of two viewings: a busy machine is slow to start them all.
const BETWEEN: Duration = Duration::from_millis(400);

/// A proxy in front of `origin`, or of the built-in one, and its address.
pub(crate) async fn proxy(origin: Option<&str>) -> (Running, String) {
    let mut args = vec!["--log", "json", "--profile", "unlimited"];
    if let Some(origin) = origin {
        args.extend(["--origin", origin]);
    }
    let mut proxy = Running::start(&args);
    let ready = json(&proxy.line().await);
    let base = format!("http://{}", ready["listen"].as_str().unwrap());
    (proxy, base)
}

/// The size of the head of the response to a request for `url`, as the proxy's link counts it.
pub(crate) async fn head_size(proxy: &Running, url: &str) -> u32 {
    let response = proxy.ask(url).await;
    let fields = response.headers().iter();
    let fields: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    ("HTTP/1.1 200 OK\r\n\r\n".len() + fields) as u32
}

/// Views all cases over sockets, at the same time, and puts them beside the viewings in virtual time.
pub(crate) async fn view_all(manifest: &str, cases: Vec<(Case, Viewing)>) -> Vec<Pair> {
    // One test at a time: a busy machine is late, and one late segment may change a rung.
    static VIEWING: Mutex<()> = Mutex::const_new(());
    let _viewing = VIEWING.lock().await;
    let mut viewings = JoinSet::new();
    for (number, (case, virtual_time)) in cases.into_iter().enumerate() {
        let manifest = manifest.to_owned();
        tokio::time::sleep(BETWEEN).await;
        viewings.spawn(async move {
            let sockets = view(&manifest, case, virtual_time.seconds).await;
            (number, Pair { case, virtual_time, sockets })
        });
    }
    let mut pairs = viewings.join_all().await;
    pairs.sort_by_key(|(number, _)| *number);
    pairs.into_iter().map(|(_, pair)| pair).collect()
}

async fn view(manifest: &str, case: Case, seconds: u32) -> Viewing {
    // Two tests may view the same case at the same time.
    static LOGS: AtomicU32 = AtomicU32::new(0);
    let (profile, abr, seed) = case;
    let number = LOGS.fetch_add(1, Ordering::Relaxed);
    let log = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("parity-{}-{number}", std::process::id()));
    let url = format!("{manifest}?vsps.profile={profile}&vsps.seed={seed}");
    let duration = format!("{seconds}s");
    let args = ["play", &url, "--abr", abr, "--duration", &duration, "--json", "--log"];
    let command = vsps(&[&args[..], &[log.to_str().unwrap()]].concat());
    let ended = ended(command, Duration::from_secs(u64::from(seconds) * 3)).await;
    assert_eq!(ended.code, Some(0), "{case:?}: {}{}", ended.stdout, ended.stderr);
    let result = json(&ended.stdout);
    let figure = |name: &str| result[name].as_f64().unwrap_or_else(|| panic!("{name}: {result}"));
    let text = std::fs::read_to_string(&log).unwrap();
    let lines = text.lines().map(json);
    let added = lines.filter(|line: &Value| line["abandoned"] == false);
    let rungs = added.map(|line| line["rung"].as_u64().unwrap() as usize - 1).collect();
    Viewing {
        seconds,
        rebuffer_s: figure("rebuffer_seconds"),
        bitrate: figure("mean_bitrate_bps"),
        startup_s: figure("startup_seconds"),
        rungs,
    }
}
