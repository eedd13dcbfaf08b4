//! The field types of entries: a value as written, a value or a list, and a value or a table.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeMap, fmt, marker::PhantomData};

/// One value as written: a text, a number or a boolean. Validation interprets it, and can then report
/// the missing unit of a bare `5`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        self.0.trim()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if let Ok(number) = self.0.parse::<u64>() {
            return to.serialize_u64(number);
        }
        match self.0.parse::<f64>() {
            Ok(number) if number.is_finite() => to.serialize_f64(number),
            _ => to.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl de::Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a single value")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Text, E> {
        Ok(Text(value.to_owned()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }
}

/// One value, or a list of alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Several(Vec<Text>);

impl Several {
    pub(crate) fn as_slice(&self) -> &[Text] {
        &self.0
    }
}

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, text) in self.0.iter().enumerate() {
            write!(f, "{}{text}", if i == 0 { "" } else { "/" })?;
        }
        Ok(())
    }
}

impl Serialize for Several {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(to),
            many => many.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        /// Everything except a list is read as a single value.
        macro_rules! single {
            ($($visit:ident($type:ty)),*) => {$(
                fn $visit<E: de::Error>(self, value: $type) -> Result<Several, E> {
                    TextVisitor.$visit(value).map(|text| Several(vec![text]))
                }
            )*};
        }

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Several;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a single value or a list of them")
            }

            single!(
                visit_str(&str),
                visit_bool(bool),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Several, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Several(texts))
            }
        }

        from.deserialize_any(Visitor)
    }
}

/// One value, or a table with more settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Either<T> {
    /// One value.
    Short(Text),
    /// The table.
    Table(Box<T>),
}

impl<T: Serialize> Serialize for Either<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Short(text) => text.serialize(to),
            Self::Table(table) => table.serialize(to),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Either<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        /// Everything except a table is read as a single value.
        macro_rules! single {
            ($($visit:ident($type:ty)),*) => {$(
                fn $visit<E: de::Error>(self, value: $type) -> Result<Self::Value, E> {
                    TextVisitor.$visit(value).map(Either::Short)
                }
            )*};
        }

        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Either<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a single value or a table")
            }

            single!(
                visit_str(&str),
                visit_bool(bool),
                visit_i64(i64),
                visit_u64(u64),
                visit_f64(f64)
            );

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = T::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Either::Table(Box::new(table)))
            }
        }

        from.deserialize_any(Visitor(PhantomData))
    }
}

/// A table with arbitrary keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Words(pub(crate) BTreeMap<String, Text>);

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(from).map(Self)
    }
}
