//! Reloads of live MPDs: incremental reading gives the same result as reading the whole.

use super::super::{
    ManifestFormat, Resource,
    base::Base,
    segments::Runs,
    xml::{Token, Xml},
};
use super::{
    Memory,
    segments::entry,
    url_elements::ROOTS,
    version::{Reader, Version},
};
use proptest::prelude::*;
use std::{fmt::Write as _, sync::Arc};
use url::Url;

const MPD: &str = "https://o/m.mpd";

/// A period as a packager knows it: two sets with timelines of their own.
#[derive(Debug, Clone)]
struct Made {
    id: u32,
    base: String,
    lines: [Vec<Line>; 2],
    tail: String,
}

/// An `S` as a packager knows it.
#[derive(Debug, Clone)]
struct Line {
    start: u64,
    duration: u64,
    count: u64,
    more: &'static str,
}

/// A live MPD as a packager knows it.
#[derive(Debug, Clone)]
struct Live {
    clock: u64,
    version: u32,
    /// Whether each `S` says when it starts, or only those that must.
    timed: bool,
    by_number: bool,
    first_number: u64,
    base: String,
    template: String,
    periods: Vec<Made>,
}

const MORE: [&str; 6] =
    [" k=\"2\"", " n=\"40\"", " r=\"-1\"", " p=\"1\"", "><!-- x --></S", "/><!-- x --><S d=\"0\""];

/// What happens between two reloads.
#[derive(Debug, Clone)]
enum Step {
    Append(u64, u64),
    Slide(usize),
    Shrink,
    Gap(u64),
    Edit(usize, u64),
    More(usize, usize),
    Plain,
    Period,
    Drop,
    Restart,
    Timed,
    Numbers,
    Number(u64),
    Base(u32),
    Template(u32),
    PeriodBase(u32),
    Tail(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..4_u64, 1..4_u64).prop_map(|(duration, count)| Step::Append(duration, count)),
        6 => (1..4usize).prop_map(Step::Slide),
        2 => Just(Step::Shrink),
        1 => (1..9_u64).prop_map(Step::Gap),
        2 => (0..40usize, 1..5_u64).prop_map(|(at, duration)| Step::Edit(at, duration)),
        1 => (0..40usize, 0..MORE.len()).prop_map(|(at, more)| Step::More(at, more)),
        1 => Just(Step::Plain),
        1 => Just(Step::Period),
        1 => Just(Step::Drop),
        1 => Just(Step::Restart),
        1 => Just(Step::Timed),
        1 => Just(Step::Numbers),
        1 => (0..50_u64).prop_map(Step::Number),
        1 => (0..3u32).prop_map(Step::Base),
        1 => (0..3u32).prop_map(Step::Template),
        1 => (0..3u32).prop_map(Step::PeriodBase),
        1 => (0..3usize).prop_map(Step::Tail),
    ]
}

impl Live {
    fn new() -> Self {
        let mut live = Self {
            clock: 100,
            version: 0,
            timed: true,
            by_number: false,
            first_number: 1,
            base: String::new(),
            template: "$RepresentationID$/".to_owned(),
            periods: Vec::new(),
        };
        live.take(&Step::Period);
        for n in 0..12 {
            live.take(&Step::Append(1 + n % 3, 1 + n % 2));
        }
        live
    }

    fn lines(&mut self) -> impl Iterator<Item = &mut Vec<Line>> {
        self.periods.iter_mut().flat_map(|period| &mut period.lines)
    }

