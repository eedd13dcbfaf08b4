//! Edits manifests as a plan requires, and reports the edits.

use super::fault_reporter::FaultReporter;
use crate::{
    media::{
        ManifestFormat,
        edit::{Edition, apply},
    },
    rules::Plan,
    sessions::Session,
};
use bytes::Bytes;

/// Applies the plan's edits to the manifest at `url`, after the origin's version was read. Without rules that edit
/// manifests no state is kept, unless `keep` is set for a script that may need it.
pub(in crate::proxy) fn edit(
    url: &str,
    format: ManifestFormat,
    bytes: Bytes,
    plan: Option<&Plan>,
    session: &Session,
    keep: bool,
    fault_reporter: &FaultReporter,
) -> Bytes {
    let edits = plan.map_or(&[][..], |plan| &plan.manifest);
    if edits.is_empty() && !keep && !session.arming().rules.edits_manifests() {
        return bytes;
    }
    let edition = Edition { url, format, now: session.now() };
    let asked = edits.iter().map(|planned| (&*planned.rule, &planned.effect));
    let edited = session.with_edits(|memory| apply(asked, edition, bytes, memory));
    for (planned, _) in edits.iter().zip(edited.applied).filter(|(_, applied)| *applied) {
        fault_reporter.injected(&planned.rule, planned.effect.as_str(), None);
    }
    edited.bytes
}
