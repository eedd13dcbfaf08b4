//! A reference to an algorithm, and a box with one, are algorithms.

use super::{Abr, Choice, State};
use crate::player::{network::Progress, presentation::Presentation, session_report::SessionReport};

/// Forwards every method to the algorithm behind the pointer.
macro_rules! forward {
    ($pointer:ty) => {
        impl<T: Abr + ?Sized> Abr for $pointer {
            fn first(&mut self) -> usize {
                (**self).first()
            }

            fn choose(&mut self, state: &State<'_>) -> Choice {
                (**self).choose(state)
            }

            fn abandon(
                &mut self,
                state: &State<'_>,
                rung: usize,
                progress: &Progress,
                level: f64,
            ) -> Option<usize> {
                (**self).abandon(state, rung, progress, level)
            }

            fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
                (**self).on_first(state, report);
            }

            fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
                (**self).on_download(state, report);
            }

            fn on_wait(&mut self, time: f64) {
                (**self).on_wait(time);
            }

            fn estimate(&self) -> Option<f64> {
                (**self).estimate()
            }

            fn failure(&self) -> Option<&str> {
                (**self).failure()
            }

            fn ideal(&self, state: &State<'_>) -> Option<usize> {
                (**self).ideal(state)
            }

            fn on_discard(&mut self, rung: usize) {
                (**self).on_discard(rung);
            }

            fn on_seek(&mut self, target: f64, presentation: &Presentation) {
                (**self).on_seek(target, presentation);
            }
        }
    };
}

forward!(&mut T);
forward!(Box<T>);
