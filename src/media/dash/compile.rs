//! An MPD compiled: every Representation of every period becomes matchers and exact places.

use super::super::{
    Kind, MediaType, Protocol, Rendition,
    base::Base,
    place::{Place, Places, hash},
    rendition::number_rungs,
};
use super::{
    addressing::Addressing,
    describe::{describe, shape},
    index::{Index, Matcher},
    levels::{Templates, bases},
    listed,
    template::Template,
};
use dash_mpd_core::{AdaptationSet, MPD, Period, Representation};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// The most Representations, over all periods.
pub(super) const REPRESENTATIONS: usize = 4096;
/// The most entries of timelines and lists read for all of them together: one list that thousands
/// inherit would be read thousands of times.
const ENTRIES: usize = 1 << 18;

/// One version of an MPD, ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) exact: Places,
    pub(super) index: Index,
    pub(super) renditions: Vec<Arc<Rendition>>,
    /// By period and Representation, for the version that follows.
    addressings: HashMap<u64, Arc<Addressing>>,
}

/// What compiling gathers.
struct Compiler<'a> {
    old: Option<&'a Compiled>,
    out: Compiled,
    matchers: Vec<Matcher>,
    left: usize,
    entries_left: usize,
    /// The index that follows the last segment of the periods so far.
    next_index: HashMap<(MediaType, Kind), i128>,
}

/// A Representation in its place.
pub(super) struct Member<'a> {
    pub(super) set: &'a AdaptationSet,
    pub(super) representation: &'a Representation,
    pub(super) id: String,
}

/// A period in its place.
pub(super) struct Span {
    pub(super) start: Duration,
    pub(super) duration: Option<Duration>,
    key: String,
}

impl Compiled {
    /// Compiles an MPD at `base`; counts go on from `old`, the version before.
    pub(super) fn new(mpd: &MPD, base: &Base, old: Option<&Self>) -> Self {
        let mut compiler = Compiler {
            old,
            out: Self::default(),
            matchers: Vec::new(),
            left: REPRESENTATIONS,
            entries_left: ENTRIES,
            next_index: HashMap::new(),
        };
        let above = bases(&[Arc::new(Base::new(base.url()))], &mpd.base_url);
        for (span, period) in spans(mpd).into_iter().zip(&mpd.periods) {
            compiler.period(&span, period, &bases(&above, &period.BaseURL));
        }
        compiler.out.index = Index::new(compiler.matchers);
        compiler.out
    }
}

/// When each period begins and how long it lasts, as far as the MPD says or lets conclude.
fn spans(mpd: &MPD) -> Vec<Span> {
    let mut clock = Duration::ZERO;
    let mut spans: Vec<Span> = Vec::with_capacity(mpd.periods.len());
    for (at, period) in mpd.periods.iter().enumerate() {
        let start = period.start.unwrap_or(clock);
        let next = mpd.periods.get(at + 1).map_or(mpd.mediaPresentationDuration, |next| next.start);
        let duration = period.duration.or_else(|| next?.checked_sub(start));
        clock = start.saturating_add(duration.unwrap_or_default());
        let key = period.id.clone().unwrap_or_else(|| format!("@{}", start.as_millis()));
        spans.push(Span { start, duration, key });
    }
    spans
}

impl Compiler<'_> {
    fn period(&mut self, span: &Span, period: &Period, above: &[Arc<Base>]) {
        let mut members = Vec::new();
        for (at, set) in period.adaptations.iter().enumerate() {
            for (nth, representation) in
                set.representations.iter().enumerate().take(self.left - members.len())
            {
                let id = representation.id.clone().unwrap_or_else(|| format!("{at}.{nth}"));
                members.push(Member { set, representation, id });
            }
        }
        self.left -= members.len();
        let mut renditions: Vec<Rendition> = members.iter().map(describe).collect();
        number_rungs(&mut renditions);
        let first = self.next_index.clone();
        let mut shared: Option<(&AdaptationSet, Arc<Addressing>)> = None;
        for (member, rendition) in members.iter().zip(renditions) {
            let rendition = Arc::new(rendition);
            let own = bases(&bases(above, &member.set.BaseURL), &member.representation.BaseURL);
            let templates = Templates([
                member.representation.SegmentTemplate.as_ref(),
                member.set.SegmentTemplate.as_ref(),
                period.SegmentTemplate.as_ref(),
            ]);
            if templates.any() {
                // Representations that add nothing share the timeline of their set.
                let same = shared
                    .as_ref()
                    .filter(|(set, _)| std::ptr::eq(*set, member.set) && templates.0[0].is_none());
                let addressing = match same {
                    Some((_, addressing)) => Arc::clone(addressing),
                    None => self.addressing(span, member, &rendition, templates, &first),
                };
                if templates.0[0].is_none() {
                    shared = Some((member.set, Arc::clone(&addressing)));
                }
                self.templated(member, &rendition, &addressing, templates, &own);
            } else {
                listed::places(
                    &mut self.out.exact,
                    &mut self.entries_left,
                    span,
                    period,
                    member,
                    &rendition,
                    &own,
                );
            }
            self.out.renditions.push(rendition);
        }
    }

    fn addressing(
        &mut self,
        span: &Span,
        member: &Member<'_>,
        rendition: &Rendition,
        templates: Templates<'_>,
        first: &HashMap<(MediaType, Kind), i128>,
    ) -> Arc<Addressing> {
        let stream = (rendition.media, rendition.kind);
        let first = first.get(&stream).copied().unwrap_or(1);
        let mut addressing = shape(span, templates, first, &mut self.entries_left);
        let key = hash(&format!("{}\n{}", span.key, member.id));
        if let Some(old) = self.old.and_then(|old| old.addressings.get(&key)) {
            addressing.follow(old);
        }
        if let Some(next) = addressing.next_index() {
            let held = self.next_index.entry(stream).or_insert(next);
            *held = next.max(*held);
        }
        let addressing = Arc::new(addressing);
        self.out.addressings.insert(key, Arc::clone(&addressing));
        addressing
    }

    fn templated(
        &mut self,
        member: &Member<'_>,
        rendition: &Arc<Rendition>,
        addressing: &Arc<Addressing>,
        templates: Templates<'_>,
        own: &[Arc<Base>],
    ) {
        let bandwidth = member.representation.bandwidth.unwrap_or_default();
        for base in own {
            let compile = |text| Template::compile(text, base, &member.id, bandwidth);
            if let Some(init) = templates.initialization().and_then(compile) {
                self.out.exact.insert(&init.prefix, None, Place::of(rendition, Kind::Init));
            }
            let Some(template) = templates.media().and_then(compile) else { continue };
            if template.is_literal() {
                self.out.exact.insert(&template.prefix, None, Place::of(rendition, rendition.kind));
                continue;
            }
            let (rendition, addressing) = (Arc::clone(rendition), Arc::clone(addressing));
            self.matchers.push(Matcher { template, rendition, addressing });
        }
    }
}

/// A place of the MPD itself or of what it points to beside media.
pub(super) fn plain(kind: Kind) -> Place {
    Place::new(Protocol::Dash, kind)
}
