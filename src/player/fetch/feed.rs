//! The manifest of one player: its tracks, and the segments of each, reloaded while they are live.

use super::{
    clock::Clock,
    error::PlayError,
    http::Fetched,
    purpose::{Object, Purpose},
    requester::Requester,
};
use crate::{
    media::{
        ListedSegment, Listing, Location, ManifestFormat, Rendition, SegmentList, TrackSource,
        sniff, without_cmcd,
    },
    player::Progress,
    units::UnixTime,
};
use std::time::Duration;
use tokio::sync::Mutex;
use url::Url;

/// Reloads are at least this many ms apart.
const SHORTEST: f64 = 500.0;
/// The least between two reloads that the origin holds until there is news, in ms.
const BLOCKED: f64 = 50.0;
/// A live player starts this many target durations before the end, unless the manifest says it.
const TARGETS: f64 = 3.0;

/// The tracks of a manifest.
#[derive(Debug)]
pub(super) struct Feed {
    requester: Requester,
    pub(super) tracks: Vec<Track>,
    /// The MPD, which lists the segments of all tracks.
    mpd: Option<Mutex<Mpd>>,
}

/// What is known of a track's list as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListShape {
    /// Whether it has an end.
    pub(super) ended: bool,
    /// How many segments it has.
    pub(super) count: usize,
    /// The usual duration of a segment in seconds.
    pub(super) segment: f64,
}

/// One track.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) rendition: Rendition,
    /// The URL of the HLS media playlist.
    playlist: Option<String>,
    state: Mutex<State>,
}

/// A track's list as it was last loaded.
#[derive(Debug, Default)]
struct State {
    list: Option<SegmentList>,
    /// When, in ms.
    loaded: f64,
    /// Whether the last reload brought a further segment.
    grew: bool,
    /// A position and its date, where the playlist says none.
    anchor: Option<(f64, UnixTime)>,
}

#[derive(Debug)]
struct Mpd {
    url: Url,
    body: Vec<u8>,
    /// When it was fetched, in ms.
    fetched: f64,
    /// How long it may be used, in ms.
    update: Option<f64>,
}

impl Feed {
    /// Fetches the manifest at `url`.
    pub(super) async fn load(requester: Requester, url: &str) -> Result<Self, PlayError> {
        let now = requester.shared.clock.now();
        let (fetched, place) = manifest(&requester, url).await?;
        let format = format_of(&fetched, &place)?;
        requester.shared.lock().format = Some(match format {
            ManifestFormat::Hls => "h",
            _ => "d",
        });
        let listing = listing(&requester, &place, format, &fetched.body)?;
        let update = listing.update.map(|update| update.as_secs_f64() * 1000.0);
        let mut tracks = Vec::with_capacity(listing.tracks.len());
        for listed in listing.tracks {
            let mut state = State { loaded: now, ..State::default() };
            let playlist = match listed.source {
                TrackSource::Playlist(url) => Some(url),
                TrackSource::Segments(list) => {
                    state.take(list, &requester);
                    (format == ManifestFormat::Hls).then(|| place.as_str().to_owned())
                }
            };
            let (rendition, state) = (listed.rendition, Mutex::new(state));
            tracks.push(Track { rendition, playlist, state });
        }
        let mpd = (format == ManifestFormat::Mpd)
            .then(|| Mutex::new(Mpd { url: place, body: fetched.body, fetched: now, update }));
        Ok(Self { requester, tracks, mpd })
    }

    /// Whether the manifest is an MPD.
    pub(super) const fn is_mpd(&self) -> bool {
        self.mpd.is_some()
    }

    /// Whether a track's list has an end, and its segments.
    pub(super) async fn segments(
        &self,
        track: usize,
    ) -> Result<(bool, Vec<ListedSegment>), PlayError> {
        self.ensure(track).await?;
        let state = self.tracks[track].state.lock().await;
        let list = state.list.as_ref().filter(|list| !list.segments.is_empty());
        let list = list.ok_or_else(|| self.empty(track))?;
        Ok((list.ended, list.segments.clone()))
    }

    /// What is known of a track's list as a whole.
    pub(super) async fn shape(&self, track: usize) -> Result<ListShape, PlayError> {
        self.ensure(track).await?;
        let state = self.tracks[track].state.lock().await;
        let list = state.list.as_ref();
        let count = list.map_or(0, |list| list.segments.len());
        let first = list.and_then(|list| list.segments.first());
        let Some(first) = first.filter(|first| first.duration > 0.0) else {
            return Err(self.empty(track));
        };
        Ok(ListShape { ended: list.is_some_and(|list| list.ended), count, segment: first.duration })
    }

