//! A body with the faults that a plan applies to its bytes, as a chain of bodies.

use super::{coalesced_body::CoalescedBody, corrupted_body::CorruptedBody};
use crate::{
    proxy::{
        body::source::Source,
        exchange::Exchange,
        upstream::{DirectBody, OriginError},
    },
    rules::Plan,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// The body before the link.
pub(in crate::proxy) enum FaultedBody {
    /// No fault changes its bytes.
    Intact(Source),
    /// The source, and a body around it for each fault: corrupted, then coalesced.
    Chain(UnsyncBoxBody<Bytes, OriginError>),
}

impl FaultedBody {
    /// `source` with the faults of `plan`.
    pub(super) fn new(source: Source, plan: &Plan, exchange: &Exchange) -> Self {
        let mut body = Self::Intact(source);
        if let Some(planned) = &plan.corrupt {
            let reporter = exchange.fault_reporter();
            body = Self::chain(CorruptedBody::new(body, planned, exchange.seed, reporter));
        }
        if let Some(planned) = plan.coalesce.clone() {
            let session = Arc::clone(&exchange.session);
            let reporter = exchange.fault_reporter();
            body = Self::chain(CoalescedBody::new(body, planned, session, reporter));
        }
        body
    }

    /// The origin's body, if nothing changes its bytes.
    pub(in crate::proxy) fn direct(&mut self) -> Option<&mut DirectBody> {
        match self {
            Self::Intact(source) => source.direct(),
            Self::Chain(_) => None,
        }
    }

    /// See [`Source::is_drained`].
    pub(in crate::proxy) fn is_drained(&mut self) -> bool {
        match self {
            Self::Intact(source) => source.is_drained(),
            Self::Chain(_) => false,
        }
    }

    fn chain(body: impl Body<Data = Bytes, Error = OriginError> + Send + 'static) -> Self {
        Self::Chain(body.boxed_unsync())
    }
}

impl Body for FaultedBody {
    type Data = Bytes;
    type Error = OriginError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, OriginError>>> {
        match &mut *self {
            Self::Intact(source) => Pin::new(source).poll_frame(cx),
            Self::Chain(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Intact(source) => source.is_end_stream(),
            Self::Chain(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Intact(source) => source.size_hint(),
            Self::Chain(body) => body.size_hint(),
        }
    }
}
