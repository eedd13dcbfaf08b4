//! One rule: which requests, and what becomes of them.

use super::{
    budget::Budget,
    distribution::describe,
    entry::{RuleEntry, WhenEntry},
    matcher::Matcher,
    numbers::Numbers,
    plan::Effects,
    text::{Either, Several, Text},
};
use crate::units::Ratio;
use serde::{Serialize, Serializer};
use std::{fmt, sync::Arc};

/// One rule: which requests (`when`), and what becomes of them (`then`).
///
/// # When
///
/// All conditions that are given must hold; a rule without any applies to every request. Where a
/// list is allowed, any of its values will do; an empty list is an error.
///
/// | condition | holds for |
/// |---|---|
/// | `kind` | requests of that [`Kind`](crate::media::Kind), or of the groups `manifest` (of any format) and `playlist` (HLS, both kinds). `segment` means media segments alone: `init` and `part` are kinds of their own |
/// | `media` | `video`, `audio`, `text`, `muxed`, `unknown`. A muxed segment is `muxed` and nothing else: `audio` does not match it, as whatever befell it would befall the pictures too |
/// | `protocol` | requests of that [`Protocol`](crate::media::Protocol) |
/// | `rung` | renditions at that place on the presentation's ladder, 1 = lowest; a number, `2..4` (both ends included), `3..`, `..4`, or `lowest`, `highest`, `all-but-lowest`, `all-but-highest`. The ladder is that of the video, in all formats alike; audio and text beside video have ladders of their own, which are meant with `media` alone. No request whose rung is unknown (HLS: of audio and subtitles, which declare no bandwidth); while the ladder is unknown there is no highest |
/// | `rendition` | renditions of that name (DASH Representation id, HLS NAME or GROUP-ID/NAME); `*` = anything, `?` = one character |
/// | `bandwidth` | renditions that declare that bandwidth: `2 Mbit/s`, `1 Mbit/s..3 Mbit/s` (both ends included), `..1 Mbit/s` |
/// | `height` | renditions of that height in pixels; written as numbers |
/// | `codec` | renditions one of whose own codecs begins so: `avc1`, `mp4a.40`. HLS variants list those of their audio and subtitle groups too: these count for the groups' playlists, where they have any. Smooth: the FourCC (`H264`, `AACL`), or the codec that it stands for |
/// | `language` | that language and its regions: `de` is also `de-AT` |
/// | `role` | that DASH Role, or HLS characteristic |
/// | `index` | segments at that place in the presentation, 1 = first; written as numbers. No request whose index is unknown |
/// | `number` | that media sequence number or `$Number$`; from 0 |
/// | `behind-live` | that many segments behind the live edge; 0 = the newest |
/// | `after-join` | that many segments after the one that was the newest of its media type when the session first asked for any, in a live stream: 0 = that one, `1` the next, `-2` two before; ranges as `-3..-1` |
/// | `media-time` | segments that start in that window of media time; written as `during` |
/// | `media-cycle` | `0 in 30 s`: of the segments that start in each 30 s of media time the first, `1 in 30 s` the second, ... (by the segment's own duration; a start up to 50 ms early counts to the next cycle) |
/// | `discontinuity` | `true`: segments and parts before which the timeline breaks (HLS `EXT-X-DISCONTINUITY`; in DASH the first of each later period); `false`: all other requests |
/// | `during` | requests that arrive in that window of session time: `10 s..30 s` (start included, end excluded), `30 s..`, `..10 s` |
/// | `pattern` | requests that arrive while it is down: `up 20 s, down 10 s` (or `u20d10`), from the session's time zero, over and over; a phase has its start and not its end |
/// | `epoch-pattern` | the same, from 1970-01-01T00:00:00Z: alike for all sessions and machines |
/// | `attempt` | that try of the same request: 1 = the first, `2..` = all retries. A request for a range that overlaps one asked for before (or the whole) is a retry; one for other bytes of the same file is not |
/// | `host` | that host, with or without its port; `*` and `?` as above |
/// | `path` | that path at the origin, from its first `/`, without the query: `*/audio/*` |
/// | `method` | `GET`, `HEAD`, `POST`, `PUT` |
/// | `range` | `true`: requests for a range of bytes; `false`: the others |
/// | `blocking` | `true`: requests that ask a low-latency playlist to wait (`_HLS_msn`); `false`: the others |
/// | `connection` | `fresh`: the first request on its connection; `reused`: the others |
/// | `not` | a list of tables of the conditions above: requests that fit any of them are left out |
/// | `nth` | the n-th of the requests for which all conditions above hold, counted for each session and rule in order of arrival. A request that is redirected counts once, however many addresses it comes to; written as numbers, `..3` = the first three |
/// | `first` | `first = 3` is `nth = "..3"`; from 1 |
/// | `every` | the n-th, 2n-th, 3n-th, ... of the same; 1 = all of them, 0 is an error |
/// | `probability` | that share of the requests for which all conditions above hold, `nth` and `every` included; the draw belongs to the request, so it replays in any interleaving |
///
/// # Then
///
/// For most, a single value will do; the table says more. *Point* is a point in the body: bytes
/// (`64 KiB`), bytes before the end (`-1 KiB`), a share (`50 %`) or a time after the first byte
/// (`2 s`). A share or a distance from the end means nothing in a body of unknown length: then the
/// effect does not come about.
///
/// | effect | does |
/// |---|---|
/// | `delay` | waits before the headers, beside the link's latency, and where the origin holds its answer (a blocking reload, a part that was hinted at) after that: a span, or a distribution as in profiles (`{ distribution = "lognormal", mean, sd }`), drawn for each request. `0 s` exempts from the delays of later rules |
/// | `refuse` | `reset` or `close`: ends the connection instead of an answer; `not-http`: sends bytes that are not HTTP, then closes (HTTP/2: as `reset`) |
/// | `hang` | answers nothing for that long, then closes; `forever` leaves the closing to the player. `{ at, for }` is silent from a point on: `at = "headers"` = right after them, or a *point* |
/// | `status` | answers with that status, 200 to 599, without asking the origin. `{ code, retry-after, body, content-type }`; `retry-after` in seconds (`120`, `"2 m"`) or as a date (`"in 2 m"`) |
/// | `redirect` | answers 302 to a URL or path. `{ to }`, `{ host }` (same path there): within the session where the host is the session's own or may be fetched, else past the proxy; `{ chain = 3 }` (that many hops, then what was asked for), `{ loop = true }`; each with `status` 301, 302, 303, 307, 308 |
/// | `body` | another body: `empty`, `captive-portal`, `previous-segment`, `{ text, content-type }`, `{ file, content-type }` (beside the rule file; not in rules that come over the network), `{ junk = "1 KiB" }`, `{ rung = 1 }` |
/// | `range` | a range request answered wrongly: `ignored` (200, whole), `whole` (206, whole), `shifted` (`Content-Range` off by one), `empty`, `unsized` (no `Content-Length`), `unsatisfiable` (416) |
/// | `reload` | `early`: a blocking playlist request (LL-HLS) does not block; `full`: a delta update is not asked for. Late is `delay`, never is `hang`, with `when.blocking = true` |
/// | `rate` | passes the body no faster; not zero |
/// | `profile` | passes the body over a link as in that built-in profile too |
/// | `stall` | `{ at, for }`: pauses at one or more *points*, then goes on |
/// | `drip` | `{ bytes, every, from }`: lets so many bytes through at a time, from a *point* on (the start) |
/// | `coalesce` | holds bytes back for that long and lets them come at once; `end` = all at the end |
/// | `corrupt` | `bit-flips`, `zeros` (one byte in a thousand), `ts-sync`, `box-size` (all). `{ damage, rate, from, to }` |
/// | `framing` | `close`: no `Content-Length` and no chunks, the body ends where the connection closes (HTTP/2: END_STREAM without a length); `bad-chunk`: chunked, with a chunk size that is none where the body starts, or at a *point*: `{ bad-chunk = "50 %" }` (HTTP/2: RST_STREAM there). Over HTTP/1.1 the connection closes after either |
/// | `cut` | `{ at, end, length }`: ends the body at a *point*; `end` = `fin` (default), `reset`, `goaway` or `silence` (`for`); the declared `length` is `keep` (default), `fix` (to the truth) or `drop` |
/// | `reset` | passes the body up to a *point* (`64 KiB`, `50 %`), then resets the connection; `0 B` = right after the headers |
/// | `truncate` | passes the body up to a *point*, then closes cleanly, with fewer bytes than declared |
/// | `headers` | `{ set = { age = 3600 }, remove = ["etag"] }`; not those of the connection and its framing |
/// | `cors` | `missing`, `wrong-origin`, `duplicated`, `unexposed`, `preflight` (which fails) |
/// | `date-skew` | shifts `Date`, and the answer of a time server: `"-30 s"`, `"+5 m"` |
/// | `keep-errors` | if the answer is an error, gives it again to whoever asks for the same URL, for that long |
/// | `close` | `after` (announced), `unannounced`, or `idle` (the session's idle connections) |
/// | `manifest` | edits the manifest: see below |
///
/// One rule may combine what befalls a body with what befalls the headers, and each with `delay`.
/// `refuse`, `hang`, `status` and `redirect` rule each other and all about the body out; after the
/// first two there are no headers either. A body is cut in one way.
///
/// # Manifest edits
///
/// Several may stand in one table; they are made in the order of this list.
///
/// | edit | does |
/// |---|---|
/// | `freeze` | serves the version first seen, for that long, once for each manifest; `forever` = while the rule applies |
/// | `go-back` | serves a version so many segments older |
/// | `lag` | leaves the newest so many segments out |
/// | `endlist` | `early`, `bare` (and no segments), `missing` |
/// | `discontinuity` | `drop`, `{ insert = 5 }` (before each segment whose number is a multiple), `{ shift = 1 }` (their count) |
/// | `gap` | marks segments whose number is a multiple of this as gaps |
/// | `durations` | `{ scale, target, date-shift, date-drift }` |
/// | `drop-rungs` | leaves rungs out; written as `when.rung` |
/// | `strip` | leaves attributes out: `["CODECS", "RESOLUTION"]` |
/// | `bandwidth` | multiplies every declared bandwidth |
/// | `resolution` | declares this one for all |
/// | `publish-time` | `frozen` |
/// | `utc-timing` | `missing`, `unreachable`, or a shift (`"-30 s"`) |
/// | `host` | leads segments (or media playlists) to this host, past the proxy |
/// | `preload-hint` | `missing`, `wrong` |
/// | `rendition-report` | `missing`, `{ stale = 2 }`, `{ ahead = 2 }` |
/// | `skip` | a delta update claims to skip so many segments more |
/// | `truncate` | leaves `12 lines`, `1 KiB` or `50 %` |
/// | `empty` | `true`: no bytes |
///
/// # Budget
///
/// Bounds on how often a rule strikes; what strikes is a rule of which at least one effect comes
/// into the plan, so a rule that others overrule spends nothing. If the request ends and none of the
/// rule's effects has come about (the player left before the cut, or the body ended), the strike is
/// given back, as if it had not been. All bounds that are given hold.
///
/// | bound | means |
/// |---|---|
/// | `times` | strikes no more than this often; from 1 |
/// | `for` | strikes no later than this after its first strike |
/// | `cooldown` | after a strike, spares everything for this long |
/// | `ttl` | strikes no later than this after the rule came into force: when its session got it; with the scope `global`, when it was loaded or first given to a session |
/// | `scope` | `session` (default: each has its own budget), or `global`: all sessions that have the rule from one loading of it share it, its times counted on the process's clock |
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) name: Arc<str>,
    pub(super) matcher: Matcher,
    /// Which of those that match, by their count from 1.
    pub(super) nth: Option<Numbers>,
    pub(super) every: u64,
    pub(super) probability: Option<Ratio>,
    pub(super) effects: Effects,
    pub(super) budget: Option<Budget>,
    /// As it was written, for showing and for JSON.
    pub(super) entry: RuleEntry,
}

