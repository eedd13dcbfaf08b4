//! Waiting for a moment of the wall clock: the only place of the origin that sleeps for a response.

use std::time::Duration;

use tokio::time::sleep;

/// Tells the time since the Unix epoch.
pub(super) type Clock = fn() -> Duration;

/// Returns when `clock` has reached `moment`; a clock that is set anew meanwhile is obeyed.
pub(super) async fn until(moment: Duration, clock: Clock) {
    loop {
        let now = clock();
        if now >= moment {
            return;
        }
        sleep(moment - now).await;
    }
}
