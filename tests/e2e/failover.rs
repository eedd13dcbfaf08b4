//! A player with several hosts switches to the next when one is down, through the proxy as without it.

use crate::{
    rig::Rig,
    viewers::{Task, watch},
};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Serves `document` for every request; returns its address.
async fn serve(document: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/dash+xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                document.len()
            );
            let _ = stream.read(&mut [0; 8192]).await;
            let _ =
                stream.write_all([head.as_bytes(), document.as_bytes()].concat().as_slice()).await;
        }
    });
    format!("http://{address}")
}

/// Of two BaseURLs the first one names a host that has lost its segments. dash.js knows the second one only if
/// both are absolute, and so they must stay.
#[tokio::test]
async fn dash_js_goes_on_to_the_second_host() {
    let media = Rig::start("unlimited").await;
    let mpd = media.get(&media.enter("/demo/dash/manifest.mpd").await).await;
    let mpd = String::from_utf8_lossy(&mpd);
    let (root, rest) = mpd.split_at(mpd.find("<Period").unwrap());
    let second = media.url("/demo/dash/");
    let bases = [second.replace("127.0.0.1", "localhost"), second];
    let bases = bases.map(|base| format!("<BaseURL serviceLocation=\"{base}\">{base}</BaseURL>"));
    let origin = serve(format!("{root}{}{rest}", bases.concat())).await;
    // Not its init segments: one that fails is the end of it, for dash.js.
    let rules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("failover.toml");
    let lost =
        "[[rule]]\nwhen = { kind = \"segment\", host = \"localhost\" }\nthen = { status = 404 }\n";
    std::fs::write(&rules, lost).unwrap();
    let rules = rules.to_str().unwrap();
    let rig = Rig::start_with("unlimited", &["--origin", &origin, "--rules", rules]).await;
    let url = rig.url("/film.mpd");
    let task = Task { player: "dash.js", url, seconds: 20, enough: Some(4.0), ..Task::default() };
    let seen = watch(&[task]).await.remove(0);
    assert!(!seen.asked.refused.is_empty(), "the first host was never asked: {seen:?}");
    assert!(seen.asked.strays.is_empty(), "{seen:?}");
    let (_, events) = rig.stop().await;
    assert_eq!(events.unclassified(), [""; 0]);
    assert!(!seen.sizes.is_empty(), "no picture came from the second host: {seen:?}");
}
