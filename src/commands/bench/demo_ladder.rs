//! The ladder `demo`: what the built-in origin serves on demand, with the requests that players make for it.

use crate::{
    commands::Failure,
    media::{ManifestFormat, Protocol},
    origin::{self, Origin, SetupObject, StreamSetup},
    player::{KnownRequests, ReadManifest, Setup, SetupRequest},
    sweep::matrix::{FormatRequests, Ladder, SegmentPaths},
};
use std::sync::Arc;

/// Its name.
pub(super) const DEMO: &str = "demo";
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;

/// The built-in origin's ladder: each rung with its audio, the sizes that the origin serves, and the paths at which it does.
///
/// # Errors
/// When the embedded media are damaged.
pub fn demo_ladder() -> Result<Ladder, Failure> {
    let bitrates = origin::ladder_bits_per_second().map(|bits| bits as f64 / THOUSAND).collect();
    let row = |row: Vec<u64>| row.into_iter().map(|bytes| bytes as f64 * BITS).collect();
    let (sizes, sound): (Vec<_>, Vec<_>) = origin::segment_bytes().unzip();
    let sizes = sizes.into_iter().map(row).collect();
    let paths = SegmentPaths { video: origin::segment_path, audio: origin::audio_segment_path };
    let formats = [Protocol::Hls, Protocol::Dash].map(requests).into_iter();
    Ok(Ladder::new(DEMO, origin::SEGMENT.as_secs_f64() * THOUSAND, bitrates, sizes)
        .with_audio(Some(row(sound)))
        .with_audio_bitrate(origin::audio_bits_per_second() as f64 / THOUSAND)
        .with_requests(paths, formats.collect::<Result<_, _>>()?))
}

/// What players of one format request beside segments, and what the proxy learns of all requests by it.
fn requests(protocol: Protocol) -> Result<FormatRequests, Failure> {
    let origin = Origin::new().map_err(Failure::running)?;
    let no_setup = || Failure::running("the built-in origin has no manifest of its stream");
    let StreamSetup { manifest, rungs, audio } = origin.setup(protocol).ok_or_else(no_setup)?;
    let all = || [&manifest].into_iter().chain(rungs.iter().flatten()).chain(&audio);
    let format = if protocol == Protocol::Dash { ManifestFormat::Mpd } else { ManifestFormat::Hls };
    let manifests: Vec<_> = all()
        .filter(|object| object.kind.is_manifest())
        .map(|object| ReadManifest { path: &object.path, format, body: &object.body })
        .collect();
    let count = origin::segment_bytes().count();
    let of_rung = |rung| (0..count).map(move |segment| origin::segment_path(segment, rung));
    let segments = (0..rungs.len()).flat_map(of_rung);
    let segments = segments.chain((0..count).map(origin::audio_segment_path));
    let paths = all().map(|object| object.path.clone()).chain(segments);
    let known = KnownRequests::read(&manifests, paths).map_err(Failure::running)?;
    let requests = |objects: &[SetupObject]| objects.iter().map(request).collect();
    let setup = Setup {
        start: vec![request(&manifest)],
        rungs: rungs.iter().map(|objects| requests(objects)).collect(),
        audio: requests(&audio),
    };
    Ok(FormatRequests { protocol, setup, known: Arc::new(known) })
}

fn request(object: &SetupObject) -> SetupRequest {
    SetupRequest::new(object.body.len() as u64, &object.path, object.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{Kind, MediaType},
        seed::Name,
    };

    fn of(protocol: Protocol) -> FormatRequests {
        let ladder = demo_ladder().unwrap();
        ladder.formats().iter().find(|format| format.protocol == protocol).unwrap().clone()
    }

    /// Playlists and initialization segments in HLS; in DASH the MPD has no playlists beside it.
    #[test]
    fn each_format_has_its_own_setup() {
        let kinds = |requests: &[SetupRequest]| requests.iter().map(|r| r.kind).collect::<Vec<_>>();
        let hls = of(Protocol::Hls).setup;
        assert_eq!(kinds(&hls.start), [Kind::MultivariantPlaylist]);
        assert_eq!(hls.rungs.len(), 6);
        for rung in hls.rungs.iter().chain([&hls.audio]) {
            assert_eq!(kinds(rung), [Kind::MediaPlaylist, Kind::Init]);
        }
        let lowest = hls.reading_lowest();
        assert_eq!(kinds(&lowest.start), [Kind::MultivariantPlaylist, Kind::MediaPlaylist]);
        assert_eq!(lowest.start[1].name, Some(Name::new("/demo/hls/v1.m3u8")));
        assert_eq!(kinds(&lowest.rungs[0]), [Kind::Init]);
        let dash = of(Protocol::Dash).setup;
        assert_eq!(kinds(&dash.start), [Kind::Mpd]);
        for rung in dash.rungs.iter().chain([&dash.audio]) {
            assert_eq!(kinds(rung), [Kind::Init]);
        }
    }

    /// Every request is classified by the manifests, and none by the form of its path alone.
    #[test]
    fn the_manifests_say_what_each_request_is_for() {
        for protocol in [Protocol::Hls, Protocol::Dash] {
            let known = of(protocol).known;
            let get = |path: &str| known.get(Name::new(path)).unwrap();
            let segment = get("/demo/media/v4/seg-150.m4s");
            let resource = &segment.resource;
            assert_eq!((resource.protocol, resource.kind), (protocol, Kind::Segment));
            assert_eq!((resource.rung, resource.index), (Some(4), Some(150)));
            assert_eq!(resource.resolution, Some((1280, 720)));
            assert_eq!((resource.highest_rung(), segment.beside_video), (Some(6), false));
            let audio = get("/demo/media/a1/init.mp4");
            assert_eq!((audio.resource.kind, audio.resource.media), (Kind::Init, MediaType::Audio));
            assert!(audio.beside_video);
        }
    }
}
