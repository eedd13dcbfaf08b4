//! A live stream whose every refresh is one segment newer, in HLS, low-latency HLS and DASH: three rungs,
//! audio, keys, a licence, a clock and a steering server. It records what it sent last.

use crate::origin::{Asked, Origin, Step};
use parking_lot::Mutex;
use std::{collections::HashMap, fmt::Write as _, sync::Arc, time::Duration};

/// Of each segment: as long as 100 kbit/s take 8 s.
pub(super) const LENGTH: usize = 100_000;
/// The oldest segment of the first version of a playlist: the one with index 1.
const FIRST: usize = 10;
/// How long a segment of `/slow/` pauses at its half.
const PAUSE: Duration = Duration::from_secs(2);

/// What was sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Sent {
    pub(super) body: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Stream {
    versions: HashMap<String, usize>,
    last: Sent,
}

impl Stream {
    pub(super) async fn start() -> (Origin, Arc<Mutex<Self>>) {
        let stream = Arc::new(Mutex::new(Self::default()));
        let own = Arc::clone(&stream);
        (Origin::start(move |asked| own.lock().answer(asked)).await, stream)
    }

    pub(super) fn last(&self) -> Sent {
        self.last.clone()
    }

    fn answer(&mut self, asked: &Asked) -> Vec<Step> {
        let path = asked.path().split('?').next().unwrap();
        let (folder, file) = path.rsplit_once('/').unwrap();
        let (content_type, body) = match file.rsplit_once('.') {
            Some(("main", "m3u8")) => ("application/vnd.apple.mpegurl", multivariant()),
            Some(("steered", "m3u8")) => ("application/vnd.apple.mpegurl", steered()),
            Some((name, "m3u8")) => {
                let version = self.next(path);
                (
                    "application/vnd.apple.mpegurl",
                    playlist(name, version, folder.starts_with("/ll")),
                )
            }
            Some((_, "mpd")) => ("application/dash+xml", mpd(self.next(path))),
            Some((_, "dcsm")) => ("application/json", STEERING.to_owned()),
            Some((_, "key")) => {
                ("application/octet-stream", format!("{path:?<16}")[..16].to_owned())
            }
            None if file == "time" => ("text/plain", "2026-01-01T00:00:00Z".to_owned()),
            _ => ("video/mp4", String::from_utf8(body(path)).unwrap()),
        };
        let body = body.into_bytes();
        self.last = Sent { body: body.clone() };
        let (status, range, body) = ranged(asked, body);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Type: {content_type}\r\n\
             Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n{range}Connection: close\r\n\r\n",
            body.len()
        );
        let half = if folder.starts_with("/slow") { body.len() / 2 } else { body.len() };
        let mut steps = vec![Step::Send([head.as_bytes(), &body[..half]].concat())];
        if half < body.len() {
            steps.extend([Step::Pause(PAUSE), Step::Send(body[half..].to_vec())]);
        }
        steps
    }

    /// How many versions of it were sent before; in `/ll/still/` there is but one.
    fn next(&mut self, path: &str) -> usize {
        if path.starts_with("/ll/still/") {
            return 0;
        }
        let count = self.versions.entry(path.to_owned()).or_default();
        *count += 1;
        *count - 1
    }
}

/// The bytes of a segment: its path, over and over.
pub(super) fn body(path: &str) -> Vec<u8> {
    path.bytes().cycle().take(LENGTH).collect()
}

fn ranged(asked: &Asked, body: Vec<u8>) -> (&'static str, String, Vec<u8>) {
    let asked = asked.header("range");
    let Some((first, last)) = asked.first().and_then(|range| range[6..].split_once('-')) else {
        return ("200 OK", String::new(), body);
    };
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let line = format!("Content-Range: bytes {first}-{last}/{}\r\n", body.len());
    ("206 Partial Content", line, body[first..=last].to_vec())
}

const STEERING: &str = r#"{"VERSION":1,"TTL":300,"PATHWAY-PRIORITY":["A","B"]}"#;

fn multivariant() -> String {
    let mut text = "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"steering.dcsm\"\n\
                    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"a1.m3u8\"\n"
        .to_owned();
    for rung in 1..=3 {
        let _ = write!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={rung}000000,CODECS=\"avc1.4d401f,mp4a.40.2\",\
             AUDIO=\"a\"\nv{rung}.m3u8\n"
        );
    }
    text
}

/// The same stream by two networks.
fn steered() -> String {
    let variant = "#EXT-X-STREAM-INF:BANDWIDTH=1000000,PATHWAY-ID";
    format!("#EXTM3U\n{variant}=\"A\"\nv1.m3u8\n{variant}=\"B\"\nhttp://cdn-b.invalid/v1.m3u8\n")
}

fn playlist(name: &str, version: usize, low_latency: bool) -> String {
    let (first, end) = (FIRST + version, FIRST + version + 12);
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-KEY:METHOD=AES-128,URI=\"{name}/k1.key\"\n#EXT-X-MAP:URI=\"{name}/init.mp4\"\n"
    );
    for number in first..end {
        let _ = write!(
            text,
            "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:{:02}:{:02}.000Z\n#EXTINF:4.000,\n\
             {name}/{number}.m4s\n",
            number / 15,
            number % 15 * 4
        );
    }
    if low_latency {
        for part in 0..3 {
            let _ = writeln!(text, "#EXT-X-PART:DURATION=1,URI=\"{name}/{end}.{part}.m4s\"");
        }
        let _ = write!(
            text,
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{name}/{end}.3.m4s\"\n\
             #EXT-X-RENDITION-REPORT:URI=\"v2.m3u8\",LAST-MSN={end},LAST-PART=2\n"
        );
    }
    text
}

fn mpd(version: usize) -> String {
    let first = FIRST + version;
    let lines = format!(
        "<SegmentTemplate timescale=\"1\" initialization=\"$RepresentationID$/init.mp4\" \
         media=\"$RepresentationID$/$Number$.m4s\" startNumber=\"{first}\"><SegmentTimeline>\
         <S t=\"{}\" d=\"4\" r=\"11\"/></SegmentTimeline></SegmentTemplate>",
        first * 4
    );
    let rungs: String = (1..=3)
        .map(|rung| {
            let codecs = "codecs=\"avc1.4d401f\"";
            format!("<Representation id=\"v{rung}\" bandwidth=\"{rung}000000\" {codecs}/>")
        })
        .collect();
    format!(
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"dynamic\" \
         availabilityStartTime=\"2026-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT4S\" \
         publishTime=\"2026-01-01T00:00:{version:02}Z\"><Period id=\"1\" start=\"PT0S\">\
         <AdaptationSet contentType=\"video\" mimeType=\"video/mp4\">{lines}{rungs}</AdaptationSet>\
         <AdaptationSet contentType=\"audio\" mimeType=\"audio/mp4\">{lines}\
         <Representation id=\"a1\" bandwidth=\"128000\"/></AdaptationSet></Period>\
         <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"2026-01-01T00:00:00Z\"/>\
         </MPD>\n"
    )
}
