//! The hosts of the root-relative references of an MPD: those of their BaseURLs, which may be several, and may
//! come after the references.

use super::super::{
    uri::{Head, head},
    xml_edits::{Root, UriRewriter, Value},
};

/// The most BaseURLs of one element that are distinguished.
const BASES: usize = 64;
/// The most levels between a reference and the outermost element with a BaseURL that it is resolved against.
const LEVELS: usize = 8;

/// The hosts of an element's references.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    /// The document's own.
    Document,
    /// `scheme://authority`.
    One(String),
    /// Several, and the first of them, if it is not the document's.
    Several(Option<String>),
}

impl Hosts {
    fn first(&self) -> Option<&String> {
        match self {
            Self::Document => None,
            Self::One(host) => Some(host),
            Self::Several(first) => first.as_ref(),
        }
    }

    fn root(&self) -> Root<'_> {
        match self {
            Self::Document => Root::Document,
            Self::One(host) => Root::Host(host),
            Self::Several(first) => Root::Several(first.as_deref()),
        }
    }

    /// The root of the first host alone.
    fn first_root(&self) -> Root<'_> {
        self.first().map_or(Root::Document, |host| Root::Host(host))
    }
}

/// An element with BaseURLs or references in it.
#[derive(Debug, Default)]
struct Scope {
    parent: usize,
    /// The hosts of its BaseURLs; `None` = of the level above.
    own: Vec<Option<String>>,
}

/// Which level a reference belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// A BaseURL of this level.
    Above(usize),
    /// A reference of this level alone.
    At(usize),
    /// One that levels below inherit.
    Below(usize),
}

/// The levels of a document.
#[derive(Debug)]
pub(super) struct Roots<'t> {
    /// The first one is the document itself.
    scopes: Vec<Scope>,
    /// The open ones, by their depth.
    open: Vec<usize>,
    deferred: Vec<Deferred<'t>>,
}

/// A reference that is rewritten once all BaseURLs are known.
struct Deferred<'t> {
    value: Value<'t>,
    level: Level,
    /// A list of URLs: of MPDs, which stay absolute, or of clocks.
    list: Option<bool>,
}

impl std::fmt::Debug for Deferred<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.value.decoded(), self.level)
    }
}

impl<'t> Roots<'t> {
    /// For a document whose references are resolved against `bases`, or its own URL.
    pub(super) fn new(bases: &[String]) -> Self {
        let own = bases.iter().take(BASES).map(|base| host(base)).collect();
        Self { scopes: vec![Scope { parent: 0, own }], open: vec![0], deferred: Vec::new() }
    }

    /// The level of the open element at `depth`, from 1; 0 is the document.
    pub(super) fn level(&mut self, depth: usize) -> usize {
        while self.open.len() <= depth {
            let parent = self.open.last().copied().unwrap_or_default();
            self.open.push(self.scopes.len());
            self.scopes.push(Scope { parent, own: Vec::new() });
        }
        self.open.get(depth).copied().unwrap_or_default()
    }

    /// Ends the elements deeper than `depth`.
    pub(super) fn close(&mut self, depth: usize) {
        self.open.truncate(depth + 1);
    }

    /// Adds a BaseURL of a level.
    pub(super) fn base(&mut self, level: usize, url: &str) {
        if let Some(scope) = self.scopes.get_mut(level).filter(|scope| scope.own.len() < BASES) {
            scope.own.push(host(url));
        }
    }

    /// Rewrites a list of URLs of a level once its bases are known; with `absolute`, absolute URLs stay
    /// absolute.
    pub(super) fn rewrite_list(&mut self, value: Value<'t>, absolute: bool, level: usize) {
        self.deferred.push(Deferred { value, level: Level::At(level), list: Some(absolute) });
    }

    /// Keeps a reference until the bases are known.
    pub(super) fn defer(&mut self, value: Value<'t>, level: Level) {
        self.deferred.push(Deferred { value, level, list: None });
    }

    /// Rewrites the deferred references.
    pub(super) fn rewrite(self, rewriter: &mut UriRewriter<'_>) {
        if self.deferred.is_empty() {
            return;
        }
        // A level is created after its parent.
        let mut hosts: Vec<Hosts> = Vec::with_capacity(self.scopes.len());
        for (at, scope) in self.scopes.iter().enumerate() {
            let above = match at {
                0 => &Hosts::Document,
                _ => hosts.get(scope.parent).unwrap_or(&Hosts::Document),
            };
            hosts.push(of(scope, above));
        }
        let mixed = self.mixed(&hosts);
        for Deferred { value, level, list } in &self.deferred {
            let (Level::Above(at) | Level::At(at) | Level::Below(at)) = *level;
            let parent = self.scopes.get(at).map_or(0, |scope| scope.parent);
            let here = hosts.get(at).unwrap_or(&Hosts::Document);
            let root = match level {
                // A document that is a part of another one has bases above its own root.
                Level::Above(0) => Root::Document,
                Level::Above(_) => hosts.get(parent).map_or(Root::Document, Hosts::root),
                Level::Below(at) if mixed.get(*at) == Some(&true) => {
                    Root::Several(here.first().map(String::as_str))
                }
                Level::At(_) | Level::Below(_) => here.root(),
            };
            match list {
                None => rewriter.rewrite(value, root),
                // Players request clocks at the first base's host.
                Some(false) => rewriter.rewrite_list(value, false, here.first_root()),
                Some(true) => rewriter.rewrite_list(value, true, root),
            }
        }
    }

    /// The levels below which there are BaseURLs on other hosts than their own.
    fn mixed(&self, hosts: &[Hosts]) -> Vec<bool> {
        let mut mixed = vec![false; self.scopes.len()];
        for scope in self.scopes.iter().filter(|scope| scope.own.iter().any(Option::is_some)) {
            let mut at = scope.parent;
            for _ in 0..LEVELS {
                let same = |own: &Option<String>| match hosts.get(at) {
                    Some(Hosts::One(host)) => own.as_ref().is_none_or(|own| own == host),
                    _ => own.is_none(),
                };
                if let Some(held) = mixed.get_mut(at) {
                    *held |= !scope.own.iter().all(same);
                }
                match self.scopes.get(at) {
                    Some(scope) if at > 0 => at = scope.parent,
                    _ => break,
                }
            }
        }
        mixed
    }
}

/// The hosts of an element with BaseURLs `own`, in one with the hosts `above`.
fn of(scope: &Scope, above: &Hosts) -> Hosts {
    let mut all = scope.own.iter().map(|own| match own {
        Some(host) => Hosts::One(host.clone()),
        None => above.clone(),
    });
    let Some(first) = all.next() else { return above.clone() };
    if all.all(|other| other == first) {
        return first;
    }
    Hosts::Several(first.first().cloned())
}

/// `scheme://authority` of a URL, if it has one.
fn host(url: &str) -> Option<String> {
    match head(url) {
        Head::Absolute { len, .. } => url.get(..len).map(str::to_owned),
        Head::RootRelative | Head::Other => None,
    }
}
