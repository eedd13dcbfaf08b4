//! Reads a body before it is passed on: only its first bytes, or the whole body up to a limit.

use super::{observed_body::ObservedBody, source::Source};
use crate::{
    memory::{Charge, UsedUp, charged},
    proxy::{
        error::chain,
        upstream::{OriginBody, OriginError},
    },
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

/// Bodies up to this length may use the reserve. Longer ones are charged in steps.
const USUAL: usize = 1 << 20;
const STEP: usize = 64 * 1024;

/// A body, the bytes read so far, and how reading ended.
pub(in crate::proxy) struct ReadAhead {
    bytes: BytesMut,
    body: OriginBody,
    end: Option<Result<(), OriginError>>,
    charge: Charge,
    /// Why there is no memory for the rest.
    refused: Option<UsedUp>,
}

impl ReadAhead {
    /// `body`, whose bytes are added to `charge`.
    pub(in crate::proxy) fn new(body: OriginBody, charge: Charge) -> Self {
        Self { bytes: BytesMut::new(), body, end: None, charge, refused: None }
    }

    /// The bytes read so far.
    pub(in crate::proxy) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Why there is no memory for the rest of the body, if reading ended because of that.
    pub(in crate::proxy) const fn refused(&self) -> Option<UsedUp> {
        self.refused
    }

    /// Charges the bytes read so far. What has a usual length may use the reserve.
    fn charge(&mut self) {
        let more = self.bytes.len().saturating_sub(self.charge.bytes());
        let charged = match self.bytes.len() {
            _ if more == 0 => Ok(()),
            ..=USUAL => self.charge.stretch(more),
            _ => self.charge.grow(more.max(STEP)),
        };
        self.refused = charged.err();
    }

    /// Reads until `enough` returns true or the body ends, or there is no memory for more of it.
    pub(in crate::proxy) async fn fill(&mut self, enough: impl Fn(&[u8]) -> bool) {
        while self.end.is_none() && self.refused.is_none() && !enough(&self.bytes) {
            match self.body.frame().await {
                // Trailers of a manifest are dropped.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.bytes.extend_from_slice(&data);
                        self.charge();
                    }
                }
                Some(Err(error)) => self.end = Some(Err(error)),
                None => self.end = Some(Ok(())),
            }
        }
    }

    /// Reads the rest. Returns whether the body is complete and not larger than `most` bytes.
    pub(in crate::proxy) async fn whole(&mut self, most: usize) -> bool {
        let expected = self.bytes.len() as u64 + self.body.size_hint().lower();
        if expected <= most as u64 {
            self.fill(|bytes| bytes.len() > most).await;
        }
        self.bytes.len() <= most && matches!(self.end, Some(Ok(())))
    }

    /// Why the body is not complete.
    pub(in crate::proxy) fn problem(&self, most: usize) -> String {
        match &self.end {
            Some(Err(error)) => chain(error),
            _ => format!("it is larger than {most} bytes"),
        }
    }

    /// The bytes read, and what they are charged to.
    pub(in crate::proxy) fn into_bytes(self) -> (Bytes, Charge) {
        (self.bytes.freeze(), self.charge)
    }

    /// A source of the bytes read, followed by the rest of the body.
    pub(in crate::proxy) fn into_source(self) -> Source {
        let ready = charged(self.bytes, self.charge);
        match self.end {
            None => Source::then(ready, ObservedBody::new(self.body, None)),
            Some(Ok(())) => Source::from(ready),
            Some(Err(error)) => Source::broken(ready, error),
        }
    }
}
