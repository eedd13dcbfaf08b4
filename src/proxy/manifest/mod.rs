//! Manifests: decoded, learnt from, edited and rewritten.

pub(super) mod content_coding;
pub(super) mod transform;
pub(super) mod work;
