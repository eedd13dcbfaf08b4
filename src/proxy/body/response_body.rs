//! The response body that a player is sent: shaped by its session's link, or plain for the proxy's own responses.

use super::{
    shaped_body::{BodyError, ShapedBody},
    source::Source,
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// A response body on a player's connection.
pub(in crate::proxy) enum PlayerBody {
    /// Shaped by the session's link.
    Shaped(Box<ShapedBody>),
    /// Not shaped: refusals and redirects by the proxy.
    Plain(Box<Source>),
}

impl PlayerBody {
    /// It, if it is shaped by the session's link.
    pub(in crate::proxy) fn shaped(&mut self) -> Option<&mut ShapedBody> {
        match self {
            Self::Shaped(body) => Some(body),
            Self::Plain(_) => None,
        }
    }
}

impl Body for PlayerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Shaped(body) => Pin::new(body.as_mut()).poll_frame(cx),
            Self::Plain(source) => {
                let next = Pin::new(source.as_mut()).poll_frame(cx);
                next.map(|frame| frame.map(|frame| frame.map_err(BodyError::Origin)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Shaped(body) => body.is_end_stream(),
            Self::Plain(source) => source.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Shaped(body) => body.size_hint(),
            Self::Plain(source) => source.size_hint(),
        }
    }
}
