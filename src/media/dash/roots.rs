//! What the references of an MPD are resolved against, as far as it decides their rewriting: the hosts of their
//! BaseURLs, and the numbers of folders in these. There may be several, and they may come after the references.

use super::{
    super::{
        xml_edits::Value,
        xml_uris::{Base, Folders, Root, UriRewriter},
    },
    base_url::BaseUrl,
    representation_id::IdPlaces,
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
    own: Vec<BaseUrl>,
    /// Where its templates have `$RepresentationID$`.
    ids: Option<IdPlaces>,
}

impl Scope {
    /// The hosts of its BaseURLs.
    fn hosts(&self) -> impl Iterator<Item = &Option<String>> {
        self.own.iter().map(|own| &own.host)
    }

    /// The folders of its bases, in an element with the folders `above`.
    fn folders(&self, above: Folders) -> Folders {
        let all = self.own.iter().map(|own| own.folders(above));
        all.reduce(Folders::or).unwrap_or(above)
    }
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
    /// A patch may change the bases of references that are in the document.
    patched: bool,
}

/// A reference that is rewritten once all BaseURLs are known.
struct Deferred<'t> {
    value: Value<'t>,
    level: Level,
    content: Content,
}

/// What a deferred text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Url,
    /// The URLs of MPDs, which stay absolute.
    Mpds,
    /// The URLs of clocks.
    Clocks,
    /// The id of a Representation: templates insert it as `$RepresentationID$`.
    Id,
}

impl std::fmt::Debug for Deferred<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.value.decoded(), self.level)
    }
}

impl<'t> Roots<'t> {
    /// For a document whose references are resolved against `bases`, or its own URL.
    pub(super) fn new(bases: &[String]) -> Self {
        let own = bases.iter().take(BASES).map(|base| BaseUrl::new(base)).collect();
        Self {
            scopes: vec![Scope { parent: 0, own, ids: None }],
            open: vec![0],
            deferred: Vec::new(),
            patched: false,
        }
    }

    /// The document is a patch, or patches to it follow: these may add BaseURLs on other hosts. A root is then that of
    /// whichever base the player has when it makes a request.
    pub(super) fn expect_patches(&mut self) {
        self.patched = true;
    }

    /// The level of the open element at `depth`, from 1; 0 is the document.
    pub(super) fn level(&mut self, depth: usize) -> usize {
        while self.open.len() <= depth {
            let parent = self.open.last().copied().unwrap_or_default();
            self.open.push(self.scopes.len());
            self.scopes.push(Scope { parent, ..Scope::default() });
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
            scope.own.push(BaseUrl::new(url));
        }
    }

    /// Rewrites a list of URLs of a level once its bases are known; with `absolute`, absolute URLs stay
    /// absolute.
    pub(super) fn rewrite_list(&mut self, value: Value<'t>, absolute: bool, level: usize) {
        let content = if absolute { Content::Mpds } else { Content::Clocks };
        self.deferred.push(Deferred { value, level: Level::At(level), content });
    }

    /// Keeps a reference until the bases are known.
    pub(super) fn defer(&mut self, value: Value<'t>, level: Level) {
        self.deferred.push(Deferred { value, level, content: Content::Url });
    }

    /// Adds a template of a level, with `$RepresentationID$` in it.
    pub(super) fn template(&mut self, level: usize, template: &str) {
        if let Some(scope) = self.scopes.get_mut(level) {
            scope.ids.get_or_insert_default().add(template);
        }
    }

    /// Keeps the id of a Representation until its templates are known.
    pub(super) fn defer_id(&mut self, value: Value<'t>, level: usize) {
        self.deferred.push(Deferred { value, level: Level::At(level), content: Content::Id });
    }

