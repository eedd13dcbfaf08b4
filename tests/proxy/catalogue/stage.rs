//! One session with one fault: its requests, the expected responses, and the expected events.

use super::stream::{LENGTH, Sent, Stream};
use crate::{
    origin::Origin,
    player::{End, Got, Player, unchunked},
    rig::Rig,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Far longer than anything without a wait takes.
const MOMENT: Duration = Duration::from_millis(250);

/// One step of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// At least this many seconds have passed since the session's start.
    At(u64),
    /// A request with these further lines of its head, its effects (`2 delay` = of the second rule), and its
    /// expected result.
    Ask(&'static str, &'static str, &'static [&'static str], How),
    /// The same on a connection that stays, and has carried a request if `true`.
    Stay(&'static str, bool, &'static [&'static str], How),
    /// First tries of so many segments: some are late, and none of their second tries.
    SomeLate(u64),
}

impl Step {
    /// Whether it is a request that the fault should hit.
    pub(super) const fn hits(&self) -> bool {
        match self {
            Self::Ask(_, _, effects, _) | Self::Stay(_, _, effects, _) => !effects.is_empty(),
            Self::SomeLate(_) => true,
            Self::At(_) => false,
        }
    }

    /// Whether it is a request that the fault should leave alone.
    pub(super) const fn spares(&self) -> bool {
        !self.hits() && !matches!(self, Self::At(_))
    }
}

/// The expected result of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    /// The origin's answer, every byte.
    Whole,
    /// This status from the proxy, with this `Retry-After`.
    Status(u16, &'static str),
    /// Nothing before this many seconds; then the origin's answer.
    Late(u64),
    /// Nothing, for this many seconds at least; then the end of the connection, if `true`.
    Never(u64, bool),
    /// A body that ends after so many bytes, with this length declared, and how the connection ends.
    Cut(usize, usize, End),
    /// A body that stops at this byte for this many seconds; then all the rest.
    Stall(usize, u64),
    /// A body that stops at this byte for ever.
    Silent(usize),
    /// A body of which no more than this comes at once, and all in the end.
    Slow(usize),
    /// So many redirects, and then the origin's answer.
    Led(usize),
    /// What this says of the answer, and of what the origin sent.
    Like(fn(&Got, &Sent)),
}

pub(super) struct Stage {
    rig: Rig,
    _origin: Origin,
    stream: Arc<Mutex<Stream>>,
    inside: String,
    started: Instant,
    staying: Option<Player>,
    fault: &'static str,
    /// Rule, effect and path of the expected events.
    hits: Vec<(String, String, String)>,
}

impl Stage {
    pub(super) async fn set(fault: &'static str) -> Self {
        let (origin, stream) = Stream::start().await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session(&format!("vsps.rules={fault}")).await;
        let (started, staying, hits) = (Instant::now(), None, Vec::new());
        Self { rig, _origin: origin, stream, inside, started, staying, fault, hits }
    }

    pub(super) async fn play(&mut self, steps: &[Step]) {
        for step in steps {
            match *step {
                Step::At(second) => {
                    let due = self.started + Duration::from_secs(second);
                    jump(due.saturating_duration_since(Instant::now())).await;
                }
                Step::Ask(path, head, effects, how) => {
                    self.expect(path, effects);
                    let mut player = self.rig.player().await;
                    player.send(self.request(path, head, true)).await;
                    self.check(path, &mut player, how, true).await;
                }
                Step::Stay(path, reused, effects, how) => {
                    self.expect(path, effects);
                    let mut player = match self.staying.take().filter(|_| reused) {
                        Some(player) => player,
                        None => self.rig.player().await,
                    };
                    player.send(self.request(path, "", false)).await;
                    self.check(path, &mut player, how, false).await;
                    self.staying = Some(player);
                }
                Step::SomeLate(segments) => self.some_late(segments).await,
            }
        }
    }

    /// The expected events occurred, in this order, and no others.
    pub(super) async fn told(self) {
        let told = self.rig.told("fault_injected", self.hits.len()).await;
        let word = |event: &serde_json::Value, key: &str| event[key].as_str().unwrap().to_owned();
        let told = told.iter().map(|e| (word(e, "rule"), word(e, "effect"), word(e, "path")));
        assert_eq!(told.collect::<Vec<_>>(), self.hits, "{}", self.fault);
        let counted = self.rig.counted("vsps_faults_total").await;
        assert_eq!(counted, self.hits.len() as f64, "{}", self.fault);
    }

    fn expect(&mut self, path: &str, effects: &[&str]) {
        // What an event names is the path at its origin.
        let path = path.trim_start_matches("POST ");
        let path = path.trim_start_matches("/-/o/http/cdn-b.invalid");
        for effect in effects {
            let (rule, effect) = match effect.strip_prefix("2 ") {
                Some(effect) => (format!("{} 2", self.fault), effect),
                None => (self.fault.to_owned(), *effect),
            };
            self.hits.push((rule, effect.to_owned(), path.to_owned()));
        }
    }

    fn request(&self, path: &str, head: &str, closes: bool) -> String {
        let (method, path) = match path.strip_prefix("POST ") {
            Some(path) => ("POST", path),
            None => ("GET", path),
        };
        let close = if closes { "Connection: close\r\n" } else { "" };
        let inside = &self.inside;
        format!(
            "{method} {inside}{path} HTTP/1.1\r\nHost: a\r\nOrigin: http://p\r\n{head}{close}\r\n"
        )
    }

    async fn check(&self, path: &str, player: &mut Player, how: How, closes: bool) {
        let what = &format!("{} at {path}", self.fault);
        match how {
            How::Whole if closes => self.whole(player, Vec::new(), what).await,
            How::Whole => assert!(player.answer().await.body == self.last().body, "{what}"),
            How::Like(check) => {
                let got = player.rest().await;
                println!("{what}: {}, {} B", got.status(), got.body.len());
                check(&got, &self.last());
            }
            How::Status(status, retry) => {
                let got = player.rest().await;
                assert_eq!(got.failure(), (status, "injected; rule"), "{what}");
                assert_eq!(got.header("retry-after"), retry, "{what}");
            }
            How::Late(seconds) => {
                self.silent(player, what).await;
                jump(Duration::from_secs(seconds)).await;
                self.whole(player, Vec::new(), what).await;
            }
            How::Never(seconds, ends) => {
                self.silent(player, what).await;
                jump(Duration::from_secs(seconds)).await;
                match ends {
                    true => assert_eq!(player.rest().await.end, End::Fin, "{what}"),
                    false => self.silent(player, what).await,
                }
            }
            How::Cut(bytes, declared, end) => {
                let got = player.rest().await;
                assert_eq!((got.body.len(), got.end), (bytes, end), "{what}");
                if bytes + declared > 0 {
                    assert_eq!(got.header("content-length"), declared.to_string(), "{what}");
                    assert!(self.last().body.starts_with(&got.body), "{what}");
                }
            }
            How::Stall(at, seconds) => {
                let first = self.up_to(at, player, what).await;
                jump(Duration::from_secs(seconds)).await;
                self.whole(player, first, what).await;
            }
            How::Silent(at) => {
                self.up_to(at, player, what).await;
                jump(Duration::from_secs(60)).await;
                self.silent(player, what).await;
            }
            How::Slow(most) => {
                let first = player.read_for(MOMENT).await;
                assert!(first.body.len() <= most, "{what}: {}", first.body.len());
                self.whole(player, first.body, what).await;
            }
            How::Led(redirects) => self.led(player, redirects, what).await,
        }
    }

    fn last(&self) -> Sent {
        self.stream.lock().last()
    }

    /// All expected effects were applied, and nothing arrives.
    async fn silent(&self, player: &mut Player, what: &str) {
        for _ in 0..200 {
            let told = self.rig.events();
            let told = told.iter().filter(|event| event["event"] == "fault_injected");
            if told.count() == self.hits.len() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let got = player.read_for(MOMENT).await;
        assert_eq!((got.head.as_str(), got.body.len(), got.end), ("", 0, End::Open), "{what}");
    }

    /// So many bytes of the body, after which nothing comes.
    async fn up_to(&self, at: usize, player: &mut Player, what: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for _ in 0..40 {
            body.extend(player.read_for(MOMENT / 2).await.body);
            if body.len() >= at {
                break;
            }
        }
        assert_eq!(body.len(), at, "{what}");
        self.silent(player, what).await;
        body
    }

    /// The origin's answer, of whose body `before` has come.
    async fn whole(&self, player: &mut Player, before: Vec<u8>, what: &str) {
        let got = player.rest().await;
        let sent = self.last().body;
        let body = [before, got.body].concat();
        assert_eq!((body.len(), got.end), (sent.len(), End::Fin), "{what}: {}", got.head);
        assert!(body == sent, "{what}: other bytes");
    }

    async fn led(&self, player: &mut Player, redirects: usize, what: &str) {
        let mut got = player.rest().await;
        for redirect in 1..=redirects {
            assert_eq!(got.status(), 302, "{what}: redirect {redirect}");
            got = self.rig.get(got.header("location")).await;
        }
        assert_eq!(got.status(), 200, "{what}");
        assert!(got.body == self.stream.lock().last().body, "{what}");
    }

    async fn some_late(&mut self, segments: u64) {
        let mut late = 0;
        for number in 10..10 + segments {
            let path = format!("/hls/v1/{number}.m4s");
            for attempt in 1..=2 {
                let mut player = self.rig.player().await;
                player.send(self.request(&path, "", true)).await;
                // The law's shortest waits are longer than that, and a loaded machine's should not be.
                let first = player.read_for(2 * MOMENT).await;
                if !first.head.is_empty() {
                    continue;
                }
                assert_eq!((first.end, attempt), (End::Open, 1), "{path}");
                late += 1;
                self.hits.push((self.fault.to_owned(), "delay".to_owned(), path.clone()));
                jump(Duration::from_secs(30)).await;
                assert_eq!(player.rest().await.body.len(), LENGTH, "{path}");
            }
        }
        assert!((1..segments / 2).contains(&late), "{late} of {segments}");
    }
}

/// So much time passes at once for everything in this runtime: its timers run, its sockets are real.
async fn jump(by: Duration) {
    tokio::time::pause();
    tokio::time::advance(by).await;
    tokio::time::resume();
}

/// The data of a body that came in chunks and to its end.
pub(super) fn chunks(got: &Got) -> Vec<u8> {
    assert_eq!(got.header("transfer-encoding"), "chunked", "{}", got.head);
    let (body, ended) = unchunked(&got.body);
    assert!(ended);
    body
}
