//! Reloads of live playlists: incremental reading gives the same result as reading the whole.

use super::super::{base::Base, repeat::tests::COMPARED};
use super::{
    Memory,
    define::Variables,
    playlist::{FEW, Listed},
};
use proptest::prelude::*;
use std::{collections::BTreeSet, fmt::Write as _};
use url::Url;

/// A segment as a packager knows it.
#[derive(Debug, Clone)]
struct Made {
    name: String,
    /// Lines before its URI.
    lines: Vec<String>,
    timed: bool,
}

/// A live playlist as a packager knows it.
#[derive(Debug, Clone)]
struct Live {
    url: &'static str,
    head: String,
    token: u32,
    first: u64,
    skipped: usize,
    segments: Vec<Made>,
    tail: String,
    made: u32,
}

const URLS: [&str; 3] = ["https://o/v/a.m3u8", "https://o/v/a.m3u8?t=2", "https://o/w/a.m3u8"];
const HEADS: [&str; 4] = [
    "#EXT-X-TARGETDURATION:4",
    "#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"i.mp4\"",
    "#EXT-X-TARGETDURATION:4\n#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"\n#EXT-X-VERSION:9",
    "#EXT-X-TARGETDURATION:4\n#EXT-X-DEFINE:NAME=\"d\",VALUE=\"x1\"",
];
/// The lines that may precede a segment.
const LINES: [&str; 14] = [
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-KEY:METHOD=AES-128,URI=\"k1\"",
    "#EXT-X-KEY:METHOD=AES-128,URI=\"k2\"",
    "#EXT-X-MAP:URI=\"i.mp4\"",
    "#EXT-X-BYTERANGE:10",
    "#EXT-X-BYTERANGE:10@20",
    "#EXT-X-PART:DURATION=1,URI=\"p{n}.mp4\"",
    "#EXT-X-PART:DURATION=1,URI=\"all.mp4\",BYTERANGE=\"5\"",
    "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z",
    "#EXT-X-CUE-OUT:4",
    "# a comment",
    "#EXT-X-TARGETDURATION:5",
    "#EXT-X-DATERANGE:ID=\"1\",X-ASSET-URI=\"https://ads/{n}\"",
    "#EXT-X-MEDIA-SEQUENCE:7",
];
const TAILS: [&str; 4] = [
    "",
    "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p{n}.mp4\"\n",
    "#EXT-X-PART:DURATION=1,URI=\"p{n}.mp4\"\n#EXT-X-RENDITION-REPORT:URI=\"../hi.m3u8\"\n",
    "#EXT-X-ENDLIST\n",
];

/// What happens between two reloads.
#[derive(Debug, Clone)]
enum Step {
    Append(usize, Option<usize>),
    Slide(usize),
    Rename(usize),
    Retime(usize),
    Mark(usize, usize),
    Unmark(usize),
    Drop(usize),
    Number(u64),
    Back(u64),
    Restart,
    Token(u32),
    Head(usize),
    Tail(usize),
    Url(usize),
    Skip(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (1..4usize, prop::option::weighted(0.3, 0..LINES.len())).prop_map(|(n, line)| Step::Append(n, line)),
        12 => (1..4usize).prop_map(Step::Slide),
        1 => (0..40usize).prop_map(Step::Rename),
        1 => (0..40usize).prop_map(Step::Retime),
        2 => (0..40usize, 0..LINES.len()).prop_map(|(at, line)| Step::Mark(at, line)),
        1 => (0..40usize).prop_map(Step::Unmark),
        1 => (0..40usize).prop_map(Step::Drop),
        1 => (0..60u64).prop_map(Step::Number),
        1 => (1..9u64).prop_map(Step::Back),
        1 => Just(Step::Restart),
        1 => (0..3u32).prop_map(Step::Token),
        1 => (0..HEADS.len()).prop_map(Step::Head),
        2 => (0..TAILS.len()).prop_map(Step::Tail),
        1 => (0..URLS.len()).prop_map(Step::Url),
        1 => (0..6usize).prop_map(Step::Skip),
    ]
}

impl Live {
    fn new() -> Self {
        let mut live = Self {
            url: URLS[0],
            head: HEADS[0].to_owned(),
            token: 0,
            first: 10,
            skipped: 0,
            segments: Vec::new(),
            tail: String::new(),
            made: 0,
        };
        live.append(20, None);
        live
    }

