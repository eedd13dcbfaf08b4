//! Entry types that are read from tables only. Serde would also accept a list of their values in order.

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
    forward_to_deserialize_any,
};
use std::fmt;

/// Passes a table to a derived entry type, and rejects other values with that type's error text.
pub(crate) struct TableOnly<D>(pub(crate) D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for TableOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(TableVisitor(visitor))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier
        ignored_any
    }
}

struct TableVisitor<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for TableVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(map)
    }
}

/// Completes entry types that derive with `#[serde(remote = "Self")]`, so that they accept only tables.
macro_rules! tables_only {
    ($($mirror:ty),+ $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $mirror {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                // The derived function, not this one: it goes before the trait's.
                Self::deserialize($crate::document::TableOnly(from))
            }
        }

        impl serde::Serialize for $mirror {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, to)
            }
        }
    )+};
}
pub(crate) use tables_only;

/// Defines entry types for tables with optional keys. Unknown keys are errors; the text shows an example
/// of the table.
macro_rules! tables {
    ($($(#[doc = $doc:literal])* $name:ident $example:literal {
        $($(#[$rename:meta])? $field:ident: $type:ty,)*
    })*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(
            default,
            deny_unknown_fields,
            rename_all = "kebab-case",
            remote = "Self",
            expecting = $example
        )]
        pub(crate) struct $name {
            $($(#[$rename])? #[serde(skip_serializing_if = "Option::is_none")]
            pub(crate) $field: Option<$type>,)*
        }

        $crate::document::tables_only!($name);
    )*};
}
pub(crate) use tables;
