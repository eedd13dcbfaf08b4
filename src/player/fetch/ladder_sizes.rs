//! A ladder with the size of every segment, learnt from a manifest: from its byte ranges, and by HEAD requests
//! where it has none.

use super::{
    clock::Clock,
    error::PlayError,
    feed::Feed,
    http::Http,
    ladder::{Chosen, bitrate},
    requester::Requester,
    trust::Trust,
    viewing::Shared,
};
use crate::{
    media::{ListedSegment, Location},
    player::preset,
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
    /// Bits.
    sizes: Vec<f64>,
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
    Ok(ladder(&tracks, sound.as_ref().map(|sound| (sound, feed.is_mpd())), count, notes))
}

/// A track with its segments; their sizes are not known yet.
async fn track(feed: &Feed, place: usize, notes: &mut Vec<String>) -> Result<Track, PlayError> {
    let rendition = &feed.tracks[place].rendition;
    let (ended, mut segments) = feed.segments(place).await?;
    if !ended && notes.is_empty() {
        notes.push("it is live; the segments that it lists now are repeated".to_owned());
    }
    segments.truncate(MOST_SEGMENTS);
    let name = rendition.name.as_deref().map_or_else(|| place.to_string(), str::to_owned);
    Ok(Track { bandwidth: bitrate(rendition).unwrap_or(0.0), name, segments, sizes: Vec::new() })
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
        tracks[track].sizes[segment] = length? as f64 * BITS;
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
    for track in tracks {
        let mean =
            (0..count).map(|segment| scaled(track, segment)).sum::<f64>() / count as f64 / usual;
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
        bitrates: tracks.iter().map(|track| (track.bandwidth + extra_rate) / THOUSAND).collect(),
        sizes: (0..count).map(row).collect(),
        audio,
        notes,
    }
}

#[cfg(test)]
mod tests {
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
        }
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