impl Rule {
    /// Its name; `rule 3` for the third one of a file, when it was given none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The form that was read.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.entry.serialize(to)
    }
}

/// One line: `audio late: segment audio rung 3 → delay 2 s`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut conditions = self.entry.when.as_ref().map(conditions).unwrap_or_default();
        if self.every > 1 {
            conditions.push(ordinal(self.every));
        }
        if let Some(probability) = self.probability {
            conditions.push(format!("with probability {probability}"));
        }
        if conditions.is_empty() {
            conditions.push("every request".to_owned());
        }
        let delay = self.entry.then.as_ref().and_then(|then| then.delay.as_ref());
        let delay = delay.map(|delay| match delay {
            Either::Short(text) => text.to_string(),
            Either::Table(table) => describe(table),
        });
        let effects = self.effects.words(delay);
        write!(f, "{}: {} → {}", self.name, conditions.join(" "), effects.join(", "))?;
        self.budget.as_ref().map_or(Ok(()), |budget| write!(f, " ({budget})"))
    }
}

fn conditions(when: &WhenEntry) -> Vec<String> {
    let text = |name: &str, text: Option<String>| text.map(|text| format!("{name} {text}"));
    let several =
        |name: &str, list: &Option<Several>| text(name, list.as_ref().map(Several::to_string));
    let single = |name: &str, one: &Option<Text>| text(name, one.as_ref().map(Text::to_string));
    let flag = |name: &str, flag: Option<bool>| {
        flag.map(|truth| if truth { name.to_owned() } else { format!("not {name}") })
    };
    let class =
        [&when.kind, &when.media, &when.protocol].map(|c| c.as_ref().map(Several::to_string));
    let rest = [
        several("rung", &when.rung),
        several("rendition", &when.rendition),
        several("bandwidth", &when.bandwidth),
        several("height", &when.height),
        several("codec", &when.codec),
        several("language", &when.language),
        several("role", &when.role),
        several("index", &when.index),
        several("number", &when.number),
        several("behind-live", &when.behind_live),
        several("after-join", &when.after_join),
        single("media-time", &when.media_time),
        single("media-cycle", &when.media_cycle),
        flag("discontinuity", when.discontinuity),
        single("during", &when.during),
        single("while", &when.pattern),
        single("by the clock while", &when.epoch_pattern),
        several("attempt", &when.attempt),
        several("host", &when.host),
        several("path", &when.path),
        several("method", &when.method),
        flag("range", when.range),
        flag("blocking", when.blocking),
        single("connection", &when.connection),
        when.not.as_ref().map(|not| {
            let spared = not.iter().map(|when| format!("but not {}", conditions(when).join(" ")));
            spared.collect::<Vec<_>>().join(" ")
        }),
        several("nth", &when.nth),
        single("first", &when.first),
    ];
    class.into_iter().chain(rest).flatten().collect()
}

fn ordinal(n: u64) -> String {
    let ending = match (n % 100, n % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("every {n}{ending}")
}
