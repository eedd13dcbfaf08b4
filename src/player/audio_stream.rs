//! Separate audio of a session: its requests beside those of the video.

use super::{
    attempts::Attempts,
    audio_buffer::{AudioBuffer, EMPTY},
    network::{Concurrent, Download, NeverEnds, Object, Progress, Request},
    playback::{Observer, Playback, count},
    presentation::Presentation,
    preset::preset,
    request_policy::RequestPolicy,
    scheduling::{AudioTurn, Scheduling, StreamPlaces},
    session_error::SessionError,
    session_policy::SessionPolicy,
    setup::SetupRequest,
};

/// The connection of the video, and that of the audio.
const VIDEO: usize = 0;
const AUDIO: usize = 1;

/// Is called with the progress of a download, and with the level in ms that the buffer would have had when it was
/// requested if nothing but playback had changed it since. Returns whether to give up.
pub(super) type VideoWatch<'a> = &'a mut dyn FnMut(&Progress, f64) -> bool;

/// What separate audio has received, in all its requests.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct AudioTotals {
    /// Bits.
    pub received: f64,
    /// Bits of requests that failed.
    pub wasted: f64,
    /// Requests that failed.
    pub failed: u32,
}

/// The separate audio of a session: one request at a time, as soon as there is room in its buffer.
#[derive(Debug)]
pub(super) struct AudioStream {
    pub(super) buffer: AudioBuffer,
    pub(super) totals: AudioTotals,
    policy: RequestPolicy,
    scheduling: Scheduling,
    /// How many requests of its setup were answered.
    set_up: usize,
    /// The most that is buffered, in ms.
    most: f64,
    /// The next segment, and its requests so far.
    next: usize,
    attempts: Attempts,
    state: State,
    /// How far the video is.
    video: VideoPlace,
}

/// The segment of the video that is requested, or will be next.
#[derive(Debug, Clone, Copy, Default)]
struct VideoPlace {
    next: usize,
    /// Whether its request has begun, and it has not arrived.
    requested: bool,
    /// When the last one arrived, in ms since the start of the session.
    arrived: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    /// Nothing is requested before the first segment of the video is.
    Off,
    /// The next segment is requested as soon as there is room.
    Ready,
    /// A request is under way.
    Loading,
    /// The next request is made after a wait, in ms.
    Waits(f64),
}

impl AudioStream {
    pub(super) fn new(session: &SessionPolicy) -> Self {
        let (policy, scheduling) = (session.requests, session.scheduling);
        Self {
            buffer: AudioBuffer::default(),
            totals: AudioTotals::default(),
            policy,
            scheduling,
            set_up: 0,
            most: session.max_buffer,
            next: 0,
            attempts: Attempts::new(policy, 0, 0),
            state: State::Off,
            video: VideoPlace::default(),
        }
    }

    /// Requests may be made from now on, and so much is buffered at most, in ms.
    pub(super) fn allow(&mut self, max_buffer: f64) {
        self.most = max_buffer;
        if self.state == State::Off {
            self.state = State::Ready;
        }
    }

    /// Whether all of it was received.
    pub(super) const fn is_complete(&self, presentation: &Presentation) -> bool {
        self.next >= presentation.count()
    }

    /// Makes the next request, if it is time for it; otherwise returns in how many ms it may be.
    fn request(
        &mut self,
        network: &mut dyn Concurrent,
        video: &Playback,
        presentation: &Presentation,
    ) -> Result<f64, SessionError> {
        match self.state {
            State::Waits(time) if time > EMPTY => return Ok(time),
            State::Off | State::Loading => return Ok(f64::INFINITY),
            State::Ready if self.is_complete(presentation) => return Ok(f64::INFINITY),
            State::Ready | State::Waits(_) => {}
        }
        if let Some(SetupRequest { size, name, kind }) = presentation.setup().audio.get(self.set_up)
        {
            let (object, deadlines) =
                (Object::Other(*kind), preset("").requests.deadlines(None, true));
            network.begin(AUDIO, Request { object, name: *name, deadlines, held: 0.0 }, *size)?;
            self.state = State::Loading;
            return Ok(f64::INFINITY);
        }
        let (segment, duration) = (self.next, presentation.segment());
        let due = self.due(video, presentation);
        if due > EMPTY {
            return Ok(due);
        }
        let size = presentation.audio_size(segment);
        let size = size.ok_or(SessionError::NoSegment { segment, rung: 0 })?;
        let deadlines = self.policy.deadlines(Some(duration), true);
        let (object, name) = (Object::Audio(segment), presentation.audio_name(segment));
        network.begin(AUDIO, Request { object, name, deadlines, held: 0.0 }, size)?;
        self.state = State::Loading;
        Ok(f64::INFINITY)
    }

