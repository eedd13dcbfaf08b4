//! The stream on demand as players request it: where its segments are, and what they request beside them.

use bytes::Bytes;

use super::address::Address;
use super::catalogue::find;
use super::ladder::{Rendition, rungs, sounds};
use super::service::Origin;
use crate::media::{Kind, Protocol};
use crate::units::UnixTime;

/// An object of the stream that is no segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupObject {
    /// Its path.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub body: Bytes,
}

/// What players request of the stream on demand beside its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSetup {
    /// The multivariant playlist or the MPD.
    pub manifest: SetupObject,
    /// Of each rung, lowest first: in HLS its playlist, and its initialization segment.
    pub rungs: Vec<Vec<SetupObject>>,
    /// The same of the audio.
    pub audio: Vec<SetupObject>,
}

impl Origin {
    /// What players request of the stream on demand in HLS, or in DASH, beside its segments.
    #[must_use]
    pub fn setup(&self, protocol: Protocol) -> Option<StreamSetup> {
        let dash = protocol == Protocol::Dash;
        let of = |rendition: &Rendition| {
            let name = rendition.name;
            let playlist =
                (!dash).then(|| self.object(Kind::MediaPlaylist, format!("/demo/hls/{name}.m3u8")));
            let init = self.object(Kind::Init, format!("/demo/media/{name}/init.mp4"));
            playlist.into_iter().chain([init]).collect::<Option<Vec<_>>>()
        };
        let manifest = if dash {
            self.object(Kind::Mpd, "/demo/dash/manifest.mpd".to_owned())
        } else {
            self.object(Kind::MultivariantPlaylist, "/demo/hls/master.m3u8".to_owned())
        };
        Some(StreamSetup {
            manifest: manifest?,
            rungs: rungs().map(|(rung, _)| of(rung)).collect::<Option<_>>()?,
            audio: sounds().map(of).collect::<Option<Vec<_>>>()?.concat(),
        })
    }

    /// The object at `path`, which does not depend on the time.
    fn object(&self, kind: Kind, path: String) -> Option<SetupObject> {
        let address = Address::parse(&path)?;
        let found = find(self.library(), &address, "", UnixTime::ZERO).ok()?;
        Some(SetupObject { path, kind, body: found.content.pieces.concat().into() })
    }
}

/// The path of a segment of a rung, both from 0.
#[must_use]
pub fn segment_path(segment: usize, rung: usize) -> String {
    let name = rungs().nth(rung).map_or("", |(rung, _)| rung.name);
    path(name, segment)
}

/// The path of a segment of the audio, from 0.
#[must_use]
pub fn audio_segment_path(segment: usize) -> String {
    path(sounds().next().map_or("", |sound| sound.name), segment)
}

fn path(rendition: &str, segment: usize) -> String {
    format!("/demo/media/{rendition}/seg-{}.m4s", segment + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Answer, segment_bytes};
    use http::{Request, StatusCode, header};

    /// The length of what the origin serves at a path.
    fn served(origin: &Origin, path: &str) -> usize {
        let request = Request::get(path).body(()).unwrap();
        let Answer::Now(response) = origin.answer(&request, UnixTime::from_secs(1_800_000_000))
        else {
            panic!("{path}")
        };
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.headers()[header::CONTENT_LENGTH].to_str().unwrap().parse().unwrap()
    }

    #[test]
    fn the_setup_is_what_is_served() {
        let origin = Origin::new().unwrap();
        for (protocol, objects) in [(Protocol::Hls, 15), (Protocol::Dash, 8)] {
            let StreamSetup { manifest, rungs, audio } = origin.setup(protocol).unwrap();
            let all: Vec<_> = [manifest].into_iter().chain(rungs.concat()).chain(audio).collect();
            assert_eq!(all.len(), objects, "{protocol}");
            for object in all {
                assert!(!object.body.is_empty(), "{}", object.path);
                assert_eq!(object.body.len(), served(&origin, &object.path), "{}", object.path);
            }
        }
    }

    /// Every address that a manifest has of a rendition is made of the same parts.
    #[test]
    fn segments_are_where_they_are_served() {
        let origin = Origin::new().unwrap();
        for (number, (sizes, audio)) in segment_bytes().enumerate().step_by(49) {
            for (rung, size) in sizes.into_iter().enumerate() {
                assert_eq!(served(&origin, &segment_path(number, rung)) as u64, size);
            }
            assert_eq!(served(&origin, &audio_segment_path(number)) as u64, audio);
        }
        assert_eq!(segment_path(0, 5), "/demo/media/v6/seg-1.m4s");
        assert_eq!(audio_segment_path(149), "/demo/media/a1/seg-150.m4s");
    }
}
