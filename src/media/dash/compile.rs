//! Compiles an MPD: every Representation of every period becomes matchers and exact places.

mod listed;

use super::super::{
    Kind, MediaType, Protocol, Rendition, Resource,
    base::Base,
    budget::Budget,
    place::{Place, Places},
    rendition::number_rungs,
    segments::{Addressing, Index, Matcher, Template},
};
use super::{
    describe::{describe, shape},
    edge::Edge,
    levels::{Levels, bases},
    member::Member,
    model::{Form, Mpd, Period, Set},
    span::{Span, spans},
};
use std::{collections::HashMap, sync::Arc};

/// The most Representations, over all periods. Of longer presentations the newest periods are known.
const REPRESENTATIONS: usize = 4096;
/// The most entries of timelines and lists read for all of them together: one list that thousands
/// inherit would be read thousands of times.
const ENTRIES: usize = 1 << 18;

/// The most hosts that are distinguished.
const HOSTS: usize = 8;

/// Streams whose segments are counted together.
pub(super) type Stream = (MediaType, Kind);

/// One compiled version of an MPD.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) exact: Places,
    pub(super) index: Index,
    pub(super) renditions: Vec<Arc<Rendition>>,
    /// By period and Representation, for the version that follows.
    addressings: HashMap<u64, Arc<Addressing>>,
    /// The live edge of each stream.
    edges: HashMap<Stream, Edge>,
    /// Files whose segments are in their own index: what to subtract from its times, in seconds.
    pub(super) files: HashMap<u64, f64>,
    /// Whether it lists segments that later versions may not list.
    pub(super) lists: bool,
    /// The hosts of its references, each with one base.
    pub(super) hosts: Vec<Arc<Base>>,
    /// Whether some of it was left out, because it exceeded the budget.
    pub(super) excess: bool,
}

/// The state of compiling.
pub(super) struct Compiler<'a> {
    mpd: &'a Mpd<'a>,
    pub(super) old: Option<&'a Compiled>,
    pub(super) out: Compiled,
    matchers: Vec<Matcher>,
    left: usize,
    pub(super) entries_left: usize,
    pub(super) budget: Budget,
    /// The index that follows the last segment of the periods so far.
    pub(super) next_index: HashMap<Stream, i128>,
    /// The same, when the period began.
    first_index: HashMap<Stream, i128>,
}

impl Compiled {
    /// Compiles an MPD at `base`; counts continue from `old`, the version before.
    pub(super) fn new(mpd: &Mpd<'_>, base: &Base, old: Option<&Self>) -> Self {
        let mut compiler = Compiler {
            mpd,
            old,
            out: Self::default(),
            matchers: Vec::new(),
            left: REPRESENTATIONS,
            entries_left: ENTRIES,
            budget: Budget::of(mpd.len),
            next_index: HashMap::new(),
            first_index: HashMap::new(),
        };
        let above = bases(&[Arc::new(Base::new(base.url()))], &mpd.bases, &compiler.budget);
        let passed = passed(&mpd.periods);
        for (at, (span, period)) in spans(mpd).into_iter().zip(&mpd.periods).enumerate() {
            if at < passed {
                compiler.count(&span, period);
                continue;
            }
            let above = bases(&above, &period.bases, &compiler.budget);
            compiler.period(&span, period, &above);
        }
        compiler.out.index = Index::new(compiler.matchers);
        compiler.out.excess = compiler.budget.ran_short();
        compiler.out
    }

    /// Records the hosts of the bases of a Representation.
    fn note_hosts(&mut self, bases: &[Arc<Base>]) {
        for base in bases {
            let same = |held: &Arc<Base>| {
                let (held, url) = (held.url(), base.url());
                (held.scheme(), held.host_str(), held.port())
                    == (url.scheme(), url.host_str(), url.port())
            };
            if self.hosts.len() < HOSTS && !self.hosts.iter().any(same) {
                self.hosts.push(Arc::clone(base));
            }
        }
    }

