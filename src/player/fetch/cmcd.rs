//! What a player reports with its requests (CMCD), from what is known of the viewing.

use super::{
    purpose::{Object, Purpose},
    viewing::{Shared, Viewing},
};
use crate::{
    media::{CmcdVersion, CmcdWriter, Location},
    player::PlayoutState,
    seed::Seed,
    units::UnixTime,
};
use parking_lot::Mutex;
use std::sync::Arc;
use url::Url;

/// The requested throughput, in multiples of the bitrate, as in hls.js and dash.js.
const RTP_FACTOR: f64 = 5.0;
/// The longest content id (CTA-5004).
const LONGEST_ID: usize = 64;
const KBIT: f64 = 1000.0;

/// How CMCD is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CmcdOptions {
    /// The version.
    pub version: CmcdVersion,
    /// In headers, not in the query.
    pub headers: bool,
}

/// Writes the reports of one player. Clones share what was reported.
#[derive(Debug, Clone)]
pub(super) struct Reporter {
    pub(super) options: CmcdOptions,
    /// `sid` and `cid`.
    session: Arc<str>,
    content: Arc<str>,
    reported: Arc<Mutex<Reported>>,
}

/// What was reported.
#[derive(Debug, Default)]
struct Reported {
    requests: u64,
    rebuffer_count: u64,
    start_delay: bool,
}

impl Reporter {
    /// The reporter of the player with this number that plays `url` from `start` on.
    pub(super) fn new(options: CmcdOptions, number: usize, url: &str, start: UnixTime) -> Self {
        let path = Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
        let from = path.len().saturating_sub(LONGEST_ID);
        let content = path.get(from..).unwrap_or("unknown");
        Self {
            options,
            session: session_id(number, start).into(),
            content: content.into(),
            reported: Arc::default(),
        }
    }

    /// The report of a request for `location`.
    pub(super) fn report(
        &self,
        purpose: &Purpose<'_>,
        location: &Location,
        shared: &Shared,
    ) -> CmcdWriter {
        let mut writer = CmcdWriter::new(self.options.version);
        writer.text("sid", &self.session);
        writer.text("cid", &self.content);
        let viewing = shared.now();
        if let Some(format) = viewing.format.or_else(|| format_of(&location.url)) {
            writer.token("sf", format);
        }
        if viewing.is_ready {
            writer.token("st", if viewing.live { "l" } else { "v" });
        }
        let state = viewing.playout.state();
        let waiting = matches!(state, PlayoutState::Starting | PlayoutState::Rebuffering);
        writer.flag("su", waiting);
        self.history(&mut writer, &viewing, state);
        object(&mut writer, purpose, &viewing);
        if let Some(next) = purpose.next {
            next_object(&mut writer, location, next);
        }
        writer
    }

    /// A report of an event, without its name and time.
    pub(super) fn event(&self, shared: &Shared) -> CmcdWriter {
        let mut writer = CmcdWriter::new(CmcdVersion::V2);
        writer.text("sid", &self.session);
        writer.text("cid", &self.content);
        let viewing = shared.now();
        if let Some(format) = viewing.format {
            writer.token("sf", format);
        }
        if viewing.is_ready {
            writer.token("st", if viewing.live { "l" } else { "v" });
        }
        writer.token("sta", state_token(viewing.playout.state()));
        writer.listed_hundreds("bl", viewing.playout.level(0), "v");
        if let Some(throughput) = viewing.throughput {
            writer.listed_hundreds("mtp", throughput / KBIT, "v");
        }
        if let Some(latency) = viewing.playout.latency().filter(|_| viewing.live) {
            writer.integer("ltc", latency.max(0.0));
        }
        writer
    }

    /// What is reported once, or counted.
    fn history(&self, writer: &mut CmcdWriter, viewing: &Viewing, state: PlayoutState) {
        let mut reported = self.reported.lock();
        let totals = viewing.playout.totals();
        writer.flag("bs", totals.rebuffer_count > reported.rebuffer_count);
        reported.rebuffer_count = totals.rebuffer_count;
        reported.requests += 1;
        if self.options.version == CmcdVersion::V1 {
            return;
        }
        writer.integer("sn", reported.requests as f64);
        writer.token("sta", state_token(state));
        if totals.shown > 0 && !reported.start_delay {
            reported.start_delay = true;
            writer.integer("msd", totals.startup);
        }
        if let Some(latency) = viewing.playout.latency().filter(|_| viewing.live) {
            writer.integer("ltc", latency.max(0.0));
        }
    }
}

/// CMCD's name of a state.
const fn state_token(state: PlayoutState) -> &'static str {
    match state {
        PlayoutState::Starting => "s",
        PlayoutState::Playing => "p",
        PlayoutState::Rebuffering => "r",
        PlayoutState::Ended => "e",
    }
}

