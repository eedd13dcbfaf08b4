//! A ladder with the size of every segment, learnt from a manifest: from its byte ranges, and by HEAD requests
//! where it has none.

use super::{
    clock::Clock,
    error::PlayError,
    feed::Feed,
    http::{Http, NO_LENGTH},
    ladder::{Chosen, bitrate},
    requester::Requester,
    trust::Trust,
    viewing::Shared,
};
use crate::{
    media::{ListedSegment, Location},
    player::{Failure, preset},
};
use tokio::task::JoinSet;

/// This many requests are under way at a time.
const AT_ONCE: usize = 8;
/// Of a longer presentation only the sizes of the first segments are requested.
const MOST_SEGMENTS: usize = 3600;
/// Segments whose durations differ by a larger share are of different durations.
const ALIKE: f64 = 0.1;
/// A rendition whose segments have more or less than these shares of its bandwidth is named.
const HONEST: std::ops::RangeInclusive<f64> = 0.4..=1.1;
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;

/// What a manifest says, and what its segments weigh.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderSizes {
    /// The duration of a segment in ms.
    pub segment: f64,
    /// The bitrates that the manifest says, in kbit/s, ascending.
    pub bitrates: Vec<f64>,
    /// Bits of each segment at each bitrate.
    pub sizes: Vec<Vec<f64>>,
    /// Bits of the audio beside each segment, if it has segments of its own.
    pub audio: Option<Vec<f64>>,
    /// What the manifest says otherwise than it is, and what was simplified.
    pub notes: Vec<String>,
}

/// The segments of one track, and their sizes.
struct Track {
    /// bit/s.
    bandwidth: f64,
    name: String,
    segments: Vec<ListedSegment>,
    /// Bits; 0 where a live stream has the segment no more, or not yet.
    sizes: Vec<f64>,
    live: bool,
}