    /// Whether this version classifies all requests that `old` does.
    pub(super) fn supersedes(&self, old: &Self) -> bool {
        !old.lists && old.addressings.keys().all(|key| self.addressings.contains_key(key))
    }

    /// Its memory use, in places.
    pub(super) fn weight(&self) -> usize {
        let timelines: usize = self.addressings.values().map(|held| held.weight()).sum();
        self.exact.len() + self.index.len() + timelines
    }

    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let timelines: usize = self.addressings.values().map(|held| held.bytes()).sum();
        let renditions = self.renditions.len() * 2 * size_of::<Rendition>();
        let files = self.files.len() * 2 * size_of::<(u64, f64)>();
        self.exact.weight() + self.index.bytes() + timelines + renditions + files
    }

    /// How far a resource lies behind the live edge.
    pub(super) fn behind_live(&self, found: &Resource, now: Option<f64>) -> Option<u64> {
        let kind = if found.kind == Kind::Part { Kind::Segment } else { found.kind };
        self.edges.get(&(found.media, kind))?.behind(found.index?, now)
    }
}

/// How many of the first periods are skipped, so that the last ones have room.
fn passed(periods: &[Period<'_>]) -> usize {
    let sizes = periods
        .iter()
        .map(|period| period.sets.iter().map(|set| set.representations.len()).sum::<usize>());
    let mut left = REPRESENTATIONS;
    let fits = |size: &usize| match left.checked_sub(*size) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let known = sizes.rev().take_while(fits).count();
    // If the last period alone is too large, its first Representations are kept.
    periods.len() - known.max(1).min(periods.len())
}

impl<'a> Compiler<'a> {
    fn period(&mut self, span: &Span, period: &'a Period<'a>, above: &[Arc<Base>]) {
        let mut members = Vec::new();
        for (at, set) in period.sets.iter().enumerate() {
            let room = self.left - members.len();
            if room == 0 {
                break;
            }
            let bases: Arc<[_]> = bases(above, &set.bases, &self.budget).into();
            for (nth, representation) in set.representations.iter().enumerate().take(room) {
                let id = representation.id.clone();
                let id = id.unwrap_or_else(|| format!("{at}.{nth}").into());
                let bases = Arc::clone(&bases);
                members.push(Member { period, set, representation, id, bases });
            }
        }
        self.left -= members.len();
        let mut renditions: Vec<Rendition> = members.iter().map(describe).collect();
        number_rungs(&mut renditions);
        self.first_index = self.next_index.clone();
        let mut shared: Option<(&Set<'_>, Arc<Addressing>)> = None;
        for (member, rendition) in members.iter().zip(renditions) {
            let rendition = Arc::new(rendition);
            let own = bases(&member.bases, &member.representation.bases, &self.budget);
            self.out.note_hosts(&own);
            let levels = member.levels();
            if levels.form() == Some(Form::Template) {
                // Representations that add nothing share the timeline of their set.
                let same = shared
                    .as_ref()
                    .filter(|(set, _)| std::ptr::eq(*set, member.set) && levels.is_inherited());
                let addressing = match same {
                    Some((_, addressing)) => self.keep(span, member, Arc::clone(addressing)),
                    None => self.addressing(span, member, &rendition, levels),
                };
                if levels.is_inherited() {
                    shared = Some((member.set, Arc::clone(&addressing)));
                }
                self.templated(member, &rendition, &addressing, levels, &own);
            } else {
                listed::places(self, span, levels, &rendition, &own);
            }
            self.out.renditions.push(rendition);
        }
    }

    /// Counts the segments of a period that is not kept otherwise.
    fn count(&mut self, span: &Span, period: &'a Period<'a>) {
        self.first_index = self.next_index.clone();
        for (at, set) in period.sets.iter().enumerate() {
            let Some(representation) = set.representations.first() else { continue };
            let id = representation.id.clone().unwrap_or_else(|| format!("{at}.0").into());
            let member = Member { period, set, representation, id, bases: Arc::new([]) };
            let levels = member.levels();
            let rendition = describe(&member);
            match levels.form() {
                Some(Form::Template) => {
                    self.addressing(span, &member, &rendition, levels);
                }
                Some(Form::List) => {
                    let stream = (rendition.media, rendition.kind);
                    let count = levels.pick(|level| Some(level.urls.len()).filter(|len| *len > 0));
                    let count = i128::try_from(count.unwrap_or_default()).unwrap_or_default();
                    self.ends(stream, self.first_index(stream) + count);
                }
                Some(Form::Base) | None => {}
            }
        }
    }

    fn addressing(
        &mut self,
        span: &Span,
        member: &Member<'_>,
        rendition: &Rendition,
        levels: Levels<'_>,
    ) -> Arc<Addressing> {
        let stream = (rendition.media, rendition.kind);
        let mut addressing =
            shape(span, levels, self.first_index(stream), &mut self.entries_left, &self.budget);
        let key = member.key(span);
        if let Some(old) = self.old.and_then(|old| old.addressings.get(&key)) {
            addressing.follow(old);
        }
        if let Some(next) = addressing.next_index() {
            self.ends(stream, next);
        }
        self.edge(stream, Edge::of(self.mpd, span, levels, &addressing));
        self.keep(span, member, Arc::new(addressing))
    }

    fn keep(&mut self, span: &Span, member: &Member<'_>, held: Arc<Addressing>) -> Arc<Addressing> {
        self.out.addressings.insert(member.key(span), Arc::clone(&held));
        held
    }

    /// The index of a stream's first segment in this period.
    pub(super) fn first_index(&self, stream: Stream) -> i128 {
        self.first_index.get(&stream).copied().unwrap_or(1)
    }

    /// A stream's segments of this period end before `next`.
    pub(super) fn ends(&mut self, stream: Stream, next: i128) {
        let held = self.next_index.entry(stream).or_insert(next);
        *held = next.max(*held);
    }

    /// A stream ends at `edge`, unless it already extends further.
    fn edge(&mut self, stream: Stream, edge: Option<Edge>) {
        let Some(edge) = edge else { return };
        match (self.out.edges.get_mut(&stream), edge) {
            (Some(Edge::At(held)), Edge::At(new)) => *held = new.max(*held),
            _ => {
                self.out.edges.insert(stream, edge);
            }
        }
    }

    /// A live stream's list ends before `next`.
    pub(super) fn list_ends(&mut self, stream: Stream, next: i128) {
        self.ends(stream, next);
        self.edge(stream, self.mpd.dynamic.then_some(Edge::At(next - 1)));
    }

    fn templated(
        &mut self,
        member: &Member<'_>,
        rendition: &Arc<Rendition>,
        addressing: &Arc<Addressing>,
        levels: Levels<'_>,
        own: &[Arc<Base>],
    ) {
        let bandwidth = member.representation.bandwidth.unwrap_or_default();
        let init = levels.pick(|level| level.initialization.as_deref());
        let templates = [
            (init, Kind::Init),
            (levels.pick(|level| level.index.as_deref()), Kind::Init),
            (levels.pick(|level| level.switching.as_deref()), Kind::Init),
            (levels.media(), rendition.kind),
        ];
        for base in own {
            if init.is_none() {
                listed::initialization(self, levels, rendition, base);
            }
            for (template, kind) in templates {
                let compile =
                    |text| Template::compile(text, base, &member.id, bandwidth, &self.budget);
                let Some(template) = template.and_then(compile) else { continue };
                if template.is_literal() {
                    self.out.exact.insert(&template.prefix, None, Place::of(rendition, kind));
                    continue;
                }
                let (rendition, addressing) = (Arc::clone(rendition), Arc::clone(addressing));
                self.matchers.push(Matcher { template, rendition, addressing, kind });
            }
        }
    }
}

/// A place of the MPD itself or of something it refers to other than media.
pub(super) fn plain(kind: Kind) -> Place {
    Place::new(Protocol::Dash, kind)
}
