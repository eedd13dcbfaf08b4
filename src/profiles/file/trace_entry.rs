//! The entry `trace` of a profile: a file name, or a table with options.

use crate::document::{Text, tables};
use serde::{
    Deserialize as _, Deserializer,
    de::{
        Error, MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};
use std::fmt;

tables! {
    /// `trace`
    TraceTable "a table, as in { file = \"drive.csv\" }" {
        file: Text,
        data: Text,
        format: Text,
        time_column: Text,
        rate_column: Text,
        time_unit: Text,
        rate_unit: Text,
        step: Text,
        bin: Text,
    }
}

/// Reads either form: `trace = "drive.csv"` is short for `trace = { file = "drive.csv" }`.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<TraceTable>, D::Error> {
    from.deserialize_any(TraceVisitor).map(Some)
}

struct TraceVisitor;

impl<'de> Visitor<'de> for TraceVisitor {
    type Value = TraceTable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a file's name, as in \"drive.csv\", or a table, as in { file = \"drive.csv\" }",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<TraceTable, E> {
        let file = Text::deserialize(StrDeserializer::<E>::new(name))?;
        Ok(TraceTable { file: Some(file), ..TraceTable::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TraceTable, A::Error> {
        TraceTable::deserialize(MapAccessDeserializer::new(map))
    }
}