/// Reads the ladder of the manifest at `url`. `progress` is called with how many sizes are known, and how many there
/// are.
///
/// # Errors
/// When a request fails, or the manifest has nothing to play.
pub async fn learn_ladder(
    url: &str,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<LadderSizes, PlayError> {
    let requester = Requester {
        http: Http::new(&Trust::default()),
        shared: Shared::new(Clock::start()),
        reporter: None,
        policy: preset("").requests,
    };
    let http = requester.http.clone();
    let feed = Feed::load(requester, url).await?;
    let problem = |text: &str| PlayError::Content { url: url.to_owned(), problem: text.to_owned() };
    let chosen = Chosen::of(feed.tracks.iter().map(|track| &track.rendition))
        .ok_or_else(|| problem("has no video and no audio that could be played"))?;
    let mut notes = Vec::new();
    let mut tracks = Vec::new();
    for place in &chosen.ladder {
        tracks.push(track(&feed, *place, &mut notes).await?);
    }
    let count = tracks.iter().map(|track| track.segments.len()).min().unwrap_or(0);
    if count == 0 {
        return Err(problem("lists no segments"));
    }
    if tracks.iter().any(|track| track.segments.len() != count) {
        notes.push(format!(
            "the renditions have different numbers of segments; the first {count} of each are used"
        ));
    }
    for track in &mut tracks {
        track.segments.truncate(count);
    }
    if let Some(place) = chosen.audio {
        tracks.push(track(&feed, place, &mut notes).await?);
    }
    weigh(&http, &mut tracks, progress).await?;
    let sound = chosen.audio.and_then(|_| tracks.pop());
    let count = keep_present(&mut tracks);
    let sound = sound.map(|sound| {
        let mut sound = [sound];
        keep_present(&mut sound);
        let [sound] = sound;
        sound
    });
    if count == 0 || sound.as_ref().is_some_and(|sound| sound.segments.is_empty()) {
        return Err(problem("lists no segments that are still there"));
    }
    Ok(ladder(&tracks, sound.as_ref().map(|sound| (sound, feed.is_mpd())), count, notes))
}

/// A track with its segments; their sizes are not known yet.
async fn track(feed: &Feed, place: usize, notes: &mut Vec<String>) -> Result<Track, PlayError> {
    let rendition = &feed.tracks[place].rendition;
    let (ended, mut segments) = feed.segments(place).await?;
    if !ended && notes.is_empty() {
        notes.push("it is live; the segments that it lists now are repeated".to_owned());
    }
    if !feed.is_mpd() {
        keep_whole(&mut segments);
    }
    if !ended {
        let newest = segments.len().saturating_sub(MOST_SEGMENTS);
        segments.drain(..newest);
    }
    segments.truncate(MOST_SEGMENTS);
    let name = rendition.name.as_deref().map_or_else(|| place.to_string(), str::to_owned);
    let bandwidth = bitrate(rendition).unwrap_or(0.0);
    Ok(Track { bandwidth, name, segments, sizes: Vec::new(), live: !ended })
}

/// Drops the parts of HLS near the live edge, if there are whole segments.
fn keep_whole(segments: &mut Vec<ListedSegment>) {
    // The position counts segments.
    let is_whole = |segment: &ListedSegment| segment.step >= 1.0;
    if segments.iter().any(is_whole) {
        segments.retain(is_whole);
    }
}

/// Keeps the first segments in a row that all of these tracks have; returns how many that are.
fn keep_present(tracks: &mut [Track]) -> usize {
    if !tracks.iter().any(|track| track.live) {
        return tracks.iter().map(|track| track.segments.len()).min().unwrap_or(0);
    }
    let count = tracks.iter().map(|track| track.sizes.len()).min().unwrap_or(0);
    let there = |at: &usize| tracks.iter().all(|track| track.sizes[*at] > 0.0);
    let first = (0..count).find(there).unwrap_or(count);
    let end = (first..count).find(|at| !there(at)).unwrap_or(count);
    for track in tracks {
        track.segments = track.segments[first..end].to_vec();
        track.sizes = track.sizes[first..end].to_vec();
    }
    end - first
}

/// Whether a live stream has a segment no more, not yet, or not all of it.
fn is_absent(track: &Track, error: &PlayError) -> bool {
    let statuses = [Failure::Status(404), Failure::Status(410)];
    let PlayError::Fetch { error, .. } = error else { return false };
    track.live && (statuses.contains(&error.failure) || error.cause == NO_LENGTH)
}

/// Finds the sizes of all segments.
async fn weigh(
    http: &Http,
    tracks: &mut [Track],
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), PlayError> {
    let total = tracks.iter().map(|track| track.segments.len()).sum();
    let mut done = 0;
    let mut asked = Vec::new();
    for (index, track) in tracks.iter_mut().enumerate() {
        track.sizes = vec![0.0; track.segments.len()];
        for (segment, size) in track.sizes.iter_mut().enumerate() {
            let location = &track.segments[segment].location;
            match &location.range {
                Some(range) if range.end != u64::MAX => {
                    *size = (range.end - range.start) as f64 * BITS;
                    done += 1;
                }
                _ => asked.push((index, segment, location.clone())),
            }
        }
    }
    let mut running: JoinSet<(usize, usize, Result<u64, PlayError>)> = JoinSet::new();
    let mut left = asked.into_iter();
    loop {
        while running.len() < AT_ONCE
            && let Some((track, segment, location)) = left.next()
        {
            let http = http.clone();
            running.spawn(async move { (track, segment, length(&http, &location).await) });
        }
        progress(done, total);
        let Some(ended) = running.join_next().await else { return Ok(()) };
        // A task that was lost leaves its size at 0, which the ladder's check names.
        let Ok((track, segment, length)) = ended else { continue };
        match length {
            Ok(length) => tracks[track].sizes[segment] = length as f64 * BITS,
            Err(error) if is_absent(&tracks[track], &error) => {}
            Err(error) => return Err(error),
        }
        done += 1;
    }
}

async fn length(http: &Http, location: &Location) -> Result<u64, PlayError> {
    http.length(location).await.map_err(|error| PlayError::Fetch { error, attempts: 1 })
}

/// Tracks as a ladder of segments of one duration; `sound` says whether its bandwidth is apart.
fn ladder(
    tracks: &[Track],
    sound: Option<(&Track, bool)>,
    count: usize,
    mut notes: Vec<String>,
) -> LadderSizes {
    let mut durations: Vec<f64> = tracks
        .iter()
        .flat_map(|track| track.segments.iter().map(|segment| segment.duration))
        .collect();
    durations.sort_by(f64::total_cmp);
    // The last segment of each is shorter as a rule.
    let usual = durations[durations.len() / 2];
    let (shortest, longest) =
        (durations[tracks.len().min(durations.len() - 1)], durations[durations.len() - 1]);
    if shortest < usual * (1.0 - ALIKE) || longest > usual * (1.0 + ALIKE) {
        notes.push(format!(
            "segments last {shortest:.3} s to {longest:.3} s; they are played as segments of {usual:.3} s, of the same bitrate each"
        ));
    }
    let (mut extra_rate, mut audio) = (0.0, None);
    if let Some((sound, apart)) = sound {
        let seconds: f64 = sound.segments.iter().map(|segment| segment.duration).sum();
        let size = sound.sizes.iter().sum::<f64>() / seconds.max(f64::MIN_POSITIVE) * usual;
        audio = Some(vec![size.round(); count]);
        extra_rate = if apart { sound.bandwidth } else { 0.0 };
        notes.push(
            "audio has segments of its own; they are played as long as those of the video, of the same size each".to_owned(),
        );
    }
    let scaled = |track: &Track, segment: usize| {
        track.sizes[segment] * usual / track.segments[segment].duration.max(f64::MIN_POSITIVE)
    };
    let mean = |track: &Track| {
        (0..count).map(|segment| scaled(track, segment)).sum::<f64>() / count as f64 / usual
    };
    // A media playlist says no bitrate: that of its segments is rounded to bit/s.
    let bitrate_of = |track: &Track| {
        let said = if track.bandwidth > 0.0 { track.bandwidth } else { mean(track).round() };
        (said + extra_rate) / THOUSAND
    };
    for track in tracks {
        let mean = mean(track);
        if track.bandwidth > 0.0 && !HONEST.contains(&(mean / track.bandwidth)) {
            notes.push(format!(
                "rendition {} says {:.0} kbit/s; its segments have {:.0} kbit/s",
                track.name,
                track.bandwidth / THOUSAND,
                mean / THOUSAND
            ));
        }
    }
    let row = |segment| tracks.iter().map(|track| scaled(track, segment).round()).collect();
    LadderSizes {
        segment: usual * THOUSAND,
        bitrates: tracks.iter().map(bitrate_of).collect(),
        sizes: (0..count).map(row).collect(),
        audio,
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::FetchError;
    use super::*;

    fn track(name: &str, bandwidth: f64, segments: &[(f64, f64)]) -> Track {
        let listed = |&(duration, _): &(f64, f64)| ListedSegment {
            location: Location { url: String::new(), range: None },
            init: None,
            position: 0.0,
            step: 1.0,
            duration,
            date: None,
        };
        Track {
            bandwidth,
            name: name.to_owned(),
            segments: segments.iter().map(listed).collect(),
            sizes: segments.iter().map(|(_, bits)| *bits).collect(),
            live: false,
        }
    }

    #[test]
    fn segments_that_a_live_stream_has_no_more_are_left_out() {
        let live = |sizes: [f64; 4]| {
            let mut track = track("live", 1.0, &sizes.map(|bits| (4.0, bits)));
            track.live = true;
            track
        };
        let mut tracks = [live([0.0, 2e6, 3e6, 0.0]), live([0.0, 0.0, 6e6, 7e6])];
        assert_eq!(keep_present(&mut tracks), 1);
        assert_eq!(tracks.map(|track| track.sizes), [[3e6], [6e6]]);
        assert_eq!(keep_present(&mut [live([0.0; 4])]), 0);
        let gone = |status| {
            let failure = Failure::Status(status);
            let (url, cause) = (String::new(), String::new());
            let error = FetchError { url, cause, failure, untrusted: false };
            PlayError::Fetch { error, attempts: 1 }
        };
        let live = live([0.0; 4]);
        assert_eq!([404, 410, 503].map(|it| is_absent(&live, &gone(it))), [true, true, false]);
        assert!(!is_absent(&track("whole", 1.0, &[]), &gone(410)));
    }

    #[test]
    fn parts_are_no_segments() {
        let mut segments = track("low-latency", 1.0, &[(4.0, 1.0), (0.5, 1.0)]).segments;
        segments[1].step = 1.0 / 4096.0;
        let mut parts = vec![segments[1].clone()];
        keep_whole(&mut segments);
        keep_whole(&mut parts);
        let lasts = |of: &[ListedSegment]| of.iter().map(|it| it.duration).collect::<Vec<_>>();
        assert_eq!((lasts(&segments), lasts(&parts)), (vec![4.0], vec![0.5]));
    }

    #[test]
    fn a_media_playlist_has_the_bitrate_of_its_segments() {
        let ladder = ladder(&[track("v1", 0.0, &[(4.0, 2e6); 3])], None, 3, Vec::new());
        assert_eq!((ladder.bitrates, ladder.notes), (vec![500.0], Vec::<String>::new()));
    }

    #[test]
    fn a_manifest_that_lies_is_told() {
        let tracks = [
            track("low", 500_000.0, &[(4.0, 2e6), (4.0, 2e6), (1.0, 0.5e6)]),
            track("high", 800_000.0, &[(4.0, 6e6), (4.0, 6.4e6), (1.0, 1.6e6)]),
        ];
        let ladder = ladder(&tracks, None, 3, Vec::new());
        assert_eq!((ladder.segment, &ladder.bitrates[..]), (4000.0, &[500.0, 800.0][..]));
        // The short last segment has the size of a whole one of its bitrate.
        assert_eq!(ladder.sizes, [[2e6, 6e6], [2e6, 6.4e6], [2e6, 6.4e6]]);
        assert_eq!(ladder.notes, ["rendition high says 800 kbit/s; its segments have 1567 kbit/s"]);
    }

    #[test]
    fn sound_and_odd_durations_are_told() {
        let tracks = [track("only", 500_000.0, &[(4.0, 2e6), (6.0, 3e6), (2.0, 1e6), (4.0, 2e6)])];
        let sound = track("sound", 64_000.0, &[(2.0, 128e3); 8]);
        let apart = ladder(&tracks, Some((&sound, true)), 4, Vec::new());
        assert_eq!(apart.bitrates, [564.0]);
        assert_eq!((&apart.sizes[1], apart.audio), (&vec![2e6], Some(vec![256e3; 4])));
        assert_eq!(apart.notes.len(), 2, "{:?}", apart.notes);
        assert_eq!(ladder(&tracks, Some((&sound, false)), 4, Vec::new()).bitrates, [500.0]);
    }
}
