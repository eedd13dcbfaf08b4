//! A request in virtual time.

use super::Deadlines;
use crate::{media::Kind, seed::Name};

/// What is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A media segment, and its rung, both from 0.
    Segment {
        /// The segment.
        segment: usize,
        /// The rung.
        rung: usize,
    },
    /// Anything else.
    Other(Kind),
}

/// A request in virtual time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// What is requested.
    pub object: Object,
    /// Its path as a proxy sees it, if it is known: a network whose random numbers depend on the request draws the
    /// same ones as the proxy for that path.
    pub name: Option<Name>,
    /// How long it may take.
    pub deadlines: Deadlines,
}

impl Default for Request {
    fn default() -> Self {
        let object = Object::Other(Kind::Other);
        Self { object, name: None, deadlines: Deadlines::NONE }
    }
}
