//! Edits manifests as a plan requires, and reports the edits.

use crate::{
    media::{
        ManifestFormat,
        edit::{Edition, apply},
    },
    proxy::manifest::work::Work,
};
use bytes::Bytes;

/// Applies the plan's edits to the manifest at `url`, after the origin's version was read. Without rules that edit
/// manifests no state is kept, unless `keep` is set for a script that may need it.
pub(in crate::proxy) fn edit(
    url: &str,
    format: ManifestFormat,
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
    let edition = Edition { url, format, now: session.now().since_zero() };
    let asked = edits.iter().map(|planned| (&*planned.rule, &planned.effect));
    let edited = session.with_edits(|memory| apply(asked, edition, bytes, memory));
    for (planned, _) in edits.iter().zip(edited.applied).filter(|(_, applied)| *applied) {
        work.injected(&planned.rule, planned.effect.as_str());
    }
    edited.bytes
}