    /// The video segments from `next` on are downloaded again.
    pub(super) fn video_goes_back(&mut self, next: usize) {
        self.video.next = self.video.next.min(next);
    }

    /// How far both streams are.
    pub(super) fn places(&self, video: &Playback, presentation: &Presentation) -> StreamPlaces {
        let segment = presentation.segment();
        let VideoPlace { next, requested, arrived } = self.video;
        StreamPlaces {
            audio: count(self.next) * segment,
            video: count(next) * segment,
            requested: requested.then(|| count(next + 1) * segment),
            idle: if requested { 0.0 } else { video.totals().time - arrived },
            video_ended: next >= presentation.count(),
        }
    }

    /// In how many ms the next segment is requested.
    fn due(&mut self, video: &Playback, presentation: &Presentation) -> f64 {
        let (level, duration) = (self.buffer.level(), presentation.segment());
        let places = self.places(video, presentation);
        match self.scheduling.audio_turn(level, video.level(), duration, &places) {
            AudioTurn::WhenItFits => {}
            AudioTurn::Now => return 0.0,
            AudioTurn::LooksAgain(wait) => {
                self.state = State::Waits(wait);
                return wait;
            }
            AudioTurn::AfterVideo(wait) => return wait,
        }
        // A segment that never fits is let in when the buffer is empty.
        let over = (level + duration - self.most).min(level);
        if over > EMPTY && !self.buffer.is_playing(video) { f64::INFINITY } else { over }
    }

    /// Its request has ended.
    fn ended(
        &mut self,
        download: &Download,
        video: &Playback,
        presentation: &Presentation,
    ) -> Result<(), SessionError> {
        let of_setup = self.set_up < presentation.setup().audio.len();
        // What is no segment is no traffic of the stream.
        let received = if of_setup { 0.0 } else { download.progress.received };
        self.totals.received += received;
        if let Some(failure) = download.failure {
            self.totals.failed += 1;
            self.totals.wasted += received;
            let wait = self.attempts.fail(failure, download).map_err(SessionError::of_audio)?;
            self.state = State::Waits(wait);
            return Ok(());
        }
        self.state = State::Ready;
        if of_setup {
            self.set_up += 1;
            return Ok(());
        }
        self.buffer.append(presentation.segment(), video);
        self.next += 1;
        self.attempts = Attempts::new(self.policy, self.next, 0);
        Ok(())
    }
}

/// What time goes on for, while separate audio is loaded.
#[derive(Debug)]
pub(super) struct BesideAudio<'a> {
    pub(super) audio: &'a mut AudioStream,
    pub(super) network: &'a mut dyn Concurrent,
    pub(super) video: &'a mut Playback,
    pub(super) presentation: &'a Presentation,
}

/// How long time goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    /// This many ms.
    Passed(f64),
    /// To the end of the video's download.
    VideoEnds,
    /// Until media is shown.
    Playing,
    /// To the end of the last segment of audio.
    AudioComplete,
}

