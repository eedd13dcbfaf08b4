//! `$RepresentationID$` in templates: an id that begins with `/`, `..` or a host decides where the URLs lead, as a
//! reference does.

use super::{
    super::{
        dot_segments,
        uri::{is_at_root, names_host},
        xml_uris::{Base, Folders, Root},
    },
    base_url::BaseUrl,
};

/// The identifier of a template (ISO/IEC 23009-1, 5.3.9.4.4).
const IDENTIFIER: &str = "$RepresentationID$";

/// Where the templates of one level have the id.
#[derive(Debug, Default)]
pub(super) struct IdPlaces {
    /// A template begins with it.
    leads: bool,
    /// The beginning of a template that has it elsewhere.
    behind: Option<String>,
}

impl IdPlaces {
    /// Adds a template.
    pub(super) fn add(&mut self, template: &str) {
        match template.trim_start().split_once(IDENTIFIER) {
            Some(("", _)) => self.leads = true,
            Some((before, _)) => {
                self.behind.get_or_insert_with(|| before.to_owned());
            }
            None => {}
        }
    }

    /// What an id is resolved against, in an element with these folders; `None` if it decides nothing. The same id may be
    /// used below several hosts.
    pub(super) fn base(&self, id: &str, folders: Option<Folders>) -> Option<Base<'static>> {
        let root = Root::Several(None);
        if self.leads {
            return Some(Base { root, folders });
        }
        // In the middle of a URL, only dots may lead above its root.
        let before = self.behind.as_deref().filter(|_| !is_at_root(id) && !names_host(id))?;
        let folders = folders.map(|above| BaseUrl::new(before).folders(above));
        Some(Base { root, folders })
    }
}

/// Whether a template has the id.
pub(super) fn has_id(template: &str) -> bool {
    template.contains(IDENTIFIER)
}

/// Whether an id may decide where a URL leads; most do not.
pub(super) fn may_lead(id: &str) -> bool {
    is_at_root(id) || names_host(id) || dot_segments::may_have(id)
}