/// What is reported of the object itself.
fn object(writer: &mut CmcdWriter, purpose: &Purpose<'_>, viewing: &Viewing) {
    let Object::Segment { stream, media } = purpose.object else {
        writer.token(
            "ot",
            match purpose.object {
                Object::Init => "i",
                Object::Index => "o",
                _ => "m",
            },
        );
        return;
    };
    writer.token("ot", media);
    let level = viewing.playout.level(stream);
    writer.listed_hundreds("bl", level, media);
    // Without anything buffered there is no deadline that could be met.
    if level > 0.0 {
        writer.hundreds("dl", level);
    }
    if let Some(throughput) = viewing.throughput {
        writer.listed_hundreds("mtp", throughput / KBIT, media);
    }
    if let Some(duration) = purpose.duration {
        writer.integer("d", duration);
    }
    if let Some(bitrate) = purpose.bitrate {
        writer.listed("br", bitrate / KBIT, media);
        writer.hundreds("rtp", RTP_FACTOR * bitrate / KBIT);
    }
    let top = if stream == 0 { viewing.ladder.last().copied() } else { purpose.bitrate };
    if let Some(top) = top {
        writer.listed("tb", top / KBIT, media);
    }
}

/// The next object, if it is on the same host.
fn next_object(writer: &mut CmcdWriter, location: &Location, next: &Location) {
    let urls = Url::parse(&location.url).ok().zip(Url::parse(&next.url).ok());
    let Some(path) = urls.and_then(|(here, next)| here.make_relative(&next)) else { return };
    let range = next.range.as_ref().filter(|range| range.end < u64::MAX);
    let range = range.map(|range| format!("{}-{}", range.start, range.end.saturating_sub(1)));
    // Parts of one file differ in their range alone.
    if !path.is_empty() || range.is_some() {
        writer.next_object(&path, range.as_deref());
    }
}

/// The format that an address promises before the manifest was read.
fn format_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let is = |extension: &str| path.to_ascii_lowercase().ends_with(extension);
    if is(".m3u8") { Some("h") } else { is(".mpd").then_some("d") }
}

/// A UUID of version 8 (RFC 9562): from the time and the player's number.
fn session_id(number: usize, start: UnixTime) -> String {
    let seed = Seed::new(start.as_secs_f64().to_bits()).numbered(number as u64);
    let (high, low) = (seed.named("high").value(), seed.named("low").value());
    format!(
        "{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::{super::clock::Clock, *};
    use crate::player::{BufferedSegment, Playout, PlayoutPolicy};

    fn location(url: &str) -> Location {
        Location { url: url.to_owned(), range: None }
    }

    fn plain(writer: &CmcdWriter) -> String {
        percent_encoding::percent_decode_str(&writer.query_value())
            .decode_utf8()
            .unwrap()
            .into_owned()
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_tells_the_object_and_the_state() {
        let url = "http://a.example/x/master.m3u8";
        let options = CmcdOptions { version: CmcdVersion::V2, headers: false };
        let mut reporter = Reporter::new(options, 0, url, UnixTime::ZERO);
        reporter.session = "id".into();
        let shared = Shared::new(Clock::start());
        let purpose = Purpose::of(Object::Manifest);
        let first = plain(&reporter.report(&purpose, &location(url), &shared));
        assert_eq!(first, r#"cid="/x/master.m3u8",ot=m,sf=h,sid="id",sn=1,sta=s,su,v=2"#);
        {
            let mut viewing = shared.lock();
            viewing.playout = Playout::new(1, PlayoutPolicy::default());
            viewing.is_ready = true;
            viewing.format = Some("h");
            viewing.ladder = vec![300_000.0, 900_000.0];
            viewing.throughput = Some(1_234_000.0);
            let segment = BufferedSegment {
                rung: 0,
                bitrate: 300_000.0,
                duration: 4000.0,
                found_from: 0.0,
                live_at: None,
            };
            viewing.playout.append(0, segment, 0.0);
        }
        Clock::sleep(1000.0).await;
        let next = location("http://a.example/x/v1/3.ts");
        let purpose = Purpose {
            object: Object::Segment { stream: 0, media: "av" },
            bitrate: Some(300_000.0),
            duration: Some(4000.0),
            lowest: false,
            next: Some(&next),
        };
        let here = location("http://a.example/x/v1/2.ts");
        let report = plain(&reporter.report(&purpose, &here, &shared));
        assert_eq!(
            report,
            r#"bl=(3000;av),br=(300;av),cid="/x/master.m3u8",d=4000,dl=3000,msd=0,mtp=(1200;av),nor=("3.ts"),ot=av,rtp=1500,sf=h,sid="id",sn=2,st=v,sta=p,tb=(900;av),v=2"#
        );
        // Starved from second 4 on, and reported once.
        Clock::sleep(5000.0).await;
        let report = |reporter: &Reporter| plain(&reporter.report(&purpose, &here, &shared));
        let starved = report(&reporter);
        assert!(starved.contains(",bs,") && starved.contains(",su,"), "{starved}");
        assert!(starved.contains("sta=r") && !starved.contains("dl="), "{starved}");
        assert!(!report(&reporter).contains(",bs,"));
    }

    #[test]
    fn session_ids_differ() {
        let one = session_id(0, UnixTime::from_secs(1_795_953_600));
        assert_eq!(one.len(), 36);
        assert_eq!(one.as_bytes()[14], b'8');
        assert_ne!(one, session_id(1, UnixTime::from_secs(1_795_953_600)));
        assert_ne!(one, session_id(0, UnixTime::from_millis(1_795_953_600_500)));
    }
}
