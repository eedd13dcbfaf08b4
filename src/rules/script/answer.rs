//! An answer as a script sees it, before its body is sent.

use http::HeaderMap;
use rhai::{Dynamic, INT, Map};

/// What is known of an answer before its body is sent.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// The bytes of its body, if that is known.
    pub length: Option<u64>,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl Answer<'_> {
    /// The map; an unknown length is `()`. Headers by their names in small letters; those that are no
    /// text are left out, those that come several times are joined by commas.
    pub(super) fn map(&self) -> Map {
        let mut headers = Map::new();
        for name in self.headers.keys() {
            let values = self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            let texts: Vec<_> = values.collect();
            if !texts.is_empty() {
                headers.insert(name.as_str().into(), texts.join(", ").into());
            }
        }
        let length = self
            .length
            .map_or(Dynamic::UNIT, |bytes| Dynamic::from(INT::try_from(bytes).unwrap_or(INT::MAX)));
        Map::from_iter([
            ("status".into(), Dynamic::from(INT::from(self.status))),
            ("length".into(), length),
            ("headers".into(), headers.into()),
        ])
    }
}