    /// The first segment of a track at or after `from`; without it, the one to start with. Waits for it
    /// where it does not exist yet; `None` at the end.
    pub(super) async fn segment(
        &self,
        track: usize,
        from: Option<f64>,
    ) -> Result<Option<ListedSegment>, PlayError> {
        self.ensure(track).await?;
        loop {
            let wait = {
                let state = self.tracks[track].state.lock().await;
                let Some(list) = &state.list else { return Ok(None) };
                if let Some(found) = state.find(list, from) {
                    return Ok(Some(found));
                }
                if list.ended {
                    return Ok(None);
                }
                if let Some(hint) = hinted(list, from) {
                    return Ok(Some(hint));
                }
                let target = list.target.max(0.0) * 1000.0;
                let pause = if state.grew { target } else { target / 2.0 };
                let pause = match (&self.mpd, list.next) {
                    (Some(_), _) => SHORTEST,
                    // The origin makes the player wait.
                    (None, Some(_)) => BLOCKED,
                    (None, None) => pause.max(SHORTEST),
                };
                state.loaded + pause - self.requester.shared.clock.now()
            };
            Clock::sleep(wait.max(0.0)).await;
            self.reload(track).await?;
        }
    }

    /// Where the first segment at or after `from` is, if it is listed already.
    pub(super) async fn listed_after(&self, track: usize, from: f64) -> Option<Location> {
        let state = self.tracks[track].state.lock().await;
        let segments = &state.list.as_ref()?.segments;
        segments.iter().find(|segment| segment.position >= from).map(|found| found.location.clone())
    }

    async fn ensure(&self, track: usize) -> Result<(), PlayError> {
        let mut state = self.tracks[track].state.lock().await;
        if state.list.is_none() {
            self.playlist(track, &mut state).await?;
        }
        match &mut state.list {
            Some(list) => self.read_indexes(list).await,
            None => Ok(()),
        }
    }

    /// Fetches the indexes of files that list their segments themselves.
    async fn read_indexes(&self, list: &mut SegmentList) -> Result<(), PlayError> {
        if list.indexes.is_empty() {
            return Ok(());
        }
        for index in std::mem::take(&mut list.indexes) {
            let purpose = Purpose::of(Object::Index);
            let watch = &mut |_: &Progress| false;
            let fetched = self.requester.fetch(&index.location, purpose, watch).await?;
            let segments = index.segments(&fetched.body).ok_or_else(|| {
                content(&index.location.url, "has no `sidx` box with segments in its indexRange")
            })?;
            list.segments.extend(segments);
        }
        list.segments.sort_by(|one, other| one.position.total_cmp(&other.position));
        Ok(())
    }

    async fn reload(&self, track: usize) -> Result<(), PlayError> {
        if self.tracks[track].playlist.is_some() {
            let mut state = self.tracks[track].state.lock().await;
            return self.playlist(track, &mut state).await;
        }
        match &self.mpd {
            Some(mpd) => self.reload_mpd(&mut *mpd.lock().await).await,
            None => Ok(()),
        }
    }

    /// Loads a track's media playlist.
    async fn playlist(&self, track: usize, state: &mut State) -> Result<(), PlayError> {
        let Some(url) = &self.tracks[track].playlist else { return Ok(()) };
        state.loaded = self.requester.shared.clock.now();
        let next = state.list.as_ref().and_then(|list| list.next);
        let held = next.map(|next| {
            let mark = if url.contains('?') { '&' } else { '?' };
            format!("{url}{mark}{}", next.query())
        });
        let (fetched, place) = manifest(&self.requester, held.as_ref().unwrap_or(url)).await?;
        let listing = listing(&self.requester, &place, ManifestFormat::Hls, &fetched.body)?;
        match listing.tracks.into_iter().next().map(|listed| listed.source) {
            Some(TrackSource::Segments(list)) => {
                state.take(list, &self.requester);
                Ok(())
            }
            _ => Err(content(url, "a multivariant playlist, where a media playlist should be")),
        }
    }

