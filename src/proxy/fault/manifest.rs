//! Manifests made wrong: the session's memory, the pure edits, and what is told of them.

use crate::{
    media::{
        ManifestFormat,
        edit::{Edition, apply},
    },
    proxy::manifest::work::Work,
};
use bytes::Bytes;

/// Edits a manifest of `url` as the request's plan asks, after the origin's own was learnt. Without
/// rules about manifests nothing is remembered, unless asked to `keep` what a script may need.
pub(in crate::proxy) fn edit(
    (url, format): (&str, ManifestFormat),
    bytes: Bytes,
    work: &Work,
    keep: bool,
) -> Bytes {
    let plan = work.plan();
    let edits = plan.map_or(&[][..], |plan| &plan.manifest);
    let session = work.session();
    if edits.is_empty() && !keep && !session.arming().rules.edits_manifests() {
        return bytes;
    }
    let edition = Edition { url, format, now: session.now() };
    let asked = edits.iter().map(|planned| (&*planned.rule, &planned.effect));
    let edited = apply(asked, edition, bytes, &mut session.edits.lock());
    for (planned, _) in edits.iter().zip(edited.applied).filter(|(_, applied)| *applied) {
        work.injected(&planned.rule, planned.effect.as_str());
    }
    edited.bytes
}