    fn line(&mut self, at: usize) -> Option<&mut Line> {
        let mut all: Vec<_> = self.lines().flatten().collect();
        let len = all.len().max(1);
        (at % len < all.len()).then(|| all.swap_remove(at % len))
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Append(duration, count) => {
                let start = self.clock;
                self.clock += duration * count;
                for lines in self.periods.last_mut().into_iter().flat_map(|last| &mut last.lines) {
                    lines.push(Line { start, duration, count, more: "" });
                }
            }
            Step::Slide(count) => {
                for lines in self.periods.first_mut().into_iter().flat_map(|first| &mut first.lines)
                {
                    lines.drain(..count.min(lines.len()));
                }
            }
            // One segment of several leaves the first line.
            Step::Shrink => {
                for line in self.lines().filter_map(|lines| lines.first_mut()) {
                    if line.count > 1 {
                        (line.count, line.start) = (line.count - 1, line.start + line.duration);
                    }
                }
            }
            Step::Gap(ticks) => self.clock += ticks,
            Step::Edit(at, duration) => {
                self.line(at).into_iter().for_each(|line| line.duration = duration);
            }
            Step::More(at, more) => {
                self.line(at).into_iter().for_each(|line| line.more = MORE[more]);
            }
            Step::Plain => self.lines().flatten().for_each(|line| line.more = ""),
            Step::Period => {
                let id = self.periods.last().map_or(1, |last| last.id + 1);
                let lines = [Vec::new(), Vec::new()];
                let (base, tail) = (String::new(), String::new());
                self.periods.push(Made { id, base, lines, tail });
            }
            Step::Drop if self.periods.len() > 1 => drop(self.periods.remove(0)),
            Step::Drop => {}
            Step::Restart => {
                self.clock = 0;
                self.lines().for_each(Vec::clear);
                (0..5).for_each(|_| self.take(&Step::Append(2, 1)));
            }
            Step::Timed => self.timed = !self.timed,
            Step::Numbers => self.by_number = !self.by_number,
            Step::Number(first) => self.first_number = first,
            Step::Base(base) => {
                self.base = format!("<BaseURL>b{base}/</BaseURL>").replace("b0/", "");
            }
            Step::Template(token) => self.template = format!("$RepresentationID$/{token}"),
            Step::PeriodBase(base) => {
                for period in &mut self.periods {
                    period.base = format!("<BaseURL>p{base}/</BaseURL>");
                }
            }
            Step::Tail(tail) => {
                let tails = ["", "<Pattern id=\"1\"><P d=\"2\"/></Pattern>", "<!-- end -->"];
                self.periods.iter_mut().for_each(|period| tails[tail].clone_into(&mut period.tail));
            }
        }
    }

    fn text(&self) -> String {
        let mut text =
            format!("<MPD type=\"dynamic\" publishTime=\"{}\">{}", self.version, self.base);
        for period in &self.periods {
            let _ = write!(text, "<Period id=\"{}\" start=\"PT0S\">{}", period.id, period.base);
            for (id, lines) in ["v", "a"].into_iter().zip(&period.lines) {
                let name = if self.by_number { "$Number$" } else { "$Time$" };
                let _ = writeln!(
                    text,
                    "<AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate startNumber=\"{}\" \
                     media=\"{}{name}\"><SegmentTimeline>{}",
                    self.first_number, self.template, period.tail
                );
                let mut clock = 0;
                for line in lines {
                    let Line { start, duration, count, more } = line;
                    if self.timed || clock != *start {
                        let _ =
                            write!(text, "<S t=\"{start}\" d=\"{duration}\" r=\"{}\"", count - 1);
                    } else {
                        let _ = write!(text, "<S d=\"{duration}\" r=\"{}\"", count - 1);
                    }
                    let end = if more.ends_with("</S") { ">" } else { "/>" };
                    let _ = writeln!(text, "{more}{end}");
                    clock = start + duration * count;
                }
                let _ = write!(
                    text,
                    "</SegmentTimeline></SegmentTemplate><Representation id=\"{id}\" bandwidth=\"1\"/>\
                     <Representation id=\"{id}2\" bandwidth=\"2\"/></AdaptationSet>"
                );
            }
            text.push_str("</Period>");
        }
        text + "</MPD>"
    }

    /// URLs of all segments that this version may have, and of some that it has not.
    fn urls(&self) -> Vec<String> {
        let mut urls = Vec::new();
        let numbers =
            (0..70).map(|n| if self.by_number { n } else { n + self.clock.saturating_sub(60) });
        for number in numbers {
            for id in ["v", "v2", "a"] {
                let name = self.template.replace("$RepresentationID$", id);
                for base in ["", "b1/", "p1/", "b1/p2/"] {
                    urls.push(format!("https://o/{base}{name}{number}"));
                }
            }
        }
        urls
    }
}

