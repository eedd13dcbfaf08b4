//! The mirror of a list of rules; no logic. An item is a table, or a text: the name of a ready fault
//! or a rule in the short form. One text may stand for the whole list.

use super::entry::RuleEntry;
use crate::document::Text;
use serde::{Deserialize, Deserializer, Serialize, de};
use std::fmt;

/// A rule of a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum RuleItem {
    /// The name of a ready fault, or rules in the short form.
    Short(Text),
    /// A rule written out.
    Full(Box<RuleEntry>),
}

/// Rules in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct RuleList(pub(crate) Vec<RuleItem>);

impl From<Vec<RuleEntry>> for RuleList {
    fn from(entries: Vec<RuleEntry>) -> Self {
        Self(entries.into_iter().map(|entry| RuleItem::Full(Box::new(entry))).collect())
    }
}

impl<'de> Deserialize<'de> for RuleItem {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> de::Visitor<'de> for ItemVisitor {
    type Value = RuleItem;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a rule, as in { when = { kind = \"segment\" }, then = { delay = \"2 s\" } }, \
             or a text, as in \"stuck-playlist\" or \"segment.audio:delay=2s\"",
        )
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<RuleItem, E> {
        Text::deserialize(de::value::StrDeserializer::new(value)).map(RuleItem::Short)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<RuleItem, A::Error> {
        let entry = RuleEntry::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(RuleItem::Full(Box::new(entry)))
    }
}

impl<'de> Deserialize<'de> for RuleList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ListVisitor)
    }
}

struct ListVisitor;

impl<'de> de::Visitor<'de> for ListVisitor {
    type Value = RuleList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rules, as in [\"stuck-playlist\", \"segment.audio:delay=2s\"]")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<RuleList, E> {
        ItemVisitor.visit_str(value).map(|item| RuleList(vec![item]))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<RuleList, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(RuleList(items))
    }
}
