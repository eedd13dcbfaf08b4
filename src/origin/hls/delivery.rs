//! Delivery directives (rfc8216bis, 6.2.5): what a client of a low-latency playlist wants to wait for, and to
//! skip.

use crate::origin::timeline::{Edge, PARTS};

/// The delivery directives of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::origin) struct Delivery {
    /// The playlist must have reached this edge.
    edge: Option<(u64, Edge)>,
    /// Older segments may be left out.
    pub(super) skip: bool,
}

/// Why a playlist is not sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::origin) enum Unmet {
    /// The edge is not reached yet.
    Wait(Edge),
    /// The directives are invalid, or too far ahead.
    Refuse,
}

impl Delivery {
    /// Reads the directives of a query; `None` where they are invalid. Other parameters are ignored.
    pub(in crate::origin) fn parse(query: &str) -> Option<Self> {
        let (mut segment, mut part, mut skip) = (None, None, false);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "_HLS_msn" => segment = Some(value.parse::<u64>().ok()?),
                "_HLS_part" => part = Some(value.parse::<u64>().ok()?),
                "_HLS_skip" => skip = matches!(value, "YES" | "v2"),
                _ => {}
            }
        }
        let edge = match (segment, part) {
            (None, None) => None,
            (None, Some(_)) => return None,
            (Some(segment), None) => Some((segment, Edge::after(segment, PARTS))),
            // A part after the last is the next segment's first.
            (Some(segment), Some(part)) => {
                Some((segment, Edge::after(segment, part.min(PARTS) + 1)))
            }
        };
        Some(Self { edge, skip })
    }

    /// Whether a playlist at `edge` satisfies the directives.
    pub(in crate::origin) fn check(self, edge: Edge) -> Result<(), Unmet> {
        match self.edge {
            // More than two segments ahead is an error of the client.
            Some((segment, _)) if segment > edge.segment() + 2 => Err(Unmet::Refuse),
            Some((_, asked)) if asked > edge => Err(Unmet::Wait(asked)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments up to 100 are whole, of 101 there are three parts.
    fn check(query: &str) -> Option<Result<(), Unmet>> {
        Some(Delivery::parse(query)?.check(Edge::after(101, 3)))
    }

    #[test]
    fn what_is_there_is_sent_and_what_is_not_is_waited_for() {
        let wait = |segment, parts| Some(Err(Unmet::Wait(Edge::after(segment, parts))));
        for query in
            ["", "x=1", "_HLS_msn=100", "_HLS_msn=101&_HLS_part=2", "_HLS_msn=5", "_HLS_skip=YES"]
        {
            assert_eq!(check(query), Some(Ok(())), "{query}");
        }
        assert_eq!(check("_HLS_msn=101&_HLS_part=3"), wait(101, 4));
        assert_eq!(check("_HLS_part=7&a=b&_HLS_msn=101"), wait(101, 8));
        assert_eq!(check("_HLS_msn=101&_HLS_part=8"), wait(102, 1));
        assert_eq!(check("_HLS_msn=101&_HLS_part=99"), wait(102, 1));
        assert_eq!(check("_HLS_msn=101"), wait(102, 0));
        assert_eq!(check("_HLS_msn=102&_HLS_part=0"), wait(102, 1));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(check("_HLS_msn=103"), Some(Err(Unmet::Refuse)));
        assert_eq!(check("_HLS_msn=18446744073709551615&_HLS_part=9"), Some(Err(Unmet::Refuse)));
        for query in ["_HLS_part=1", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=1&_HLS_part=x"] {
            assert_eq!(check(query), None, "{query}");
        }
    }
}
