//! A third-party origin: nginx, with content that ffmpeg packages during the test.
//!
//! It is two hosts. The first one has the manifests, the second one the media, and manifests name
//! all of it by absolute, signed URLs. Either answers only its own name, at paths spelt as they are
//! here, and to the byte the signature of its own.

use crate::{
    process::PATIENCE,
    rig::scratch,
    tool::{output, tool},
};
use std::{fs, net::TcpListener, path::PathBuf, process::Stdio, time::Duration};
use tokio::{net::TcpStream, process::Child, time::sleep};

/// Seconds of media, of which a segment has two; and pictures a second.
pub(crate) const SECONDS: u64 = 12;
pub(crate) const SEGMENTS: u64 = SECONDS / 2;
pub(crate) const RATE: u64 = 25;

/// The folder, as URLs have to spell it. Shaka normalises paths in this way, and leaves queries unchanged.
const FOLDER: &str = "/a%20b~c(1)";

/// Signatures: two spellings of `/`, `+`, `=`, letters of both cases, nothing that a client may normalise. The
/// second one, of media and of the MPD, has no `&`: ffmpeg's DASH reader complains of it.
const SIGNED: [&str; 2] = [
    "Policy=eyJ%2Fx%2b~y%3D%3d&Signature=a/b+c%20d%7E*__&exp=1%3a2",
    "hdnea=st=1~exp=9~acl=/*~hmac=0aF%2f%2F+%C3%BC%c3%bc=*",
];

/// The manifests, by what is in them.
pub(crate) const FRAGMENTED: &str = "master.m3u8";
pub(crate) const TRANSPORT: &str = "ts.m3u8";
pub(crate) const DASH: &str = "m.mpd";

/// A running nginx; ends when dropped.
pub(crate) struct Nginx {
    _process: Child,
    folder: PathBuf,
    ports: [u16; 2],
}

impl Nginx {
    /// Packages a film, and serves it.
    pub(crate) async fn start() -> Self {
        let folder = scratch("nginx");
        let media = folder.join("media/a b~c(1)");
        fs::create_dir_all(&media).unwrap();
        package(&media).await;
        let ports = free_ports();
        let process = serve(&folder, ports);
        let nginx = Self { _process: process, folder, ports };
        for file in fs::read_dir(&media).unwrap() {
            let path = file.unwrap().path();
            let signed = match path.extension().and_then(|it| it.to_str()) {
                Some("m3u8") => nginx.sign_playlist(&fs::read_to_string(&path).unwrap()),
                Some("mpd") => nginx.sign_mpd(&fs::read_to_string(&path).unwrap()),
                _ => continue,
            };
            fs::write(&path, signed).unwrap();
        }
        nginx.wait().await;
        nginx
    }

    /// The address of the host that has the manifests.
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// The path of a manifest, with its signature.
    pub(crate) fn path(manifest: &str) -> String {
        let signed = SIGNED[usize::from(!manifest.ends_with(".m3u8"))];
        format!("{FOLDER}/{manifest}?{signed}")
    }

    /// The absolute URL of a file, at the host that has it.
    fn url(&self, file: &str) -> String {
        if file.ends_with(".m3u8") {
            return format!("{}{}", self.origin(), Self::path(file));
        }
        format!("http://localhost:{}{FOLDER}/{file}?{}", self.ports[1], SIGNED[1])
    }

    fn sign_playlist(&self, text: &str) -> String {
        let signed = text.lines().map(|line| match line.split_once("URI=\"") {
            Some((tag, rest)) => {
                let (file, rest) = rest.split_once('"').unwrap();
                format!("{tag}URI=\"{}\"{rest}\n", self.url(file))
            }
            None if line.starts_with('#') || line.is_empty() => format!("{line}\n"),
            None => format!("{}\n", self.url(line)),
        });
        signed.collect()
    }

    fn sign_mpd(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for file in ["init-stream$RepresentationID$.m4s", MPD_MEDIA] {
            assert!(text.contains(file), "{text}");
            text = text.replace(file, &self.url(file).replace('&', "&amp;"));
        }
        text
    }

