//! The entry point for all edits of manifests.

use super::{
    EditMemory, ManifestEdit,
    edition::Edition,
    kinds::Amount,
    media_playlist, mpd, multivariant,
    playlist::{is_multivariant, text},
};
use crate::media::ManifestFormat;
use bytes::Bytes;

/// An edited manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The edited bytes.
    pub bytes: Bytes,
    /// For each edit, in order, whether it was applied: it changed something, or (a freeze of a manifest or of
    /// its `publishTime`) keeps the served version at the one first seen.
    pub applied: Vec<bool>,
}

/// Edits a manifest: `bytes` is the newest version, `edits` are made in their order, each under the name of its
/// rule (which identifies freezes).
///
/// To know older versions, `memory` must see every version that passes: call this also when there
/// is nothing to edit. Pure but for `memory`; linear in the manifest and the number of edits.
#[must_use]
pub fn apply<'e>(
    edits: impl Iterator<Item = (&'e str, &'e ManifestEdit)> + Clone,
    edition: Edition<'_>,
    bytes: Bytes,
    memory: &mut EditMemory,
) -> Edited {
    let past = memory.note(&edition, &bytes);
    past.unfreeze(&edits);
    let mut edited = Edited { bytes, applied: Vec::new() };
    for (rule, edit) in edits {
        let bytes = edited.bytes.clone();
        let new = match edit {
            ManifestEdit::Freeze(lasts) => past.frozen(rule, *lasts, edition.now, bytes),
            ManifestEdit::GoBack(segments) => match past.older((*segments).into()) {
                Some(older) => older,
                None => rewritten(&ManifestEdit::Lag(*segments), edition.format, bytes, past),
            },
            ManifestEdit::Empty => Bytes::new(),
            ManifestEdit::Truncate(amount) => truncated(*amount, &bytes),
            edit => rewritten(edit, edition.format, bytes, past),
        };
        edited.applied.push(match edit {
            ManifestEdit::Freeze(_) => past.is_frozen(rule),
            ManifestEdit::PublishTime => past.published.is_some(),
            _ => new != edited.bytes,
        });
        edited.bytes = new;
    }
    edited
}

/// An edit of the manifest's text.
fn rewritten(
    edit: &ManifestEdit,
    format: ManifestFormat,
    bytes: Bytes,
    past: &super::memory::Past,
) -> Bytes {
    let Some(text) = text(&bytes) else { return bytes };
    let new = match format {
        ManifestFormat::Hls if is_multivariant(text) => multivariant::edit(edit, text),
        ManifestFormat::Hls => media_playlist::edit(edit, text, past),
        ManifestFormat::Mpd => mpd::edit(edit, text, past),
        // Other formats are not edited.
        _ => None,
    };
    new.map_or(bytes, Bytes::from)
}

fn truncated(amount: Amount, bytes: &Bytes) -> Bytes {
    let end = match amount {
        Amount::Bytes(size) => size.as_usize(),
        Amount::Share(share) => (bytes.len() as f64 * share.get()) as usize,
        Amount::Lines(0) => 0,
        Amount::Lines(lines) => {
            memchr::memchr_iter(b'\n', bytes).nth(lines - 1).map_or(bytes.len(), |at| at + 1)
        }
    };
    bytes.slice(..end.min(bytes.len()))
}