    fn append(&mut self, count: usize, line: Option<usize>) {
        for _ in 0..count {
            self.made += 1;
            let lines = line.map(|line| LINES[line].replace("{n}", &self.made.to_string()));
            // Some URLs come again: slates, and files of which each segment is a range.
            let name = if self.made.is_multiple_of(7) { 0 } else { self.made };
            let lines = lines.into_iter().collect();
            self.segments.push(Made { name: format!("{{$d}}{name}.m4s"), lines, timed: true });
        }
    }

    fn at(&mut self, at: usize) -> Option<&mut Made> {
        let len = self.segments.len().max(1);
        self.segments.get_mut(at % len)
    }

    fn take(&mut self, step: &Step) {
        self.skipped = 0;
        match *step {
            Step::Append(count, line) => self.append(count, line),
            Step::Slide(count) => {
                let count = count.min(self.segments.len());
                self.segments.drain(..count);
                self.first += count as u64;
            }
            Step::Rename(at) => {
                self.made += 1;
                let made = self.made;
                self.at(at).into_iter().for_each(|held| held.name = format!("ad{made}.m4s"));
            }
            Step::Retime(at) => self.at(at).into_iter().for_each(|held| held.timed = !held.timed),
            Step::Mark(at, line) => {
                let line = LINES[line].replace("{n}", "99");
                self.at(at).into_iter().for_each(|held| held.lines.push(line.clone()));
            }
            Step::Unmark(at) => self.at(at).into_iter().for_each(|held| held.lines.clear()),
            Step::Drop(at) => {
                let len = self.segments.len().max(1);
                if at % len < self.segments.len() {
                    self.segments.remove(at % len);
                }
            }
            Step::Number(first) => self.first = first,
            Step::Back(count) => self.first = self.first.saturating_sub(count),
            Step::Restart => {
                (self.first, self.segments) = (0, Vec::new());
                self.append(8, None);
            }
            Step::Token(token) => self.token = token,
            Step::Head(head) => HEADS[head].clone_into(&mut self.head),
            Step::Tail(tail) => {
                self.tail = TAILS[tail].replace("{n}", &(self.made + 1).to_string());
            }
            Step::Url(url) => self.url = URLS[url],
            Step::Skip(count) => self.skipped = count.min(self.segments.len()),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("#EXTM3U\n{}\n#EXT-X-MEDIA-SEQUENCE:{}\n", self.head, self.first);
        if self.skipped > 0 {
            let _ = writeln!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={}", self.skipped);
        }
        for held in self.segments.iter().skip(self.skipped) {
            held.lines.iter().for_each(|line| text += &format!("{line}\n"));
            if held.timed {
                text.push_str("#EXTINF:4.004,\n");
            }
            text.push_str(&held.name);
            if self.token > 0 {
                let _ = write!(text, "?token={}", self.token);
            }
            text.push('\n');
        }
        text + self.tail.as_str()
    }
}

fn learn(memory: &mut Memory, url: &str, text: &str) {
    let base = Base::new(&Url::parse(url).unwrap());
    // What can't be read changes nothing: that holds for both.
    let _ = memory.learn(&base, text.as_bytes(), false);
}

/// Every URL that a playlist may name.
fn named(url: &str, text: &str, into: &mut BTreeSet<String>) {
    let base = Url::parse(url).unwrap();
    let quoted = text.split('"').skip(1).step_by(2);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    for reference in quoted.chain(lines) {
        for value in ["{$d}", "x1", ""] {
            into.insert(base.join(&reference.replace("{$d}", value)).unwrap().into());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_reload_leaves_what_a_reading_of_the_whole_would(
        reloads in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..40)
    ) {
        let mut live = Live::new();
        let (mut fast, mut slow) = (Memory::default(), Memory::default());
        for memory in [&mut fast, &mut slow] {
            learn(memory, "https://o/m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/a.m3u8\n");
            memory.moved(URLS[0], URLS[2]);
        }
        let mut urls = BTreeSet::new();
        for steps in std::iter::once(Vec::new()).chain(reloads) {
            steps.iter().for_each(|step| live.take(step));
            let text = live.text();
            named(live.url, &text, &mut urls);
            learn(&mut fast, live.url, &text);
            slow.forget_versions();
            learn(&mut slow, live.url, &text);
            for url in &urls {
                for first in [None, Some(0), Some(10), Some(25)] {
                    prop_assert_eq!(fast.get(url, first), slow.get(url, first), "{} of {}", url, text);
                }
            }
            prop_assert_eq!(fast.known(), slow.known());
        }
    }
}

/// One version numbers its segments lower, the next one as before: no segment of the window is forgotten with
/// what the odd version named.
#[test]
fn an_odd_numbering_in_between_loses_no_segment() {
    let mut live = Live::new();
    let mut memory = Memory::default();
    learn(&mut memory, "https://o/m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/a.m3u8\n");
    learn(&mut memory, live.url, &live.text());
    live.take(&Step::Number(7));
    learn(&mut memory, live.url, &live.text());
    live.take(&Step::Number(10));
    for _ in 0..30 {
        learn(&mut memory, live.url, &live.text());
        let found = memory.get("https://o/v/%7B$d%7D18.m4s", None);
        assert!(found.is_some_and(|found| found.number.is_some()));
    }
}

/// How many segments of a reload were read, of how many.
fn read(memory: &Memory, url: &str, text: &str) -> (usize, usize) {
    let variables = Variables::default();
    let playlist = super::read::read(text, &variables, memory.version_of(url)).unwrap();
    let read = playlist.listed.iter().filter(|listed| matches!(listed, Listed::Segment(_)));
    (read.count(), playlist.count)
}

fn window(first: u64, edit: impl Fn(u64, String) -> String) -> String {
    let head = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"i.mp4\"";
    let lines = (first..first + 5000).map(|n| edit(n, format!("#EXTINF:4.0,\n{n}.m4s\n")));
    format!("{head}\n#EXT-X-MEDIA-SEQUENCE:{first}\n{}", lines.collect::<String>())
}

#[test]
fn only_what_changed_is_read() {
    let same = |_, line| line;
    let keyed =
        |n: u64, line: String| format!("#EXT-X-KEY:METHOD=AES-128,URI=\"k{}\"\n{line}", n / 900);
    let edited = |n: u64, line: String| if n == 2500 { line.replace(".m4s", ".ad") } else { line };
    let signed = |_, line: String| line.replace(".m4s", ".m4s?t=1");
    let url = "https://o/v/a.m3u8";
    let mut memory = Memory::default();
    learn(&mut memory, url, &window(100, same));
    assert_eq!(read(&memory, url, &window(100, same)), (2, 5000), "unchanged");
    assert_eq!(read(&memory, url, &window(101, same)), (3, 5000), "slid by one");
    assert_eq!(read(&memory, url, &window(105, same)), (7, 5000), "slid by five");
    assert_eq!(read(&memory, url, &window(101, edited)), (5, 5000), "one is another in the middle");
    assert_eq!(read(&memory, url, &window(101, signed)), (5000, 5000), "other tokens");
    assert_eq!(read(&memory, url, &window(5101, same)), (5000, 5000), "none is left");
    for first in 101..105 {
        learn(&mut memory, url, &window(first, same));
        assert_eq!(read(&memory, url, &window(first + 1, same)), (3, 5000), "slid once more");
    }
    learn(&mut memory, url, &window(100, keyed));
    let (read, _) = read(&memory, url, &window(101, keyed));
    assert!(read < 20, "a key before each segment, and another one now and then: {read}");
}

/// Segments that a reload skips count as named by it.
#[test]
fn what_is_passed_over_is_not_forgotten() {
    let url = "https://o/v/a.m3u8";
    let keyed = |n: u64, line: String| if n == 104 { format!("{KEY}{line}") } else { line };
    const KEY: &str = "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n";
    let mut memory = Memory::default();
    // First the key stands in the head as well, and what the fifth segment says of it is not new.
    let text = window(100, keyed);
    learn(&mut memory, url, &text.replacen("#EXTINF", &format!("{KEY}#EXTINF"), 1));
    for _ in 0..20 {
        learn(&mut memory, url, &text);
        assert!(memory.get("https://o/v/k", None).is_some());
    }
    for first in 106..118 {
        learn(&mut memory, url, &window(first, keyed));
        assert!(memory.get("https://o/v/105.m4s", None).is_some(), "in flight");
    }
    learn(&mut memory, url, &window(118, keyed));
    assert!(memory.get("https://o/v/105.m4s", None).is_none(), "long gone");
    assert!(memory.get("https://o/v/106.m4s", None).is_some());
}

#[test]
fn versions_take_no_more_than_they_may() {
    let mut memory = Memory::default();
    for n in 0..40 {
        let url = format!("https://o/{n}.m3u8");
        learn(&mut memory, &url, &window(100, |_, line| line));
    }
    assert!(memory.version_of("https://o/39.m3u8").is_some());
    assert!(memory.version_of("https://o/0.m3u8").is_none());
    learn(&mut memory, "https://o/39.m3u8", &(window(101, |_, line| line) + "#EXT-X-ENDLIST\n"));
    assert!(memory.version_of("https://o/39.m3u8").is_none(), "it has ended");
}

/// Numbered segments, from `first` on.
fn lines(numbers: std::ops::Range<usize>, name: &str) -> String {
    numbers.map(|n| format!("#EXTINF:4.0,\n{name}{n}.m4s\n")).collect()
}

/// A playlist that repeats more than may be read is detected without comparing all of it repeatedly.
#[test]
fn what_is_too_long_is_compared_once() {
    let (url, head) = ("https://o/v/a.m3u8", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:");
    // Short enough for its version to be kept.
    let lines = |numbers: std::ops::Range<usize>, name: &str| -> String {
        numbers.map(|n| format!("{name}{n}\n")).collect()
    };
    let mut memory = Memory::default();
    learn(&mut memory, url, &format!("{head}100\n{}", lines(100..100 + FEW, "s")));
    let longer = lines(90..100, "new") + lines(100..100 + FEW, "s").as_str();
    let longer = format!("{head}90\n{longer}");
    let before = COMPARED.get();
    let variables = Variables::default();
    let read = super::read::read(&longer, &variables, memory.version_of(url));
    assert!(read.unwrap().fault.is_some(), "more than may be");
    let compared = COMPARED.get() - before;
    assert!((FEW / 2..5 * FEW).contains(&compared), "{compared}");
}

/// Of a repeated statement the last one counts, also for segments that were read before.
#[test]
fn a_number_that_comes_and_goes_is_read_as_a_whole() {
    let (url, head) = ("https://o/v/a.m3u8", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:5\n");
    let old = format!("{head}{}", lines(5..40, "s"));
    let moved = format!(
        "{head}{}{}#EXT-X-MEDIA-SEQUENCE:9\n{}{}#EXT-X-MEDIA-SEQUENCE:5\n",
        lines(5..10, "s"),
        lines(10..15, "x"),
        lines(15..16, "x"),
        lines(20..32, "s"),
    );
    let (mut fast, mut slow) = (Memory::default(), Memory::default());
    for text in [&old, &moved] {
        slow.forget_versions();
        learn(&mut fast, url, text);
        learn(&mut slow, url, text);
    }
    for n in 5..40 {
        for name in ["s", "x"] {
            let requested = format!("https://o/v/{name}{n}.m4s");
            assert_eq!(fast.get(&requested, None), slow.get(&requested, None), "{requested}");
        }
    }
    assert_eq!(fast.get("https://o/v/s25.m4s", None).and_then(|found| found.number), Some(21));
}

/// The variables of a version are kept with it, and counted.
#[test]
fn variables_count_as_well() {
    let value = "v".repeat(8000);
    let (mut main, mut imports) = ("#EXTM3U\n".to_owned(), String::new());
    for n in 0..8 {
        let _ = writeln!(main, "#EXT-X-DEFINE:NAME=\"n{n}\",VALUE=\"{value}\"");
        let _ = writeln!(imports, "#EXT-X-DEFINE:IMPORT=\"n{n}\"");
    }
    let names: Vec<String> = (0..40).map(|n| format!("https://o/{n}.m3u8")).collect();
    names.iter().for_each(|name| main += &format!("#EXT-X-STREAM-INF:BANDWIDTH=1\n{name}\n"));
    let mut memory = Memory::default();
    learn(&mut memory, "https://o/m.m3u8", &main);
    let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{imports}{}", lines(0..5, "s"));
    names.iter().for_each(|name| learn(&mut memory, name, &text));
    let kept = names.iter().filter(|name| memory.version_of(name).is_some()).count();
    assert!((25..33).contains(&kept), "{kept} of 64 KB each fit into 2 MiB");
    assert!(memory.version_of(&names[39]).is_some(), "the newest");
    assert!(memory.version_of(&names[0]).is_none(), "the oldest");
}
