//! A report as a player writes it: CTA-5004 (version 1) and CTA-5004-B (version 2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::{collections::BTreeMap, fmt::Write as _, str::FromStr};

/// What is encoded in a query and in a relative path: everything but RFC 3986's unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The headers and their keys (CTA-5004-B, "Header"); all other keys are sent in CMCD-Status.
const SHARDS: [(&str, &[&str]); 3] = [
    ("cmcd-object", &["br", "d", "ot", "tb"]),
    ("cmcd-request", &["bl", "dl", "ltc", "mtp", "nor", "nrr", "sn", "sta", "su"]),
    ("cmcd-session", &["cid", "msd", "sf", "sid", "st", "v"]),
];
const STATUS: &str = "cmcd-status";

/// A version of CMCD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CmcdVersion {
    /// CTA-5004.
    V1,
    /// CTA-5004-B.
    V2,
}

impl FromStr for CmcdVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "v1" | "1" => Ok(Self::V1),
            "v2" | "2" => Ok(Self::V2),
            _ => Err(format!("`{text}` is not a version of CMCD; write v1 or v2")),
        }
    }
}

/// The keys and values of one report. A key is written once; a later value replaces an earlier one.
#[derive(Debug)]
pub struct CmcdWriter {
    version: CmcdVersion,
    items: BTreeMap<&'static str, String>,
}

impl CmcdWriter {
    /// An empty report.
    #[must_use]
    pub fn new(version: CmcdVersion) -> Self {
        let mut writer = Self { version, items: BTreeMap::new() };
        // Version 1 is the default, and must not be written.
        if version == CmcdVersion::V2 {
            writer.integer("v", 2.0);
        }
        writer
    }

    /// Which version it is written in.
    #[must_use]
    pub const fn version(&self) -> CmcdVersion {
        self.version
    }

    /// A boolean; only `true` is written.
    pub fn flag(&mut self, key: &'static str, value: bool) {
        if value {
            self.items.insert(key, String::new());
        }
    }

    /// A number, rounded to an integer. A value that is not finite is left out.
    pub fn integer(&mut self, key: &'static str, value: f64) {
        if value.is_finite() {
            self.items.insert(key, format!("={:.0}", value.round()));
        }
    }

    /// A number, rounded to the nearest hundred.
    pub fn hundreds(&mut self, key: &'static str, value: f64) {
        self.integer(key, to_hundreds(value));
    }

    /// An integer that version 2 writes as a list, with the type of the object as its parameter.
    pub fn listed(&mut self, key: &'static str, value: f64, object: &str) {
        match self.version {
            CmcdVersion::V1 => self.integer(key, value),
            CmcdVersion::V2 if value.is_finite() => {
                self.items.insert(key, format!("=({:.0};{object})", value.round()));
            }
            CmcdVersion::V2 => {}
        }
    }

    /// The same, rounded to the nearest hundred.
    pub fn listed_hundreds(&mut self, key: &'static str, value: f64, object: &str) {
        self.listed(key, to_hundreds(value), object);
    }

    /// A token, such as an object type.
    pub fn token(&mut self, key: &'static str, value: &str) {
        self.items.insert(key, format!("={value}"));
    }

    /// A string.
    pub fn text(&mut self, key: &'static str, value: &str) {
        self.items.insert(key, format!("={}", quoted(value)));
    }

    /// The next object that will be requested: its path relative to this one, and its bytes (`nor`, `nrr`).
    pub fn next_object(&mut self, path: &str, range: Option<&str>) {
        match self.version {
            CmcdVersion::V1 => {
                let path = utf8_percent_encode(path, ENCODED).to_string();
                self.text("nor", &path);
                if let Some(range) = range {
                    self.text("nrr", range);
                }
            }
            CmcdVersion::V2 => {
                let range = range.map(|range| format!(";r={}", quoted(range)));
                let value = format!("=({}{})", quoted(path), range.unwrap_or_default());
                self.items.insert("nor", value);
            }
        }
    }

    /// The value of the query parameter `CMCD`, encoded.
    #[must_use]
    pub fn query_value(&self) -> String {
        utf8_percent_encode(&dictionary(self.items.iter()), ENCODED).to_string()
    }

    /// The report as a line of a body.
    #[must_use]
    pub fn line(&self) -> String {
        dictionary(self.items.iter())
    }

