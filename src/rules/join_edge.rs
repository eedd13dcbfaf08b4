//! The live edge at the time when a session joined a live stream.

use crate::media::{MediaType, Resource};

/// The live edges at which a session joined: for each media type, the number of the newest segment at
/// the time of the session's first request for that type.
#[derive(Debug, Clone, Default)]
pub(super) struct Joined {
    /// At most one for each media type.
    edges: Vec<(MediaType, u64)>,
}

impl Joined {
    /// The edge for the media type of `resource`, recorded at the first call for that type. `None` if
    /// the resource has no number or the edge is unknown.
    pub(super) fn edge(&mut self, resource: &Resource) -> Option<u64> {
        let number = resource.number?;
        let known = self.edges.iter().find(|(media, _)| *media == resource.media);
        if let Some((_, edge)) = known {
            return Some(*edge);
        }
        let edge = number.saturating_add(resource.behind_live?);
        self.edges.push((resource.media, edge));
        Some(edge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Kind, Protocol};

    #[test]
    fn the_first_edge_stays() {
        let segment = |media, number, behind_live| Resource {
            media,
            number,
            behind_live,
            ..Resource::new(Protocol::Hls, Kind::Segment)
        };
        let mut joined = Joined::default();
        let mut edge = |media, number, behind| joined.edge(&segment(media, number, behind));
        assert_eq!(edge(MediaType::Video, Some(7), None), None, "nothing is live");
        assert_eq!(edge(MediaType::Video, None, Some(3)), None);
        assert_eq!(edge(MediaType::Video, Some(7), Some(3)), Some(10));
        assert_eq!(edge(MediaType::Video, Some(12), Some(0)), Some(10));
        assert_eq!(edge(MediaType::Audio, Some(40), Some(2)), Some(42), "a count of its own");
        assert_eq!(edge(MediaType::Video, Some(13), None), Some(10), "the stream has ended");
    }
}
