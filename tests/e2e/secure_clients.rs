//! HTTPS, HTTP/2, HTTP/3 and the forward proxy with clients that nobody here wrote: curl, Chromium, ffprobe.

use crate::{
    machine::room_for_players,
    nginx::{FRAGMENTED, Nginx},
    process::{Ended, Running, ended, json, vsps},
    rig::scratch,
    tool::{output, tool, web},
};
use std::{path::PathBuf, time::Duration};

const PATIENCE: Duration = Duration::from_secs(90);

/// A proxy over TLS whose configuration folder is its own.
struct Secure {
    _running: Running,
    folder: PathBuf,
    url: String,
}

impl Secure {
    async fn start(more: &[&str]) -> Self {
        let folder = scratch("configuration");
        let args = [&["--tls", "local", "--log", "json"], more].concat();
        let mut running = Running::start_with(&args, [("XDG_CONFIG_HOME", &folder)]);
        let ready = json(&running.line().await);
        let url = ready["urls"][0].as_str().unwrap().replace("127.0.0.1", "localhost");
        Self { _running: running, folder, url }
    }

    /// The file of its CA.
    async fn ca(&self) -> String {
        let mut command = vsps(&["ca", "show", "--path"]);
        command.env("XDG_CONFIG_HOME", &self.folder);
        output(command, PATIENCE).await.trim().to_owned()
    }

    /// The SHA-256 of the public key of its CA, as Chromium takes it.
    async fn spki(&self) -> String {
        let mut command = tool("sh");
        let pipe = "openssl x509 -in \"$1\" -pubkey -noout | openssl pkey -pubin -outform der \
                    | openssl dgst -sha256 -binary | base64";
        command.args(["-c", pipe, "sh", &self.ca().await]);
        output(command, PATIENCE).await.trim().to_owned()
    }

    /// What Chromium saw when it played the built-in stream, or the playlist `path`, over `protocol`.
    async fn play(&self, protocol: &str, path: Option<&str>) -> serde_json::Value {
        // For `localhost` Chromium tries QUIC over IPv6 alone, where nothing listens.
        let url = match protocol {
            "http3" => self.url.replace("localhost", "127.0.0.1"),
            _ => self.url.clone(),
        };
        let _room = room_for_players(1).await;
        let mut command = tool("node");
        command.current_dir(web()).args(["secure.mjs", &url, &self.spki().await, protocol]);
        command.args(path);
        json(output(command, PATIENCE).await.trim())
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn curl_trusts_the_local_ca_in_every_version() {
    let proxy = Secure::start(&[]).await;
    let ca = proxy.ca().await;
    for (options, version) in
        [(&["--http2"][..], "2"), (&["--http1.1"], "1.1"), (&["--http2", "--tls-max", "1.2"], "2")]
    {
        let mut command = tool("curl");
        command.args([
            "-sS",
            "--fail",
            "--cacert",
            &ca,
            "-o",
            "/dev/null",
            "-w",
            "%{http_version}",
        ]);
        command.args(options).arg(format!("{}/demo/", proxy.url));
        assert_eq!(output(command, PATIENCE).await, version, "{options:?}");
    }
    let mut old = tool("curl");
    let url = format!("{}/demo/", proxy.url);
    old.args(["-sS", "--cacert", &ca, "--tls-max", "1.1", &url]);
    let Ended { code, stdout, .. } = ended(old, PATIENCE).await;
    assert!(code != Some(0) && stdout.is_empty(), "TLS 1.1 is refused");
}

/// The playlists name addresses with `http:`, at two hosts. The page is on HTTPS, where a browser would block these.
#[tokio::test]
async fn chromium_plays_over_http_2_and_sees_no_mixed_content() {
    let nginx = Nginx::start().await;
    let proxy = Secure::start(&["--profile", "wifi", "--origin", &nginx.origin()]).await;
    let seen = proxy.play("http2", Some(&Nginx::path(FRAGMENTED))).await;
    assert_eq!(seen["protocols"], serde_json::json!(["h2"]), "{seen}");
    assert_eq!(
        (&seen["insecure"], &seen["mixed"]),
        (&serde_json::json!([]), &serde_json::json!([])),
        "{seen}"
    );
}

#[cfg(feature = "h3")]
#[tokio::test]
async fn chromium_plays_over_http_3() {
    let proxy = Secure::start(&["--profile", "wifi", "--h3"]).await;
    let seen = proxy.play("http3", None).await;
    assert_eq!(seen["protocols"], serde_json::json!(["h3"]), "{seen}");
}

/// The program's URL is that of the origin; its traffic is the session's all the same.
#[tokio::test]
async fn a_wrapped_program_plays_through_the_forward_proxy() {
    let mut origin = Running::start(&["--log", "json"]);
    let listen = json(&origin.line().await)["listen"].as_str().unwrap().to_owned();
    let url = format!("http://{listen}/demo/hls/master.m3u8");
    let events = scratch("wrapped.jsonl");
    let file = events.to_str().unwrap();
    let mut args = vec!["run", "--forward", "--allow-origin", "127.0.0.1", "--events", file];
    args.extend(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--"]);
    args.extend(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", &url]);
    let Ended { code, stdout, stderr } = ended(vsps(&args), PATIENCE).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("codec_name=h264"), "{stdout}");
    let told = std::fs::read_to_string(&events).unwrap();
    std::fs::remove_file(&events).unwrap();
    assert!(told.contains("\"request_finished\""), "{told}");
    args.truncate(args.len() - 6);
    args.extend(["sh", "-c", "exit 7"]);
    assert_eq!(ended(vsps(&args), PATIENCE).await.code, Some(7));
}
