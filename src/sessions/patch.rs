//! A member of a merge patch (RFC 7396): it keeps, restores or sets a value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a change does to one setting. In JSON, a missing member keeps the value, and `null` restores it; so a struct
/// of these needs `#[serde(default)]`, and `skip_serializing_if = "Patch::is_keep"` at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The value stays.
    #[default]
    Keep,
    /// The value is removed: that of the profile or of the command line is in force.
    Restore,
    /// A new value.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// The new value, if there is one: `None` = keep, `Some(None)` = restore.
    #[must_use]
    pub fn new_value(&self) -> Option<Option<&T>> {
        match self {
            Self::Keep => None,
            Self::Restore => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// The same for the value that `to` makes.
    #[must_use]
    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Restore => Patch::Restore,
            Self::Set(value) => Patch::Set(to(value)),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Restore => to.serialize_none(),
            Self::Set(value) => to.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(from)?.map_or(Self::Restore, Self::Set))
    }
}