fn learn(memory: &mut Memory, text: &str) {
    let base = Base::new(&Url::parse(MPD).unwrap());
    memory.learn(ManifestFormat::Mpd, &base, text.as_bytes()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]

    #[test]
    fn a_reload_leaves_what_a_reading_of_the_whole_would(
        reloads in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..12)
    ) {
        let mut live = Live::new();
        let (mut fast, mut slow) = (Memory::default(), Memory::default());
        for steps in std::iter::once(Vec::new()).chain(reloads) {
            live.version += u32::from(!steps.is_empty());
            steps.iter().for_each(|step| live.take(step));
            let text = live.text();
            learn(&mut fast, &text);
            slow.forget_listings();
            learn(&mut slow, &text);
            for url in live.urls() {
                let found = |memory: &Memory| -> Option<Resource> { memory.get(&url, None, None) };
                prop_assert_eq!(found(&fast), found(&slow), "{} of {}", url, text);
            }
            prop_assert_eq!(fast.places(), slow.places());
        }
    }
}

/// Reads the only timeline of a text; how many of its lines were read, and the version it makes.
fn read(text: &str, old: Option<&Version>) -> (usize, u64, Version) {
    let (lines, runs, version) = read_runs(text, old);
    (lines, runs.count(), version)
}

fn read_runs(text: &str, old: Option<&Version>) -> (usize, Arc<Runs>, Version) {
    let mut reader = Reader::new(Xml::new(ManifestFormat::Mpd, text, ROOTS).unwrap(), old);
    let timeline =
        |token| matches!(token, Some(Token::Start(tag)) if tag.name == "SegmentTimeline");
    while !timeline(reader.xml.next().unwrap()) {}
    let (mut reading, mut lines) = (reader.begin(), 0);
    while let Some(Token::Empty(tag)) = reader.xml.next().unwrap() {
        lines += 1;
        assert!(reading.runs().add(&entry(tag, &[])) && reader.behind_entry(&mut reading));
    }
    let runs = reader.end(reading);
    (lines, runs, Version::new(None, text, reader.listings))
}

/// 5,000 lines from segment `first` on, of which only the first says when it starts, if found so.
fn window(first: u64, timed: bool, edited: Option<u64>) -> String {
    let mut text = "<MPD><SegmentTimeline>".to_owned();
    let length = |n: u64| 10 + n * n % 7;
    let mut start: u64 = (0..first).map(length).sum();
    for n in first..first + 5000 {
        let duration = length(n) + u64::from(edited == Some(n));
        let _ = if timed || n == first {
            writeln!(text, "<S t=\"{start}\" d=\"{duration}\"/>")
        } else {
            writeln!(text, "<S d=\"{duration}\"/>")
        };
        start += length(n);
    }
    text + "</SegmentTimeline></MPD>"
}

#[test]
fn only_what_changed_is_read() {
    for timed in [true, false] {
        let (lines, count, old) = read(&window(100, timed, None), None);
        assert_eq!((lines, count), (5000, 5000), "first");
        let again = |text: &str| {
            let (lines, count, _) = read(text, Some(&old));
            assert_eq!(count, 5000);
            lines
        };
        assert_eq!(again(&window(100, timed, None)), 1, "unchanged");
        assert_eq!(again(&window(101, timed, None)), 2, "slid by one");
        assert_eq!(again(&window(105, timed, None)), 6, "slid by five");
        assert_eq!(again(&window(6000, timed, None)), 5000, "none is left");
    }
    let (.., mut old) = read(&window(100, true, None), None);
    for first in 101..105 {
        let lines;
        (lines, _, old) = read(&window(first, true, None), Some(&old));
        assert_eq!(lines, 2, "slid once more");
    }
    assert_eq!(read(&window(105, true, Some(3000)), Some(&old)).0, 4, "one is another");
}

/// However long the timeline is that a short one goes on like, the short one takes no more room than it needs.
#[test]
fn a_short_timeline_takes_little_room() {
    let timeline = |lines: usize| {
        let lines = "<S d=\"1\"/><S d=\"2\"/>".repeat(lines / 2);
        format!("<MPD><SegmentTimeline>{lines}</SegmentTimeline></MPD>")
    };
    let (.., old) = read(&timeline(5000), None);
    let (lines, runs, _) = read_runs(&timeline(4), Some(&old));
    assert_eq!((lines, runs.count()), (1, 4), "known from the long one");
    assert!(runs.room() <= 20, "{}", runs.room());
}