    /// The headers, names in lower case; one without keys is left out.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let shards = SHARDS.iter().map(|(header, keys)| (*header, Some(*keys)));
        shards.chain([(STATUS, None)]).filter_map(|(header, keys)| {
            let belongs = |key: &str| match keys {
                Some(keys) => keys.contains(&key),
                None => SHARDS.iter().all(|(_, keys)| !keys.contains(&key)),
            };
            let text = dictionary(self.items.iter().filter(|(key, _)| belongs(key)));
            (!text.is_empty()).then_some((header, text))
        })
    }
}

fn dictionary<'a>(items: impl Iterator<Item = (&'a &'static str, &'a String)>) -> String {
    let mut text = String::new();
    for (key, value) in items {
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{key}{value}");
    }
    text
}

/// A string of a structured field: printable ASCII, with `"` and `\` escaped (RFC 9651 §3.3.3). Other
/// characters become `?`.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

fn to_hundreds(value: f64) -> f64 {
    (value / 100.0).round() * 100.0
}

#[cfg(test)]
mod tests {
    use super::super::{super::Protocol, Cmcd, ObjectType};
    use super::*;
    use std::time::Duration;

    fn report(version: CmcdVersion) -> CmcdWriter {
        let mut writer = CmcdWriter::new(version);
        writer.token("ot", "v");
        writer.token("sf", "h");
        writer.listed("br", 2_834.3, "v");
        writer.listed_hundreds("bl", 12_345.0, "v");
        writer.listed_hundreds("mtp", 4_449.0, "v");
        writer.integer("d", 4_000.4);
        writer.hundreds("dl", f64::NAN);
        writer.flag("bs", true);
        writer.flag("su", false);
        writer.text("sid", "a\"b");
        writer.next_object("../v2/seg 3.ts", Some("0-99"));
        writer
    }

    #[test]
    fn both_versions_are_sorted_and_rounded() {
        let plain = |version| {
            let value = report(version).query_value();
            percent_encoding::percent_decode_str(&value).decode_utf8().unwrap().into_owned()
        };
        insta::assert_snapshot!(plain(CmcdVersion::V1), @r#"bl=12300,br=2834,bs,d=4000,mtp=4400,nor="..%2Fv2%2Fseg%203.ts",nrr="0-99",ot=v,sf=h,sid="a\"b""#);
        insta::assert_snapshot!(plain(CmcdVersion::V2), @r#"bl=(12300;v),br=(2834;v),bs,d=4000,mtp=(4400;v),nor=("../v2/seg 3.ts";r="0-99"),ot=v,sf=h,sid="a\"b",v=2"#);
        assert!(!report(CmcdVersion::V1).query_value().contains(['"', ',', '=', '/']));
    }

    #[test]
    fn each_key_is_in_its_header() {
        let headers: Vec<_> = report(CmcdVersion::V1).headers().collect();
        insta::assert_debug_snapshot!(headers, @r#"
        [
            (
                "cmcd-object",
                "br=2834,d=4000,ot=v",
            ),
            (
                "cmcd-request",
                "bl=12300,mtp=4400,nor=\"..%2Fv2%2Fseg%203.ts\",nrr=\"0-99\"",
            ),
            (
                "cmcd-session",
                "sf=h,sid=\"a\\\"b\"",
            ),
            (
                "cmcd-status",
                "bs",
            ),
        ]
        "#);
    }

    /// What is written can be read again.
    #[test]
    fn the_reader_understands_the_writer() {
        for version in [CmcdVersion::V1, CmcdVersion::V2] {
            let writer = report(version);
            let query = format!("a=1&CMCD={}&b=2", writer.query_value());
            let headers: Vec<String> = writer.headers().map(|(_, text)| text).collect();
            for read in
                [Cmcd::of_query(&query), Cmcd::of_dictionaries(headers.iter().map(String::as_str))]
            {
                let read = read.unwrap().unwrap();
                assert_eq!(read.object, Some(ObjectType::Video));
                assert_eq!(read.protocol, Some(Protocol::Hls));
                assert_eq!(read.bitrate.unwrap().bits_per_second(), 2_834_000);
                assert_eq!(read.buffer, Some(Duration::from_millis(12_300)));
                assert_eq!(read.session.as_deref(), Some("a\"b"));
                assert!(read.starved);
            }
        }
    }
}
