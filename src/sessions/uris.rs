//! Rewrites the URIs in a session's documents so that they stay inside the session.

use super::{
    address::{ROOT, Target, is_address},
    host::Origin,
    session::Session,
};
use crate::media::UriMap;
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, sync::Arc};
use url::Url;

/// Rewrites the URIs of one document to addresses of its session, and opens the hosts that it names.
#[derive(Debug)]
pub struct SessionUris {
    session: Arc<Session>,
    origin: Origin,
    document: Option<Url>,
    own: Option<String>,
    /// Put before what leads into the session; empty unless addresses are to be absolute.
    base: String,
    bases: Vec<String>,
    /// The player's URLs are those of the origin.
    unchanged: bool,
}

impl Session {
    /// The rewriter that keeps the URIs of a document from `origin` inside this session.
    #[must_use]
    pub fn uris(self: &Arc<Self>, origin: &Origin) -> SessionUris {
        SessionUris::new(Arc::clone(self), origin.clone())
    }
}

impl SessionUris {
    const fn new(session: Arc<Session>, origin: Origin) -> Self {
        Self {
            session,
            origin,
            document: None,
            own: None,
            base: String::new(),
            bases: Vec::new(),
            unchanged: false,
        }
    }

    /// Sets the address at which the player reaches the proxy: `scheme://host`.
    #[must_use]
    pub fn reached_at(self, own: Option<&str>) -> Self {
        Self { own: own.map(str::to_owned), ..self }
    }

    /// The same for a proxy that players reach at `public` alone (`scheme://host`): what leads into
    /// the session is absolute.
    #[must_use]
    pub fn public_at(self, public: Option<&str>) -> Self {
        match public {
            Some(url) => Self { own: Some(url.to_owned()), base: url.to_owned(), ..self },
            None => self,
        }
    }

    /// The same for the document at `url`, which may have learnt something from another one.
    #[must_use]
    pub fn of_document(self, url: &str) -> Self {
        Self { document: Url::parse(url).ok(), ..self }
    }

    /// The same for a player whose URLs are those of the origin, if `unchanged`: nothing is rewritten.
    #[must_use]
    pub fn left_unchanged(self, unchanged: bool) -> Self {
        Self { unchanged, ..self }
    }

    /// Sets the base URLs that the document's references resolve against, if there are any.
    #[must_use]
    pub fn below(self, bases: Vec<String>) -> Self {
        Self { bases, ..self }
    }

    fn prefix(&self, target: &Target) -> String {
        let mut prefix = self.session.prefix(target);
        if !prefix.is_empty() {
            prefix.insert_str(0, &self.base);
        }
        prefix
    }

    fn target(&self, origin: Origin) -> Target {
        // Without a session id before it, a path such as `//x` or `/-/x` would be read as another form.
        let default = self.session.addressed && origin == self.session.origin;
        if default { Target::Default } else { Target::Named(origin) }
    }
}

impl UriMap for SessionUris {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        if self.unchanged {
            return None;
        }
        let scheme = scheme.map_or(self.origin.scheme.as_str().to_owned(), str::to_ascii_lowercase);
        // Players replace a variable (EXT-X-DEFINE) by a host. Which host is known only when they request it.
        if authority.contains("{$") {
            let session = self.session.prefix(&Target::Default);
            let base = &self.base;
            return Some(format!("{base}{session}/-/o/{scheme}/{authority}").into());
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let origin = Origin::new(&scheme, host)?;
        // A public origin must not open hosts on this machine or in its private network.
        if !origin.is_private() || self.session.origin.is_private() {
            self.session.open(&origin.authority);
            if let Some(user) = user {
                self.session.keep_credentials(&origin, user);
            }
        }
        Some(self.prefix(&self.target(origin)).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        // Already an address of the proxy: rewriting is idempotent.
        if self.unchanged || is_address(path) {
            return None;
        }
        // An origin's own path below `/-/` is distinguished from the proxy's forms by a session or origin before it.
        let clear = self.session.addressed || !path.starts_with("/-/");
        let target = if self.origin == self.session.origin && clear {
            Target::Default
        } else {
            Target::Named(self.origin.clone())
        };
        let prefix = self.prefix(&target);
        (!prefix.is_empty()).then_some(prefix.into())
    }

    fn root_of_each(&self, path: &str) -> Option<Cow<'_, str>> {
        (!self.unchanged && !path.starts_with("/-/")).then_some(ROOT.into())
    }

    fn bases(&self) -> &[String] {
        &self.bases
    }

    fn imported(&self, name: &str) -> Option<String> {
        let document = self.document.as_ref()?;
        self.session.with_ladder(|ladder| ladder.imported(document, name).map(str::to_owned))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let decoded = |text| percent_decode_str(text).decode_utf8().ok();
        let mut pairs =
            self.document.as_ref()?.query()?.split('&').map(|pair| pair.split_once('='));
        let value = pairs.find_map(|pair| {
            let (given, value) = pair?;
            decoded(given).is_some_and(|given| given == name).then_some(value)
        })?;
        Some(decoded(value)?.into_owned())
    }

    fn depth(&self) -> Option<usize> {
        let folders = self.document.as_ref()?.path().bytes().filter(|byte| *byte == b'/').count();
        folders.checked_sub(1)
    }

    fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }
}
