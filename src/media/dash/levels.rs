//! What MPD, Period, AdaptationSet and Representation inherit: BaseURLs and segment addressing.

use super::super::{
    base::Base,
    budget::{Budget, LONGEST_URL},
};
use super::model::{Form, Line, Segments, Text};
use std::sync::Arc;

/// The most alternative bases of one Representation.
const BASES: usize = 8;
/// The bytes that a base takes in addition to its text.
const BASE: usize = 128;

/// The bases of a level: its own BaseURLs, each resolved against each of the level above. Each is charged
/// to `budget`, since bases below one another multiply.
pub(super) fn bases(above: &[Arc<Base>], own: &[Text<'_>], budget: &Budget) -> Vec<Arc<Base>> {
    let own = own.get(..BASES).unwrap_or(own);
    if own.is_empty() {
        return above.to_vec();
    }
    let join = |base: &Base, own: &str| {
        let len = base.url().as_str().len() + own.len();
        let fits = len <= LONGEST_URL && budget.take(len + BASE);
        fits.then(|| base.url().join(own).ok())?
    };
    let joined = above.iter().flat_map(|base| own.iter().filter_map(move |own| join(base, own)));
    joined.take(BASES).map(|url| Arc::new(Base::new(&url))).collect()
}

/// The elements of the three levels that address segments, innermost first, all of one form: an outer element
/// of another form is overridden.
#[derive(Clone, Copy)]
pub(super) struct Levels<'a>([Option<&'a Segments<'a>>; 3]);

impl<'a> Levels<'a> {
    pub(super) fn new(levels: [Option<&'a Segments<'a>>; 3]) -> Self {
        let form = levels.iter().flatten().next().map(|inner| inner.form);
        Self(levels.map(|level| level.filter(|level| Some(level.form) == form)))
    }

    /// The form, if any level has one.
    pub(super) fn form(&self) -> Option<Form> {
        self.0.iter().flatten().next().map(|inner| inner.form)
    }

    /// Whether the innermost level adds nothing.
    pub(super) const fn is_inherited(&self) -> bool {
        self.0[0].is_none()
    }

    /// The innermost value of an attribute or element.
    pub(super) fn pick<T>(&self, attribute: impl Fn(&'a Segments<'a>) -> Option<T>) -> Option<T> {
        self.0.iter().flatten().find_map(|level| attribute(level))
    }

    /// The timeline.
    pub(super) fn timeline(&self) -> Option<&'a Line> {
        self.pick(|level| level.timeline.as_ref())
    }

    /// The URL template of media segments.
    pub(super) fn media(&self) -> Option<&'a str> {
        self.pick(|level| level.media.as_deref())
    }
}
