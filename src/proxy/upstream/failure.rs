//! Failures of requests to origins, mapped to the error that the player gets.

use super::{
    answer_framing::AmbiguousLength,
    guard::{OwnAddress, PrivateAddress},
    places::{NoPlace, is_exhausted},
};
use crate::{
    proxy::error::{Cause, ProxyError, chain, deeper},
    sessions::Origin,
};
use http_body_util::LengthLimitError;
use std::error::Error as StdError;

/// Why there is no response.
pub(super) struct Failure {
    pub(super) error: Box<dyn StdError + Send + Sync>,
    /// It failed while connecting.
    pub(super) connecting: bool,
}

impl Failure {
    /// The error for the player.
    pub(super) fn to_proxy_error(&self, origin: &Origin) -> ProxyError {
        let error = self.error.as_ref();
        if find::<OwnAddress>(error).is_some() {
            return ProxyError::Loop(origin.to_string());
        }
        if let Some(PrivateAddress(address)) = find(error) {
            return ProxyError::Private { host: origin.authority.to_string(), address: *address };
        }
        if any_cause(error, &|cause| cause.is::<NoPlace>() || is_exhausted(cause)) {
            return ProxyError::Busy;
        }
        if find::<AmbiguousLength>(error).is_some() {
            let (cause, problem) = (Cause::Garbage, format!("{origin}: {error}"));
            return ProxyError::Upstream { cause, problem };
        }
        request_body_error(error).unwrap_or_else(|| ProxyError::Upstream {
            cause: Cause::of(error, self.connecting),
            problem: format!("{origin}: {}", chain(error)),
        })
    }
}

fn any_cause(
    error: &(dyn StdError + 'static),
    is: &dyn Fn(&(dyn StdError + 'static)) -> bool,
) -> bool {
    is(error) || deeper(error).is_some_and(|cause| any_cause(cause, is))
}

/// The first `E` in the chain of `error`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    error.downcast_ref().or_else(|| deeper(error).and_then(find))
}

/// The error of the player's request body, if that is the cause of `error`.
fn request_body_error(error: &(dyn StdError + 'static)) -> Option<ProxyError> {
    if error.is::<LengthLimitError>() {
        return Some(ProxyError::TooLarge);
    }
    let source = error.source()?;
    let deeper = request_body_error(source);
    let body_failed = error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_user);
    deeper.or_else(|| body_failed.then(|| ProxyError::Body(chain(source))))
}
