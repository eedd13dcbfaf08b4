//! MPEG transport streams (ISO/IEC 13818-1) as they pass: their media types and media time.

mod reader;

pub(super) use reader::Reader;
