//! What happens, as it happens: server-sent events, in the JSON of the event log.

use super::{name::Name, problem::Problem, state::State};
use crate::observers::{Notice, Subscription};
use axum::{
    body::Body,
    extract,
    http::{StatusCode, header},
    response::IntoResponse,
};
use bytes::Bytes;
use hyper::body::Frame;
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Interval;

/// A comment is sent this often, so that what lies between does not take the connection for dead, and
/// a client that is gone is noticed.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// `GET /api/v1/events`
pub(super) async fn all(
    extract::State(state): extract::State<State>,
) -> Result<impl IntoResponse, Problem> {
    stream(&state, None)
}

/// `GET /api/v1/sessions/{id}/events`: until it ends.
pub(super) async fn of_session(
    extract::State(state): extract::State<State>,
    Name(id): Name,
) -> Result<impl IntoResponse, Problem> {
    // First the subscription: an end that comes between is in it, or the session is not found.
    let answer = stream(&state, Some(id.as_str().into()))?;
    state.registry.find(&id)?;
    Ok(answer)
}

fn stream(state: &State, session: Option<Arc<str>>) -> Result<impl IntoResponse + use<>, Problem> {
    let Some(subscription) = state.feed.subscribe(session) else {
        let detail = "too many listen to events already; close one of their connections";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let signs = tokio::time::interval(KEEP_ALIVE_INTERVAL);
    let body = Body::new(Stream { subscription, signs });
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body))
}

/// The body: one frame for each event.
struct Stream {
    subscription: Subscription,
    signs: Interval,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Poll::Ready(told) = self.subscription.poll_next(context) {
            return Poll::Ready(told.map(|told| Ok(Frame::data(text(&told).into()))));
        }
        if self.signs.poll_tick(context).is_ready() {
            let sign = match self.subscription.take_lost() {
                0 => ":\n\n".to_owned(),
                lost => text(&Notice::Lost(lost)),
            };
            return Poll::Ready(Some(Ok(Frame::data(sign.into()))));
        }
        Poll::Pending
    }
}

fn text(told: &Notice) -> String {
    match told {
        Notice::Lost(lost) => format!("event: lost\ndata: {{\"lost\":{lost}}}\n\n"),
        Notice::Event { name, json } => format!("event: {name}\ndata: {json}\n\n"),
    }
}
