//! Waits until a time of day; the only place in the origin that sleeps for a response.

use std::time::Duration;

use tokio::time::sleep;

/// Returns the time since the Unix epoch.
pub(super) type Clock = fn() -> Duration;

/// Returns when `clock` has reached `moment`. It notices when the clock is changed in the meantime.
pub(super) async fn until(moment: Duration, clock: Clock) {
    loop {
        let now = clock();
        if now >= moment {
            return;
        }
        sleep(moment - now).await;
    }
}
