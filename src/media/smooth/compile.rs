//! A client manifest compiled: every quality level becomes a template over its stream's fragments.

use super::super::{
    Kind, MediaType, Protocol, Rendition, Resource,
    base::Base,
    place::{Place, Places, hash},
    rendition::number_rungs,
    segments::{Addressing, Index, Matcher, Shape, Template, Timeline},
};
use super::read::{Level, Manifest, Stream};
use crate::units::BitRate;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// One version of a manifest, ready to be asked.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    exact: Places,
    index: Index,
    pub(super) renditions: Vec<Arc<Rendition>>,
    /// By stream, for the version that follows.
    addressings: HashMap<u64, Arc<Addressing>>,
    /// The index of the newest fragment of what a live stream carries.
    edges: HashMap<(MediaType, Kind), i128>,
}

impl Compiled {
    /// Compiles a manifest at `base`; counts go on from `old`, the version before.
    pub(super) fn new(manifest: &Manifest<'_>, base: &Base, old: Option<&Self>) -> Self {
        let mut out = Self::default();
        out.exact.insert(
            base.url().as_str(),
            None,
            Place::new(Protocol::Smooth, Kind::ClientManifest),
        );
        let members = manifest.streams.iter().enumerate();
        let members: Vec<(usize, &Stream<'_>, &Level<'_>)> = members
            .flat_map(|(at, stream)| stream.levels.iter().map(move |level| (at, stream, level)))
            .collect();
        let mut renditions: Vec<Rendition> =
            members.iter().map(|(_, stream, level)| describe(stream, level)).collect();
        number_rungs(&mut renditions);
        let mut matchers = Vec::new();
        let mut shared: Option<(usize, Arc<Addressing>)> = None;
        for ((at, stream, level), rendition) in members.into_iter().zip(renditions) {
            let rendition = Arc::new(rendition);
            let addressing = match &shared {
                Some((of, addressing)) if *of == at => Arc::clone(addressing),
                _ => out.addressing(manifest, at, stream, &rendition, old),
            };
            shared = Some((at, Arc::clone(&addressing)));
            out.templated(stream, level, &rendition, &addressing, base, &mut matchers);
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
            period_start: Duration::ZERO,
            first_number: i128::from(first),
            end_number: None,
            first_index: 1,
            by_time: true,
            foretold: manifest.live,
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

    fn templated(
        &mut self,
        stream: &Stream<'_>,
        level: &Level<'_>,
        rendition: &Arc<Rendition>,
        addressing: &Arc<Addressing>,
        base: &Base,
        matchers: &mut Vec<Matcher>,
    ) {
        let Some(url) = &stream.url else { return };
        let named = substitute(url, level);
        if let Some(init) = Template::compile(&named.replace("$Time$", "i"), base, "", 0) {
            self.exact.insert(&init.prefix, None, Place::of(rendition, Kind::Init));
        }
        if let Some(template) = Template::compile(&named, base, "", 0)
            && !template.is_literal()
        {
            let (rendition, addressing) = (Arc::clone(rendition), Arc::clone(addressing));
            let kind = rendition.kind;
            matchers.push(Matcher { template, rendition, addressing, kind });
        }
    }

    /// What stands at `url`.
    pub(super) fn get(&self, url: &str) -> Option<Resource> {
        self.exact.get(url, None).or_else(|| self.index.find(url, false))
    }

    /// What stands at `bare`, a URL without the query that its stream's has.
    pub(super) fn get_bare(&self, bare: &str) -> Option<Resource> {
        self.index.find(bare, true)
    }

    /// How far a resource lies behind the live edge.
    pub(super) fn behind_live(&self, found: &Resource) -> Option<u64> {
        let newest = self.edges.get(&(found.media, found.kind))?;
        Some(u64::try_from(newest - i128::from(found.index?)).unwrap_or(0))
    }
}

/// The template with the level's values in, and the time as DASH writes it.
fn substitute(url: &str, level: &Level<'_>) -> String {
    let bitrate = level.bitrate.to_string();
    let mut out = url.replace('$', "$$");
    for (name, value) in [
        ("{bitrate}", bitrate.as_str()),
        ("{Bitrate}", &bitrate),
        ("{start time}", "$Time$"),
        ("{start_time}", "$Time$"),
        ("{CustomAttributes}", &level.custom),
    ] {
        out = out.replace(name, value);
    }
    out
}

/// The rendition a quality level is.
fn describe(stream: &Stream<'_>, level: &Level<'_>) -> Rendition {
    let media = match &*stream.kind {
        "video" => MediaType::Video,
        "audio" => MediaType::Audio,
        "text" => MediaType::Text,
        _ => MediaType::Unknown,
    };
    let name = stream.name.as_deref().unwrap_or(&stream.kind);
    Rendition {
        name: Some(Arc::from(format!("{name}/{}", level.bitrate))),
        bandwidth: Some(BitRate::from_bits_per_second(level.bitrate)),
        codecs: level.codecs.as_deref().map(Arc::from),
        resolution: level.width.zip(level.height),
        language: stream.language.as_deref().map(Arc::from),
        role: stream.subtype.as_deref().map(Arc::from),
        ..Rendition::new(Protocol::Smooth, media)
    }
}
