//! Manifests: decodes them, stores their information in the session, edits and rewrites them.

mod content_coding;
pub(super) mod content_codings;
pub(super) mod context;
pub(super) mod transform;
pub(super) mod work;
