//! A response as a script sees it, before its body is sent.

use http::HeaderMap;
use rhai::{Dynamic, INT, Map};

/// The properties of a response that are known before its body is sent.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: u16,
    /// The length of its body in bytes, if known.
    pub length: Option<u64>,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl Answer<'_> {
    /// The map for the script; an unknown length is `()`. Header names are in lower case. Values that
    /// are not text are left out; several values of one header are joined with commas.
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