    /// Rewrites the deferred references.
    pub(super) fn rewrite(self, rewriter: &mut UriRewriter<'_>) {
        if self.deferred.is_empty() {
            return;
        }
        let document = rewriter.document();
        // A level is created after its parent.
        let mut hosts: Vec<Hosts> = Vec::with_capacity(self.scopes.len());
        let mut folders: Vec<Option<Folders>> = Vec::with_capacity(self.scopes.len());
        for (at, scope) in self.scopes.iter().enumerate() {
            let above = match at {
                0 => (&Hosts::Document, document.folders),
                _ => (
                    hosts.get(scope.parent).unwrap_or(&Hosts::Document),
                    folders.get(scope.parent).copied().flatten(),
                ),
            };
            let own = (of(scope, above.0), above.1.map(|above| scope.folders(above)));
            hosts.push(own.0);
            folders.push(own.1);
        }
        let (mixed, spread) = (self.mixed(&hosts), self.spread(&folders));
        for Deferred { value, level, content } in &self.deferred {
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
            let root = match level {
                // The BaseURLs of an MPD are relative to the MPD alone.
                Level::Above(_) if parent == 0 => root,
                _ if self.patched => Root::Several(here.first().map(String::as_str)),
                _ => root,
            };
            let folders = match level {
                Level::Above(0) => document.folders,
                Level::Above(_) => folders.get(parent).copied().flatten(),
                Level::At(at) => folders.get(*at).copied().flatten(),
                Level::Below(at) => spread.get(*at).copied().flatten(),
            };
            let base = Base { root, folders };
            match content {
                Content::Url => rewriter.rewrite(value, base),
                Content::Mpds => rewriter.rewrite_list(value, true, base),
                // Players request clocks at the first base's host.
                Content::Clocks => {
                    rewriter.rewrite_list(value, false, Base { root: here.first_root(), folders });
                }
                Content::Id => {
                    let places = self.id_places(at);
                    let base = places.and_then(|ids| ids.base(value.decoded(), folders));
                    base.into_iter().for_each(|base| rewriter.rewrite(value, base));
                }
            }
        }
    }

    /// Where the templates of a Representation have its id: they are its own, or those of a level above.
    fn id_places(&self, mut at: usize) -> Option<&IdPlaces> {
        for _ in 0..LEVELS {
            let scope = self.scopes.get(at)?;
            if scope.ids.is_some() || at == 0 {
                return scope.ids.as_ref();
            }
            at = scope.parent;
        }
        None
    }

    /// The folders of each level and of those below it.
    fn spread(&self, own: &[Option<Folders>]) -> Vec<Option<Folders>> {
        let mut spread = own.to_vec();
        for (at, folders) in own.iter().enumerate() {
            let Some(folders) = folders else { continue };
            let mut at = self.scopes.get(at).map_or(0, |scope| scope.parent);
            for _ in 0..LEVELS {
                if let Some(Some(held)) = spread.get_mut(at) {
                    *held = held.or(*folders);
                }
                match self.scopes.get(at) {
                    Some(scope) if at > 0 => at = scope.parent,
                    _ => break,
                }
            }
        }
        spread
    }

