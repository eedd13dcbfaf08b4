//! The player is started by someone else, at one address: each playback of it gets the next scenario.

use super::{super::own_proxy::OwnProxy, watch::Armed};
use crate::{
    args::ListenAddress,
    commands::{Failure, output},
};
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};
use tokio::{net::TcpListener, time::interval};

/// Between two looks at the session.
const LOOK: Duration = Duration::from_millis(250);
/// A player that requests nothing for this long has ended the scenario.
const IDLE: Duration = Duration::from_secs(25);

/// Where the next playback goes; empty when there is none left.
type Next = Arc<Mutex<String>>;

/// Hands out the scenarios one after the other, until the last is over.
pub(super) async fn play(
    start_at: &ListenAddress,
    proxy: &OwnProxy,
    armed: &[Armed],
) -> Result<(), Failure> {
    let failed = |error| Failure::running(format_args!("--start-at {start_at}: {error}"));
    let address = start_at.resolve().map_err(failed)?;
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let next = Next::default();
    let router = Router::new().fallback(redirect).with_state(Arc::clone(&next));
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    output::tell(&format!(
        "Play http://{address}/ once for each of {} scenarios. A scenario ends after its time, or when the\n\
         player has asked for nothing for {} s. Ctrl-C ends the series; what was seen by then is written.\n",
        armed.len(),
        IDLE.as_secs()
    ));
    for (number, one) in armed.iter().enumerate() {
        let (name, summary) = (one.scenario.name, one.scenario.summary);
        let seconds = one.scenario.seconds;
        next.lock().clone_from(&one.url);
        output::tell(&format!(
            "{} of {}: {name}: {summary} ({seconds} s). Start the player.\n",
            number + 1,
            armed.len()
        ));
        over(proxy, one).await;
    }
    serving.abort();
    Ok(())
}

/// Waits until a scenario has begun and is over.
async fn over(proxy: &OwnProxy, one: &Armed) {
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        let Some((time, idle)) = proxy.progress(&one.session) else { return };
        if time.is_some_and(|time| time >= one.lasts() || idle >= IDLE) {
            return;
        }
    }
}

/// To the present scenario. A player that starts again within it, or requests its manifest again, stays in it.
async fn redirect(State(next): State<Next>) -> Response {
    let url = next.lock().clone();
    let headers = [
        (header::LOCATION, url),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
    ];
    (StatusCode::TEMPORARY_REDIRECT, headers).into_response()
}
