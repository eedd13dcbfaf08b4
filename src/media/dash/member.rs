//! A Representation of an MPD with its context.

use super::super::{base::Base, place::hash};
use super::{
    levels::Levels,
    model::{Period, Representation, Set},
    span::Span,
};
use std::sync::Arc;

/// A Representation with its context.
pub(super) struct Member<'a> {
    pub(super) period: &'a Period<'a>,
    pub(super) set: &'a Set<'a>,
    pub(super) representation: &'a Representation<'a>,
    pub(super) id: Arc<str>,
    /// The bases of its AdaptationSet.
    pub(super) bases: Arc<[Arc<Base>]>,
}

impl<'a> Member<'a> {
    pub(super) fn levels(&self) -> Levels<'a> {
        let own = self.representation.segments.as_deref();
        Levels::new([own, self.set.segments.as_deref(), self.period.segments.as_deref()])
    }

    /// Its identity over versions, in the period `span`.
    pub(super) fn key(&self, span: &Span) -> u64 {
        hash(&format!("{:x}\n{}", span.key, self.id))
    }
}
