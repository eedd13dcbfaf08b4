//! Waits until a time of day; the only place in the origin that sleeps for a response.

use tokio::time::sleep;

use crate::units::UnixTime;

/// Returns the time of day, which never goes back.
pub(super) type Clock = fn() -> UnixTime;

/// Returns when `clock` has reached `moment`.
pub(super) async fn until(moment: UnixTime, clock: Clock) {
    loop {
        let now = clock();
        if now >= moment {
            return;
        }
        sleep(moment - now).await;
    }
}
