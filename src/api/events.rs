//! Live events as server-sent events, in the JSON of the event log.

use super::{name::Name, problem::Problem, state::State};
use crate::observers::{Notice, Subscription};
use axum::{
    body::Body,
    extract,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
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

/// A comment is sent at this interval, so that intermediaries keep the connection open, and a client that is gone is
/// detected.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(15);

/// The data of the first event of a stream. It says which version of the schema the data of all other events have.
const SCHEMA: &str = r#"{"schema":1}"#;

/// The number of the last event that a client has received, which it sends when it connects again. An invalid one is
/// ignored, as for a client that connects for the first time.
pub(super) struct LastEvent(Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for LastEvent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let id = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        Ok(Self(id.and_then(|id| id.trim().parse().ok())))
    }
}

/// `GET /api/v1/events`
pub(super) async fn all(
    extract::State(state): extract::State<State>,
    LastEvent(after): LastEvent,
) -> Result<impl IntoResponse, Problem> {
    stream(&state, None, after)
}

/// `GET /api/v1/sessions/{id}/events`: the events until the session ends.
pub(super) async fn of_session(
    extract::State(state): extract::State<State>,
    Name(id): Name,
    LastEvent(after): LastEvent,
) -> Result<impl IntoResponse, Problem> {
    // Subscribe first: if the session ends in between, its end is in the subscription or the session is not found.
    let answer = stream(&state, Some(id.as_str().into()), after)?;
    state.registry.locate(&id).await?;
    Ok(answer)
}

fn stream(
    state: &State,
    session: Option<Arc<str>>,
    after: Option<u64>,
) -> Result<impl IntoResponse + use<>, Problem> {
    let Some(subscription) = state.feed.subscribe(session, after) else {
        let detail = "there are too many event streams; close one of them";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail));
    };
    let keep_alive = tokio::time::interval(KEEP_ALIVE_INTERVAL);
    let body = Body::new(Stream { begun: false, subscription, keep_alive });
    Ok(([(header::CONTENT_TYPE, "text/event-stream")], body))
}

/// The response body: one frame per event.
struct Stream {
    /// Whether the version of the schema was sent.
    begun: bool,
    subscription: Subscription,
    keep_alive: Interval,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if !self.begun {
            self.begun = true;
            // With an id, so that a client that connects again before its first event misses nothing.
            let (id, name, json) = (self.subscription.start(), "schema", SCHEMA.to_owned());
            let first = text(&Notice::Event { id, name, json });
            return Poll::Ready(Some(Ok(Frame::data(first.into()))));
        }
        if let Poll::Ready(notice) = self.subscription.poll_next(context) {
            return Poll::Ready(notice.map(|notice| Ok(Frame::data(text(&notice).into()))));
        }
        if self.keep_alive.poll_tick(context).is_ready() {
            let comment = match self.subscription.take_lost() {
                0 => ":\n\n".to_owned(),
                lost => text(&Notice::Lost(lost)),
            };
            return Poll::Ready(Some(Ok(Frame::data(comment.into()))));
        }
        Poll::Pending
    }
}

fn text(notice: &Notice) -> String {
    match notice {
        Notice::Lost(lost) => format!("event: lost\ndata: {{\"lost\":{lost}}}\n\n"),
        Notice::Event { id, name, json } => {
            format!("id: {id}\nevent: {name}\ndata: {json}\n\n")
        }
    }
}