    async fn wait(&self) {
        for port in self.ports {
            let mut left = PATIENCE;
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                assert!(!left.is_zero(), "nginx does not listen: {}", self.log("error"));
                sleep(Duration::from_millis(50)).await;
                left = left.saturating_sub(Duration::from_millis(50));
            }
        }
    }

    /// What it wrote into one of its logs.
    fn log(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name).with_extension("log")).unwrap_or_default()
    }

    /// What was asked of it, a line each: status, coding, host, URL.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.log("access").lines().map(str::to_owned).collect()
    }
}

/// The template of segments, as ffmpeg writes it.
pub(crate) const MPD_MEDIA: &str = "chunk-stream$RepresentationID$-$Number%05d$.m4s";

/// Two sizes and a sound: DASH and HLS of the same fragments, and HLS of transport streams.
async fn package(folder: &std::path::Path) {
    let input = |filter: &str| ["-f".to_owned(), "lavfi".into(), "-i".into(), filter.to_owned()];
    let mut dash = tool("ffmpeg");
    dash.current_dir(folder).args(["-v", "error"]);
    dash.args(input(&format!("testsrc2=size=320x180:rate={RATE}:duration={SECONDS}")));
    dash.args(input(&format!("sine=frequency=440:duration={SECONDS}")));
    dash.args("-map 0:v -map 0:v -map 1:a -filter:v:0 scale=160:90".split(' '));
    dash.args("-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 50 -sc_threshold 0".split(' '));
    dash.args("-b:v:0 150k -b:v:1 300k -c:a aac -b:a 64k".split(' '));
    dash.args("-f dash -seg_duration 2 -use_template 1 -use_timeline 1 -hls_playlist 1".split(' '));
    dash.args(["-adaptation_sets", "id=0,streams=v id=1,streams=a", DASH]);
    output(dash, PATIENCE).await;
    let mut transport = tool("ffmpeg");
    transport.current_dir(folder).args(["-v", "error", "-i", DASH]);
    transport.args("-map 0:v:0 -map 0:a -map 0:v:1 -map 0:a -c copy -f hls -hls_time 2".split(' '));
    transport.args("-hls_playlist_type vod -hls_segment_filename ts%v-%d.ts".split(' '));
    transport.args(["-var_stream_map", "v:0,a:0 v:1,a:1", "-master_pl_name", TRANSPORT]);
    transport.arg("ts%v.m3u8");
    output(transport, PATIENCE).await;
}

fn free_ports() -> [u16; 2] {
    let both = [0; 2].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    both.map(|listener| listener.local_addr().unwrap().port())
}

fn serve(folder: &std::path::Path, ports: [u16; 2]) -> Child {
    let hosts = [("127.0.0.1", ports[0], SIGNED[0]), ("localhost", ports[1], SIGNED[1])];
    let servers = hosts.map(|(name, port, signed)| {
        format!(
            "server {{\n listen 127.0.0.1:{port};\n\
             if ($http_host != \"{name}:{port}\") {{ return 421; }}\n\
             if ($request_uri !~ \"^{path}/[^?/]+\\?\") {{ return 403; }}\n\
             set $signed \"{signed}\";\n\
             if ($uri ~ \"[.]mpd$\") {{ set $signed \"{mpd}\"; }}\n\
             if ($args != $signed) {{ return 403; }}\n}}\n",
            mpd = SIGNED[1],
            path = FOLDER.replace('(', "\\(").replace(')', "\\)"),
        )
    });
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {what};\n"));
    let configuration = format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\nevents {{}}\nhttp {{\n{}\
         log_format asked '$status $sent_http_content_encoding $http_host $request_uri';\n\
         access_log access.log asked;\nroot media;\ndefault_type video/mp4;\n\
         types {{ application/vnd.apple.mpegurl m3u8; application/dash+xml mpd; video/mp2t ts; }}\n\
         gzip on;\ngzip_min_length 0;\ngzip_proxied any;\n\
         gzip_types application/vnd.apple.mpegurl application/dash+xml;\n\
         add_header Access-Control-Allow-Origin *;\n{}}}\n",
        temporary.concat(),
        servers.concat(),
    );
    fs::write(folder.join("nginx.conf"), configuration).unwrap();
    let mut nginx = tool("nginx");
    nginx.arg("-p").arg(folder).args(["-c", "nginx.conf", "-e", "error.log"]);
    nginx.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    nginx.spawn().unwrap()
}