impl BesideAudio<'_> {
    /// Makes `request` for an object of `size` bits, and goes on to the end of its download.
    pub(super) fn download(
        &mut self,
        request: Request,
        size: f64,
        watch: Option<VideoWatch<'_>>,
        observer: &mut impl Observer,
    ) -> Result<Download, SessionError> {
        self.network.begin(VIDEO, request, size)?;
        let segment = match request.object {
            Object::Segment { segment, .. } => Some(segment),
            _ => None,
        };
        if let Some(segment) = segment {
            self.audio.video = VideoPlace { next: segment, requested: true, arrived: 0.0 };
        }
        let ended = self.go_on(Until::VideoEnds, watch, observer)?;
        let ended = ended.ok_or(SessionError::NeverEnds(NeverEnds))?;
        if let Some(segment) = segment.filter(|_| ended.failure.is_none() && !ended.abandoned) {
            let arrived = self.video.totals().time;
            self.audio.video = VideoPlace { next: segment + 1, requested: false, arrived };
        }
        Ok(ended)
    }

    /// Lets `time` ms pass.
    pub(super) fn wait(
        &mut self,
        time: f64,
        observer: &mut impl Observer,
    ) -> Result<(), SessionError> {
        self.go_on(Until::Passed(time), None, observer).map(drop)
    }

    /// Goes on until media is shown; returns for how long, in ms.
    pub(super) fn wait_for_audio(
        &mut self,
        observer: &mut impl Observer,
    ) -> Result<f64, SessionError> {
        let from = self.video.totals().time;
        self.go_on(Until::Playing, None, observer)?;
        Ok(self.video.totals().time - from)
    }

    /// Goes on to the end of the last request for audio.
    pub(super) fn complete(&mut self, observer: &mut impl Observer) -> Result<(), SessionError> {
        self.go_on(Until::AudioComplete, None, observer).map(drop)
    }

    fn is_reached(&self, until: Until, gone: f64) -> bool {
        match until {
            Until::Passed(time) => time - gone <= EMPTY,
            Until::VideoEnds => false,
            Until::Playing => self.audio.buffer.is_playing(self.video),
            Until::AudioComplete => self.audio.is_complete(self.presentation),
        }
    }

    /// Goes on `until` then, or to the end of the video's download.
    fn go_on(
        &mut self,
        until: Until,
        mut watch: Option<VideoWatch<'_>>,
        observer: &mut impl Observer,
    ) -> Result<Option<Download>, SessionError> {
        let mut gone = 0.0;
        while !self.is_reached(until, gone) {
            let due = self.audio.request(self.network, self.video, self.presentation)?;
            let left = match until {
                Until::Passed(time) => time - gone,
                _ => f64::INFINITY,
            };
            let level = self.video.level() + gone;
            let mut watch =
                watch.as_mut().map(|watch| move |progress: &Progress| watch(progress, level));
            let watch = watch.as_mut().map(|watch| watch as &mut dyn FnMut(&Progress) -> bool);
            let (passed, ended) = self.network.go_on(due.min(left), watch)?;
            gone += passed;
            self.audio.buffer.advance(passed, self.video, observer);
            if let State::Waits(left) = &mut self.audio.state {
                *left -= passed;
            }
            match ended {
                Some((VIDEO, download)) => return Ok(Some(download)),
                Some((_, download)) => {
                    self.audio.ended(&download, self.video, self.presentation)?;
                }
                None => {}
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::{Abandoning, BufferGrowth, FullBuffer, Replacement};

    /// Segments of video that are thrown away and downloaded again count as not there: audio waits for them again.
    #[test]
    fn discarded_video_is_not_there_any_more() {
        let policy = SessionPolicy {
            max_buffer: 30_000.0,
            growth: BufferGrowth::Never,
            full: FullBuffer::WaitForRoom,
            scheduling: Scheduling::Earliest,
            replacement: Replacement::Never,
            discard: None,
            abandon: Abandoning::Never,
            startup_rebuffers: false,
            seek: None,
            requests: RequestPolicy::PATIENT,
        };
        let presentation = Presentation::constant(4000.0, vec![1000.0], 20).unwrap();
        let mut audio = AudioStream::new(&policy);
        audio.video = VideoPlace { next: 6, requested: false, arrived: 0.0 };
        audio.next = 5;
        let video = Playback::new(&presentation);
        let turn = |audio: &AudioStream| {
            let places = audio.places(&video, &presentation);
            audio.scheduling.audio_turn(0.0, 0.0, 4000.0, &places)
        };
        assert_eq!(turn(&audio), AudioTurn::WhenItFits);
        audio.video_goes_back(3);
        assert_eq!(turn(&audio), AudioTurn::AfterVideo(f64::INFINITY));
    }
}
