//! One rule: the requests that it matches, and the effects on them.

use super::{
    budget::Budget,
    distribution::describe,
    entry::{RuleEntry, WhenEntry},
    matcher::Matcher,
    numbers::Numbers,
    plan::Effects,
};
use crate::{
    document::{Either, Several, Text},
    units::Ratio,
};
use serde::{Serialize, Serializer};
use std::{fmt, sync::Arc};

/// One rule: the requests that it matches (`when`), and the effects on them (`then`).
///
/// # When
///
/// All given conditions must hold; a rule without conditions applies to every request. Where a list
/// is allowed, one of its values must match; an empty list is an error.
///
/// | condition | holds for |
/// |---|---|
/// | `kind` | requests of that [`Kind`](crate::media::Kind), or of the groups `manifest` (of any format) and `playlist` (HLS, both kinds). `segment` means media segments only: `init` and `part` are kinds of their own |
/// | `media` | `video`, `audio`, `text`, `muxed`, `unknown`. A muxed segment is only `muxed`: `audio` does not match it, because an effect on it would affect the video too |
/// | `protocol` | requests of that [`Protocol`](crate::media::Protocol) |
/// | `rung` | renditions at that position on the presentation's ladder, 1 = lowest; a number, `2..4` (both ends included), `3..`, `..4`, or `lowest`, `highest`, `all-but-lowest`, `all-but-highest`. The ladder is that of the video, in all formats alike; audio and text of a presentation with video have their own ladders; name them with `media`. Does not match a request whose rung is unknown (HLS: audio and subtitles, which declare no bandwidth); while the ladder is unknown, `highest` matches nothing |
/// | `rendition` | renditions of that name (DASH Representation id, HLS NAME or GROUP-ID/NAME); `*` = anything, `?` = one character |
/// | `bandwidth` | renditions that declare that bandwidth: `2 Mbit/s`, `1 Mbit/s..3 Mbit/s` (both ends included), `..1 Mbit/s` |
/// | `height` | renditions of that height in pixels; written as numbers |
/// | `codec` | renditions with a codec that begins with this text: `avc1`, `mp4a.40`. HLS variants list those of their audio and subtitle groups too: these count for the playlists of those groups, if the groups have any. Smooth: the FourCC (`H264`, `AACL`), or the corresponding RFC 6381 codec |
/// | `language` | that language and its regions: `de` is also `de-AT` |
/// | `role` | that DASH Role, or HLS characteristic |
/// | `index` | segments at that position in the presentation, 1 = first; written as numbers. Does not match a request whose index is unknown |
/// | `number` | that media sequence number or `$Number$`; from 0 |
/// | `behind-live` | the number of segments behind the live edge; 0 = the newest |
/// | `after-join` | the number of segments after the newest segment of its media type at the time of the session's first request for that type, in a live stream: 0 = that one, `1` the next, `-2` two before; ranges as `-3..-1` |
/// | `media-time` | segments that start in that window of media time; written as `during` |
/// | `media-cycle` | `0 in 30 s`: of the segments that start in each 30 s of media time the first, `1 in 30 s` the second, ... (computed from the segment's duration; a segment that starts up to 50 ms early counts to the next cycle) |
/// | `discontinuity` | `true`: segments and parts that follow a discontinuity (HLS `EXT-X-DISCONTINUITY`; in DASH the first of each later period); `false`: all other requests |
/// | `during` | requests that arrive in that window of session time: `10 s..30 s` (start included, end excluded), `30 s..`, `..10 s` |
/// | `pattern` | requests that arrive in a `down` phase: `up 20 s, down 10 s` (or `u20d10`), repeated from the session's time zero; a phase includes its start, not its end |
/// | `epoch-pattern` | the same, from 1970-01-01T00:00:00Z: equal for all sessions and machines |
/// | `attempt` | that attempt at the same request: 1 = the first, `2..` = all retries. A request whose range overlaps an earlier one (or the whole file) is a retry; a request for other bytes of the same file is not |
/// | `host` | that host, with or without its port; `*` and `?` as above |
/// | `path` | that path at the origin, from its first `/`, without the query: `*/audio/*` |
/// | `method` | `GET`, `HEAD`, `POST`, `PUT` |
/// | `range` | `true`: requests for a range of bytes; `false`: the others |
/// | `blocking` | `true`: blocking requests for a low-latency playlist (`_HLS_msn`); `false`: the others |
/// | `connection` | `fresh`: the first request on its connection; `reused`: the others |
/// | `not` | a list of tables of the conditions above: requests that match any of them are excluded |
/// | `nth` | the n-th of the requests for which all conditions above hold, counted for each session and rule in order of arrival. A redirected request counts once, at all its addresses together; written as numbers, `..3` = the first three |
/// | `first` | `first = 3` is `nth = "..3"`; from 1 |
/// | `every` | the n-th, 2n-th, 3n-th, ... of these requests; 1 = all, 0 is an error |
/// | `probability` | that share of the requests for which all conditions above hold, `nth` and `every` included; the random number depends only on the request and the rule, so a run can be replayed in any interleaving |
///
/// # Then
///
/// Most effects accept a single value; some also accept a table with more settings. *Point* is a
/// point in the body: bytes (`64 KiB`), bytes before the end (`-1 KiB`), a share (`50 %`) or a time
/// after the first byte (`2 s`). In a body of unknown length there is no share and no distance from
/// the end: then the effect does not happen.
///
/// | effect | does |
/// |---|---|
/// | `delay` | waits before the headers, in addition to the link's latency. If the origin holds back its response (a blocking reload, a hinted part), the delay comes after that. A duration, or a distribution as in profiles (`{ distribution = "lognormal", mean, sd }`), drawn for each request. `0 s` exempts from the delays of later rules |
/// | `refuse` | `reset` or `close`: ends the connection instead of a response; `not-http`: sends bytes that are not HTTP, then closes (HTTP/2: as `reset`) |
/// | `hang` | sends nothing for that long, then closes; `forever`: until the player closes. `{ at, for }` sends nothing from a point on: `at = "headers"` = right after them, or a *point* |
/// | `status` | responds with that status, 200 to 599, without a request to the origin. `{ code, retry-after, body, content-type }`; `retry-after` in seconds (`120`, `"2 m"`) or as a date (`"in 2 m"`) |
/// | `redirect` | responds 302 to a URL or path. `{ to }`, `{ host }` (same path there): within the session if the host is the session's own or may be fetched, else past the proxy; `{ chain = 3 }` (three redirects, then the requested resource), `{ loop = true }`; each with `status` 301, 302, 303, 307, 308 |
/// | `body` | another body: `empty`, `captive-portal`, `previous-segment`, `{ text, content-type }`, `{ file, content-type }` (relative to the rule file; not allowed in rules that come over the network), `{ junk = "1 KiB" }`, `{ rung = 1 }` |
/// | `range` | responds wrongly to a range request: `ignored` (200, whole), `whole` (206, whole), `shifted` (`Content-Range` off by one), `empty`, `unsized` (no `Content-Length`), `unsatisfiable` (416) |
/// | `reload` | `early`: a blocking playlist request (LL-HLS) does not block; `full`: no delta update is requested. For a late or missing response use `delay` or `hang` with `when.blocking = true` |
/// | `rate` | limits the rate of the body; not zero |
/// | `profile` | passes the body over an additional link with that built-in profile |
/// | `stall` | `{ at, for }`: pauses at one or more *points*, then continues |
/// | `drip` | `{ bytes, every, from }`: passes `bytes` at a time, with a pause of `every`, from a *point* on (default: the start) |
/// | `coalesce` | holds bytes back for that long and then sends them at once; `end` = sends all at the end |
/// | `corrupt` | `bit-flips`, `zeros` (one byte in a thousand), `ts-sync`, `box-size` (all). `{ damage, rate, from, to }` |
/// | `framing` | `close`: no `Content-Length` and no chunks, the body ends where the connection closes (HTTP/2: END_STREAM without a length); `bad-chunk`: chunked, with an invalid chunk size at the start of the body, or at a *point*: `{ bad-chunk = "50 %" }` (HTTP/2: RST_STREAM there). Over HTTP/1.1 the connection closes after either |
/// | `cut` | `{ at, end, length }`: ends the body at a *point*; `end` = `fin` (default), `reset`, `goaway` or `silence` (`for`); the declared `length` is `keep` (default), `fix` (the bytes sent) or `drop` |
/// | `reset` | passes the body up to a *point* (`64 KiB`, `50 %`), then resets the connection; `0 B` = right after the headers |
/// | `truncate` | passes the body up to a *point*, then closes cleanly, with fewer bytes than declared |
/// | `headers` | `{ set = { age = 3600 }, remove = ["etag"] }`; not headers of the connection or of message framing |
/// | `cors` | `missing`, `wrong-origin`, `duplicated`, `unexposed`, `preflight` (the preflight fails) |
/// | `date-skew` | shifts `Date`, and the response of a time server: `"-30 s"`, `"+5 m"` |
/// | `keep-errors` | if the response is an error, repeats it to later requests of the session for the same URL, for that long |
/// | `close` | `after` (announced), `unannounced`, or `idle` (the session's idle connections) |
/// | `manifest` | edits the manifest: see below |
///
/// One rule may combine effects on the body, effects on the headers, and `delay`. `refuse`, `hang`,
/// `status` and `redirect` exclude each other and all effects on the body; `refuse` and `hang` also
/// exclude effects on the headers. Only one effect may cut the body.
///
/// # Manifest edits
///
/// One table may hold several; they are applied in the order of this list.
///
/// | edit | does |
/// |---|---|
/// | `freeze` | serves the first version seen, for that long, once for each manifest; `forever` = while the rule applies |
/// | `go-back` | serves an older version; the number is how many segments older |
/// | `lag` | removes the newest segments; the number is how many |
/// | `endlist` | the end marker: `early`, `bare` (early, and no segments), `missing` |
/// | `discontinuity` | `drop`, `{ insert = 5 }` (before each segment whose number is a multiple), `{ shift = 1 }` (shifts their count) |
/// | `gap` | marks segments whose number is a multiple of this as gaps |
/// | `durations` | `{ scale, target, date-shift, date-drift }` |
/// | `drop-rungs` | removes rungs; written as `when.rung` |
/// | `strip` | removes attributes: `["CODECS", "RESOLUTION"]` |
/// | `bandwidth` | multiplies every declared bandwidth |
/// | `resolution` | declares this resolution for all renditions |
/// | `publish-time` | `frozen` |
/// | `utc-timing` | `missing`, `unreachable`, or a shift (`"-30 s"`) |
/// | `host` | rewrites the URIs of segments (or media playlists) to this host, past the proxy |
/// | `preload-hint` | `missing`, `wrong` |
/// | `rendition-report` | `missing`, `{ stale = 2 }`, `{ ahead = 2 }` |
/// | `skip` | a delta update claims to skip more segments than it does; the number is how many more |
/// | `truncate` | keeps only the first `12 lines`, `1 KiB` or `50 %` |
/// | `empty` | `true`: no bytes |
///
/// # Budget
///
/// Limits how often a rule applies. A rule applies when it fills at least one slot of the plan; a
/// rule whose slots were all filled by earlier rules uses none of its budget. If the request ends and
/// none of the rule's effects has happened (the player left before the cut, or the body ended), the
/// use is given back. All given limits hold.
///
/// | limit | meaning |
/// |---|---|
/// | `times` | the most times that it applies; from 1 |
/// | `for` | applies only for this long after its first use |
/// | `cooldown` | after a use, does not apply for this long |
/// | `ttl` | applies only for this long after the rule came into force: when its session got it; with the scope `global`, when it was loaded or first given to a session |
/// | `scope` | `session` (default: each has its own budget), or `global`: one budget for all sessions that have the rule from the same loading, with its times on the process's clock |
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(super) name: Arc<str>,
    pub(super) matcher: Matcher,
    /// Which of the matching requests, counted from 1.
    pub(super) nth: Option<Numbers>,
    pub(super) every: u64,
    pub(super) probability: Option<Ratio>,
    pub(super) effects: Effects,
    pub(super) budget: Option<Budget>,
    /// The rule as written, for display and for JSON.
    pub(super) entry: RuleEntry,
}

impl Rule {
    /// Its name; if it was given none, `rule 3` for the third rule of a file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The form in which it was read.
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
            let excluded = not.iter().map(|when| format!("but not {}", conditions(when).join(" ")));
            excluded.collect::<Vec<_>>().join(" ")
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
