//! A timer in session time.

use crate::{sessions::Session, units::SessionTime};
use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::Sleep;

/// Waits until session times, one after the other. The runtime's timer is created with the first wait and then
/// reset.
#[derive(Debug, Default)]
pub(in crate::proxy) struct SessionTimer {
    sleep: Option<Pin<Box<Sleep>>>,
}

impl SessionTimer {
    /// Waits until session time `until`.
    pub(in crate::proxy) fn poll_until(
        &mut self,
        session: &Session,
        until: SessionTime,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let deadline = session.instant(until);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}
