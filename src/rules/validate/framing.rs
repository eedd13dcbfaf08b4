//! Validates `framing`: a body without a length, or with an invalid chunk size.

use super::values::point;
use crate::{
    document::{Either, Scope, one_of},
    rules::{
        effect::{Cut, Ending, Framing, Length, Point},
        then_entry::FramingTable,
    },
    units::ByteSize,
};

const CLOSE: &str = "close";
const BAD_CHUNK: &str = "bad-chunk";

/// Validates `framing`; `scope` is the table around it. A bad chunk is a cut: see [`chunk_cut`].
pub(super) fn framing(
    written: Option<&Either<FramingTable>>,
    scope: &Scope<'_>,
) -> Option<Framing> {
    let Either::Short(text) = written? else { return None };
    match text.as_str() {
        CLOSE => Some(Framing::Close),
        BAD_CHUNK => None,
        other => {
            let hint = one_of(other, &[CLOSE, BAD_CHUNK]);
            scope.at("framing").fault(format!("`{other}` is not a framing"), hint);
            None
        }
    }
}

/// Whether `framing` is `bad-chunk`.
pub(super) fn bad_chunk(written: Option<&Either<FramingTable>>) -> bool {
    match written {
        None => false,
        Some(Either::Short(text)) => text.as_str() == BAD_CHUNK,
        Some(Either::Table(_)) => true,
    }
}

/// The cut for `bad-chunk`: at the start of the body, or at a point.
pub(super) fn chunk_cut(written: Option<&Either<FramingTable>>, scope: &Scope<'_>) -> Option<Cut> {
    let at = match written.filter(|written| bad_chunk(Some(written)))? {
        Either::Short(_) => Point::Bytes(ByteSize::default()),
        Either::Table(table) => {
            let at = scope.at("framing");
            let need = at.need("bad-chunk", table.bad_chunk.as_ref(), "bad-chunk = \"50 %\"");
            point("bad-chunk", need, &at)?
        }
    };
    Some(Cut { at, ending: Ending::BadChunk, length: Length::Drop })
}
