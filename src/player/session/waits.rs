//! The waits of a session: for room in the buffer, and for late audio.

use super::Session;
use crate::player::{
    abr::Abr,
    audio_buffer::EMPTY,
    estimator::Estimator,
    network::Network,
    playback::{Observer, WaitCause},
    session_error::SessionError,
    session_policy::FullBuffer,
};

impl<N, A, E> Session<'_, N, A, E>
where
    N: Network,
    A: Abr + ?Sized,
    E: Estimator + ?Sized,
{
    /// Sleeps until the next segment fits; returns the time.
    pub(super) fn wait_for_room(
        &mut self,
        observer: &mut impl Observer,
    ) -> Result<f64, SessionError> {
        if self.policy.full != FullBuffer::WaitForRoom {
            return Ok(0.0);
        }
        let most = self.policy.max_buffer + self.policy.growth.beyond(self.presentation, self.last);
        let over = self.playback.level() + self.presentation.segment() - most;
        let mut waited = 0.0;
        if over > 0.0 {
            let over = self.policy.scheduling.wait(over);
            self.wait(WaitCause::FullBuffer, over, observer)?;
            waited = over + self.wait_longer(most, observer)?;
        }
        waited += self.wait_for_late_audio(observer)?;
        if waited > 0.0 {
            self.control.waited(waited);
        }
        Ok(waited)
    }

    /// Sleeps while the video is too far ahead of the audio; returns the time.
    fn wait_for_late_audio(&mut self, observer: &mut impl Observer) -> Result<f64, SessionError> {
        let mut slept = 0.0;
        loop {
            let Some(audio) = &self.audio else { return Ok(slept) };
            let presentation = self.presentation;
            let places = audio.places(&self.playback, presentation);
            let (ended, segment) = (audio.is_complete(presentation), presentation.segment());
            let wait = self.policy.scheduling.video_wait(segment, &places, ended);
            if wait <= 0.0 {
                return Ok(slept);
            }
            self.wait(WaitCause::FullBuffer, wait, observer)?;
            slept += wait;
        }
    }

    /// Sleeps on until the next segment fits into `most` ms, where playback stood still for audio; returns the time.
    fn wait_longer(
        &mut self,
        most: f64,
        observer: &mut impl Observer,
    ) -> Result<f64, SessionError> {
        let segment = self.presentation.segment();
        let mut slept = 0.0;
        while let Some(mut beside) = self.beside_audio() {
            let over = beside.video.level() + segment - most;
            if over <= EMPTY {
                break;
            }
            slept += beside.wait_for_audio(observer)?;
            self.wait(WaitCause::FullBuffer, over, observer)?;
            slept += over;
        }
        Ok(slept)
    }

    /// Sleeps in steps while there is too much in the buffer.
    pub(super) fn sleep_when_full(
        &mut self,
        observer: &mut impl Observer,
    ) -> Result<(), SessionError> {
        let FullBuffer::SleepInSteps(step) = self.policy.full else { return Ok(()) };
        let over = self.playback.level() - self.policy.max_buffer;
        if over > 0.0 {
            let time = (over / step).ceil() * step;
            self.wait(WaitCause::FullBuffer, time, observer)?;
        }
        Ok(())
    }

    /// Sleeps `time` ms.
    pub(super) fn wait(
        &mut self,
        cause: WaitCause,
        time: f64,
        observer: &mut impl Observer,
    ) -> Result<(), SessionError> {
        if time > 0.0 {
            if let Some(mut beside) = self.beside_audio() {
                beside.wait(time, observer)?;
            } else {
                self.playback.advance(time, observer);
                self.network.wait(time);
                self.note_changes(observer);
            }
            observer.waited(cause, time, self.playback.level());
        }
        Ok(())
    }
}