    /// The levels below which there are BaseURLs on other hosts than their own.
    fn mixed(&self, hosts: &[Hosts]) -> Vec<bool> {
        let mut mixed = vec![false; self.scopes.len()];
        for scope in self.scopes.iter().filter(|scope| scope.hosts().any(Option::is_some)) {
            let mut at = scope.parent;
            for _ in 0..LEVELS {
                let same = |own: &Option<String>| match hosts.get(at) {
                    Some(Hosts::One(host)) => own.as_ref().is_none_or(|own| own == host),
                    _ => own.is_none(),
                };
                if let Some(held) = mixed.get_mut(at) {
                    *held |= !scope.hosts().all(same);
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
    let mut all = scope.hosts().map(|own| match own {
        Some(host) => Hosts::One(host.clone()),
        None => above.clone(),
    });
    let Some(first) = all.next() else { return above.clone() };
    if all.all(|other| other == first) {
        return first;
    }
    Hosts::Several(first.first().cloned())
}

#[cfg(test)]
mod tests {
    use super::super::{super::ManifestFormat, rewrite::rewrite};
    use crate::media::{UriMap, uri::tests::Proxy};
    use std::borrow::Cow;

    /// A document at this number of folders below the root.
    struct Below(usize);

    impl UriMap for Below {
        fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
            Proxy.absolute(scheme, authority)
        }

        fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
            Proxy.root_relative(path)
        }

        fn root_of_each(&self, path: &str) -> Option<Cow<'_, str>> {
            Proxy.root_of_each(path)
        }

        fn depth(&self) -> Option<usize> {
            Some(self.0)
        }
    }

    fn rewritten(depth: usize, inner: &str) -> String {
        let body = format!("<MPD>{inner}</MPD>");
        let out = rewrite(ManifestFormat::Mpd, body.as_bytes(), &Below(depth)).unwrap();
        let out = String::from_utf8(out.unwrap_or_else(|| body.into_bytes())).unwrap();
        out.replace("<MPD>", "").replace("</MPD>", "")
    }

    /// RFC 3986, 5.2.4: without a proxy, a player continues from the root.
    #[test]
    fn dots_above_the_root_stay_in_the_session() {
        let template = |media: &str| format!("<SegmentTemplate media=\"{media}\"/>");
        for (depth, before, media, after) in [
            (0, "", "../v/$Number$", "/-/s/7/v/$Number$"),
            (1, "", "../v/$Number$", "../v/$Number$"),
            (1, "", "../../v", "/-/s/7/v"),
            (1, "", "/../v", "/-/s/7/v"),
            (1, "", "https://a/../v", "/-/s/7/-/o/https/a/v"),
            (1, "", "data:,x/../../../y", "data:,x/../../../y"),
            (0, "<BaseURL>media/v1/</BaseURL>", "../v", "../v"),
            (0, "<BaseURL>media/v1/</BaseURL>", "../../../v", "/-/s/7/v"),
            (3, "<BaseURL>/m/</BaseURL>", "../../v", "/-/s/7/v"),
            (3, "<BaseURL>https://a/m/n</BaseURL>", "../v", "../v"),
            (3, "<BaseURL>https://a/m/n</BaseURL>", "../../v", "/-/s/7/-/o/https/a/v"),
            // Several bases: only where all of them meet at the root.
            (0, "<BaseURL>m/</BaseURL><BaseURL>n/o/</BaseURL>", "../../v", "/-/s/7/v"),
            (0, "<BaseURL>m/</BaseURL><BaseURL>n/o/p/</BaseURL>", "../../v", "../../v"),
            (0, "<BaseURL>https://a/</BaseURL><BaseURL>https://b/</BaseURL>", "../v", "-/root/v"),
        ] {
            let out = rewritten(depth, &format!("{before}<Period>{}</Period>", template(media)));
            assert!(out.ends_with(&format!("<Period>{}</Period>", template(after))), "{out}");
        }
    }

    /// An id with dots is the beginning of a template, or within one.
    #[test]
    fn dots_of_an_id_stay_in_the_session() {
        for (depth, media, id, after) in [
            (0, "$RepresentationID$/1", "../v", "-/root/v"),
            (1, "$RepresentationID$/1", "../v", "../v"),
            (1, "$RepresentationID$/1", "../../v", "-/root/v"),
            (0, "a/$RepresentationID$/1", "../v", "../v"),
            (0, "a/$RepresentationID$/1", "../../v", "-/root/v"),
            (3, "/a/$RepresentationID$/1", "../../v", "-/root/v"),
        ] {
            let out = rewritten(
                depth,
                &format!(
                    "<AdaptationSet><SegmentTemplate media='{media}'/><Representation id='{id}'/></AdaptationSet>"
                ),
            );
            assert!(out.contains(&format!("id='{after}'")), "{out}");
        }
    }

    /// A patch may add a BaseURL on another host before those that a document has.
    #[test]
    fn roots_are_those_of_each_base_where_patches_follow() {
        let period = |media: &str| {
            format!("<Period><BaseURL>/p/</BaseURL><SegmentTemplate media=\"{media}\"/></Period>")
        };
        let rest = period("/v").replace("\"/v\"", "\"-/root/v\"").replace("/p/", "-/root/p/");
        assert_eq!(
            rewritten(
                0,
                &format!("<PatchLocation>p</PatchLocation><BaseURL>/b/</BaseURL>{}", period("/v"))
            ),
            format!("<PatchLocation>p</PatchLocation><BaseURL>/-/s/7/b/</BaseURL>{rest}")
        );
        let text = |base: &str| format!("<replace sel=\"/MPD/BaseURL/text()\">{base}</replace>");
        let patch =
            format!("<Patch><add sel=\"/MPD\">{}</add>{}</Patch>", period("/v"), text("/b/"));
        let out = rewrite(ManifestFormat::MpdPatch, patch.as_bytes(), &Below(0)).unwrap().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!("<Patch><add sel=\"/MPD\">{rest}</add>{}</Patch>", text("-/root/b/"))
        );
    }

    #[test]
    fn dots_of_a_base_stay_in_the_session() {
        assert_eq!(rewritten(0, "<BaseURL> ../ </BaseURL>"), "<BaseURL> /-/s/7/ </BaseURL>");
        assert_eq!(rewritten(1, "<BaseURL>../</BaseURL>"), "<BaseURL>../</BaseURL>");
        assert_eq!(
            rewritten(1, "<BaseURL>../</BaseURL><Period><BaseURL>../a/</BaseURL></Period>"),
            "<BaseURL>../</BaseURL><Period><BaseURL>/-/s/7/a/</BaseURL></Period>"
        );
        assert_eq!(
            rewritten(0, "<Location>../m.mpd</Location>"),
            "<Location>/-/s/7/m.mpd</Location>"
        );
        // Bases of levels below the reference count too.
        let below = |base: &str| {
            rewritten(
                0,
                &format!(
                    "<AdaptationSet><SegmentTemplate media='../v'/><Representation>\
                     <BaseURL>{base}</BaseURL></Representation></AdaptationSet>"
                ),
            )
        };
        assert!(below("a/b/").contains("media='../v'"));
        assert!(below("a/").contains("media='/-/s/7/v'"));
    }
}
