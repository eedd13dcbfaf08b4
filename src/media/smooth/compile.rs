//! Compiles a client manifest: every quality level becomes a template over its stream's fragments.

use super::super::{
    Kind, MediaType, Protocol, Rendition, Resource,
    base::Base,
    budget::{Budget, LONGEST_URL},
    place::{Place, Places, hash},
    rendition::number_rungs,
    segments::{Addressing, Index, Matcher, Shape, Template, Timeline},
};
use super::read::{Level, Manifest, Stream};
use crate::units::{BitRate, MediaTime};
use std::{collections::HashMap, sync::Arc};

/// The most bytes of a stream's name in the names of its levels.
const NAME: usize = 256;

/// One compiled version of a manifest.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    exact: Places,
    index: Index,
    pub(super) renditions: Vec<Arc<Rendition>>,
    /// By stream, for the version that follows.
    addressings: HashMap<u64, Arc<Addressing>>,
    /// The index of the newest fragment of each live stream.
    edges: HashMap<(MediaType, Kind), i128>,
}

impl Compiled {
    /// About how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let timelines: usize = self.addressings.values().map(|held| held.bytes()).sum();
        let renditions = self.renditions.len() * 2 * size_of::<Rendition>();
        self.exact.weight() + self.index.bytes() + timelines + renditions
    }

    /// Compiles a manifest at `base`; counts continue from `old`, the version before.
    pub(super) fn new(manifest: &Manifest<'_>, base: &Base, old: Option<&Self>) -> Self {
        let mut out = Self::default();
        out.exact.insert(
            base.url().as_str(),
            None,
            Place::new(Protocol::Smooth, Kind::ClientManifest),
        );
        let members = manifest.streams.iter().enumerate();
        let members: Vec<(usize, &Stream<'_>, &Level)> = members
            .flat_map(|(at, stream)| stream.levels.iter().map(move |level| (at, stream, level)))
            .collect();
        let mut renditions: Vec<Rendition> =
            members.iter().map(|(_, stream, level)| describe(stream, level)).collect();
        number_rungs(&mut renditions);
        let mut matchers = Vec::new();
        let budget = Budget::of(manifest.len);
        let mut shared: Option<(usize, Arc<Addressing>)> = None;
        for ((at, stream, level), rendition) in members.iter().zip(renditions) {
            let rendition = Arc::new(rendition);
            let addressing = match &shared {
                Some((of, addressing)) if of == at => Arc::clone(addressing),
                _ => out.addressing(manifest, *at, stream, &rendition, old),
            };
            shared = Some((*at, Arc::clone(&addressing)));
            let template = out.templated(stream, level, &rendition, base, &budget);
            matchers.extend(template.map(|template| Matcher {
                template,
                kind: rendition.kind,
                rendition: Arc::clone(&rendition),
                addressing,
            }));
            out.renditions.push(rendition);
        }
        out.index = Index::new(matchers);
        out
    }

    fn addressing(
        &mut self,
        manifest: &Manifest<'_>,
        at: usize,
        stream: &Stream<'_>,
        rendition: &Rendition,
        old: Option<&Self>,
    ) -> Arc<Addressing> {
        let first = stream.fragments.first().and_then(|first| first.number).unwrap_or(0);
        let mut addressing = Addressing {
            timescale: manifest.timescale(stream),
            offset: 0,
            period_start: MediaTime::ZERO,
            first_number: i128::from(first),
            end_number: None,
            first_index: 1,
            by_time: true,
            announced: manifest.live,
            shape: Shape::Timeline(Timeline::read(&stream.fragments, &[], first, None)),
        };
        let name = stream.name.as_deref().unwrap_or_default();
        let key = hash(&format!("{at}\n{}\n{name}", stream.kind));
        if let Some(old) = old.and_then(|old| old.addressings.get(&key)) {
            addressing.follow(old);
        }
        if let Some(next) = addressing.next_index().filter(|_| manifest.live) {
            let held = self.edges.entry((rendition.media, rendition.kind)).or_insert(next - 1);
            *held = (*held).max(next - 1);
        }
        let addressing = Arc::new(addressing);
        self.addressings.insert(key, Arc::clone(&addressing));
        addressing
    }

    /// The template of the segments of a level; its initialisation segment is stored.
    fn templated(
        &mut self,
        stream: &Stream<'_>,
        level: &Level,
        rendition: &Arc<Rendition>,
        base: &Base,
        budget: &Budget,
    ) -> Option<Template> {
        let url = stream.url.as_deref()?;
        if url.len() > LONGEST_URL || !budget.take(url.len() + level.custom.len()) {
            return None;
        }
        let named = substitute(url, level)?;
        let init = Template::compile(&named.replace("$Time$", "i"), base, "", 0, budget);
        if let Some(init) = init {
            self.exact.insert(&init.prefix, None, Place::of(rendition, Kind::Init));
        }
        let template = Template::compile(&named, base, "", 0, budget)?;
        (!template.is_literal()).then_some(template)
    }

    /// The resource at `url`.
    pub(super) fn get(&self, url: &str) -> Option<Resource> {
        self.exact.get(url, None).or_else(|| self.index.find(url, false))
    }

    /// The resource at `bare`, a URL without the query that its stream's template has.
    pub(super) fn get_bare(&self, bare: &str) -> Option<Resource> {
        self.index.find(bare, true)
    }

    /// How far a resource lies behind the live edge.
    pub(super) fn behind_live(&self, found: &Resource) -> Option<u64> {
        let newest = self.edges.get(&(found.media, found.kind))?;
        Some(u64::try_from(newest - i128::from(found.index?)).unwrap_or(0))
    }
}

/// The template with the level's values substituted, and the time as in DASH; `None` when it becomes longer
/// than a URL can be.
fn substitute(url: &str, level: &Level) -> Option<String> {
    let (bitrate, custom) = (level.bitrate.to_string(), level.custom.replace('$', "$$"));
    let values = [
        ("{bitrate}", bitrate.as_str()),
        ("{Bitrate}", &bitrate),
        ("{start time}", "$Time$"),
        ("{start_time}", "$Time$"),
        ("{CustomAttributes}", &custom),
        ("$", "$$"),
    ];
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find(['{', '$']) {
        let (before, from) = rest.split_at(at);
        let known = values.iter().find(|(name, _)| from.starts_with(name));
        // A brace that is not part of an identifier stays.
        let (name, value) = known.copied().unwrap_or(("{", "{"));
        out.extend([before, value]);
        (out.len() <= LONGEST_URL).then_some(())?;
        rest = from.get(name.len()..).unwrap_or_default();
    }
    out.push_str(rest);
    (out.len() <= LONGEST_URL).then_some(out)
}

/// The rendition of a quality level.
fn describe(stream: &Stream<'_>, level: &Level) -> Rendition {
    let media = match &*stream.kind {
        "video" => MediaType::Video,
        "audio" => MediaType::Audio,
        "text" => MediaType::Text,
        _ => MediaType::Unknown,
    };
    let name = stream.name.as_deref().unwrap_or(&stream.kind);
    let end = (0..=NAME.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
    let name = end.and_then(|end| name.get(..end)).unwrap_or_default();
    Rendition {
        name: Some(Arc::from(format!("{name}/{}", level.bitrate))),
        bandwidth: Some(BitRate::from_bits_per_second(level.bitrate)),
        codecs: level.codecs.clone(),
        resolution: level.width.zip(level.height),
        language: stream.language.clone(),
        role: stream.subtype.clone(),
        ..Rendition::new(Protocol::Smooth, media)
    }
}