    /// Fetches the MPD again when its time is over, and lists what there is now.
    async fn reload_mpd(&self, mpd: &mut Mpd) -> Result<(), PlayError> {
        let now = self.requester.shared.clock.now();
        if mpd.update.is_some_and(|update| now >= mpd.fetched + update.max(SHORTEST)) {
            mpd.fetched = now;
            let (fetched, place) = manifest(&self.requester, mpd.url.as_str()).await?;
            (mpd.body, mpd.url) = (fetched.body, place);
        }
        let listing = listing(&self.requester, &mpd.url, ManifestFormat::Mpd, &mpd.body)?;
        mpd.update = listing.update.map(|update| update.as_secs_f64() * 1000.0);
        for listed in listing.tracks {
            let same = |track: &&Track| {
                let held = &track.rendition;
                (held.media, held.rung, &held.name)
                    == (listed.rendition.media, listed.rendition.rung, &listed.rendition.name)
            };
            let held = self.tracks.iter().find(same);
            if let (Some(track), TrackSource::Segments(list)) = (held, listed.source) {
                let mut state = track.state.lock().await;
                state.loaded = now;
                state.take(list, &self.requester);
            }
        }
        Ok(())
    }

    fn empty(&self, track: usize) -> PlayError {
        let track = &self.tracks[track];
        let name = track.rendition.name.as_deref().unwrap_or("the manifest");
        content(track.playlist.as_deref().unwrap_or(name), "lists no segments that last")
    }
}

impl State {
    /// Takes a newer list.
    fn take(&mut self, mut list: SegmentList, requester: &Requester) {
        let last = |list: &SegmentList| list.segments.last().map(|last| last.position);
        self.grew = self.list.as_ref().is_none_or(|held| last(&list) > last(held));
        if !list.ended {
            self.date(&mut list, requester.shared.clock.unix_time());
        }
        self.list = Some(list);
    }

    /// Dates segments whose playlist does not: the newest one ended when it was seen first.
    fn date(&mut self, list: &mut SegmentList, now: UnixTime) {
        if list.segments.iter().any(|segment| segment.date.is_some()) {
            return;
        }
        let known = self.anchor.and_then(|(position, date)| {
            let at = list.segments.iter().position(|segment| segment.position == position)?;
            Some((at, date))
        });
        let Some(last) = list.segments.len().checked_sub(1) else { return };
        let (at, date) = known.unwrap_or((last, now - seconds(list.segments[last].duration)));
        let before: f64 = list.segments[..at].iter().map(|segment| segment.duration).sum();
        let mut date = date - seconds(before);
        for segment in &mut list.segments {
            segment.date = Some(date);
            self.anchor = Some((segment.position, date));
            date += seconds(segment.duration);
        }
        if let Some(hint) = &mut list.hint {
            hint.date = Some(date);
        }
    }

    /// The segment at or after `from`; without it, the one to start with.
    fn find(&self, list: &SegmentList, from: Option<f64>) -> Option<ListedSegment> {
        if let Some(from) = from {
            return list.segments.iter().find(|segment| segment.position >= from).cloned();
        }
        if list.ended {
            return list.segments.first().cloned();
        }
        let hold_back = list.hold_back.unwrap_or(TARGETS * list.target);
        let mut left = 0.0;
        let behind = list.segments.iter().rev().find(|segment| {
            left += segment.duration;
            left >= hold_back
        });
        behind.or_else(|| list.segments.first()).cloned()
    }
}

/// A duration of so many seconds.
fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// What comes after the list, if that is the next to be requested, and the origin holds the request.
fn hinted(list: &SegmentList, from: Option<f64>) -> Option<ListedSegment> {
    let hint = list.hint.as_ref()?;
    from.is_some_and(|from| hint.position >= from).then(|| hint.clone())
}

/// A manifest, and the URL that its references start from.
async fn manifest(requester: &Requester, url: &str) -> Result<(Fetched, Url), PlayError> {
    let location = Location { url: url.to_owned(), range: None };
    let purpose = Purpose::of(Object::Manifest);
    let fetched = requester.fetch(&location, purpose, &mut |_: &Progress| false).await?;
    let place = Url::parse(&without_cmcd(&fetched.url));
    let place = place.map_err(|error| content(url, &format!("its address is none: {error}")))?;
    Ok((fetched, place))
}

fn format_of(fetched: &Fetched, place: &Url) -> Result<ManifestFormat, PlayError> {
    sniff(fetched.content_type.as_deref(), place.path(), &fetched.body).ok_or_else(|| {
        content(place.as_str(), "no manifest; write the URL of an HLS playlist or a DASH MPD")
    })
}

fn listing(
    requester: &Requester,
    place: &Url,
    format: ManifestFormat,
    body: &[u8],
) -> Result<Listing, PlayError> {
    Listing::read(place, format, body, requester.shared.clock.unix_time())
        .map_err(|error| PlayError::Manifest { url: place.to_string(), error })
}

fn content(url: &str, problem: &str) -> PlayError {
    PlayError::Content { url: url.to_owned(), problem: problem.to_owned() }
}
