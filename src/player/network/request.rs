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
    /// A part of a segment, and its rung, all from 0.
    Part {
        /// The segment.
        segment: usize,
        /// The part of it.
        part: usize,
        /// The rung.
        rung: usize,
    },
    /// A segment of the separate audio, from 0.
    Audio(usize),
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
    /// For how long the origin holds it, in ms after it is made: until there is something to send.
    pub held: f64,
}

impl Default for Request {
    fn default() -> Self {
        let object = Object::Other(Kind::Other);
        Self { object, name: None, deadlines: Deadlines::NONE, held: 0.0 }
    }
}
