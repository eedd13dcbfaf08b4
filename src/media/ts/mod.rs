//! MPEG transport streams (ISO/IEC 13818-1) as they pass: what they carry, and how their time goes.

mod reader;

pub(super) use reader::Reader;
