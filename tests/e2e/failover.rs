//! A player that is given several hosts goes on to the next when one is down, through the proxy as without.

use crate::{
    rig::Rig,
    viewers::{Task, watch},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Serves `document` whatever is asked for; its address.
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

/// Of two BaseURLs the first one leads to a host that is down. dash.js knows the second one only if both are
/// absolute, and so they must stay.
#[tokio::test]
async fn dash_js_goes_on_to_the_second_host() {
    let media = Rig::start("unlimited").await;
    let mpd = media.get(&media.enter("/demo/dash/manifest.mpd").await).await;
    let mpd = String::from_utf8_lossy(&mpd);
    let (root, rest) = mpd.split_at(mpd.find("<Period").unwrap());
    let down = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bases = [format!("http://{down}/demo/dash/"), media.url("/demo/dash/")];
    let bases = bases.map(|base| format!("<BaseURL serviceLocation=\"{base}\">{base}</BaseURL>"));
    let origin = serve(format!("{root}{}{rest}", bases.concat())).await;
    let rig = Rig::start_with("unlimited", &["--origin", &origin]).await;
    let url = rig.url("/film.mpd");
    let task = Task { player: "dash.js", url, seconds: 20, each_rung: false, enough: Some(4.0) };
    let seen = watch(&[task]).await.remove(0);
    // The first one may be the end of it, for dash.js: an init segment that fails is fatal to it.
    assert!(!seen.asked.refused.is_empty(), "the first host was never asked: {seen:?}");
    assert!(seen.asked.strays.is_empty(), "{seen:?}");
    let (_, events) = rig.stop().await;
    assert_eq!(events.unclassified(), [""; 0]);
    assert!(!seen.sizes.is_empty(), "no picture came from the second host: {seen:?}");
}
