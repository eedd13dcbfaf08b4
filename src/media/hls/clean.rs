//! Prepares a multivariant playlist for m3u8-rs: only the tags and attributes that it supports remain.
//!
//! On the origin's bytes, m3u8-rs searches for a missing `=` or quote through the rest of the body (quadratic
//! on a hostile one), stops reading an attribute list at an empty string, drops a variant with one bad
//! attribute and assigns its URI to the variant before, does not support variables, and gives no line in its
//! errors. This scanner handles all of that first.

use super::super::{
    Kind, ManifestError, ManifestFormat,
    error::{At, ManifestFault},
};
use super::{
    define::Variables,
    line::{Attribute, Line, attributes, lines},
};

/// Attributes passed on if not empty: quoted strings.
const STRINGS: &[&str] = &[
    "CODECS",
    "AUDIO",
    "SUBTITLES",
    "URI",
    "GROUP-ID",
    "NAME",
    "LANGUAGE",
    "STABLE-VARIANT-ID",
    "STABLE-RENDITION-ID",
    "CHARACTERISTICS",
];

/// The cleaned playlist, and the URIs in it other than those of renditions.
pub(super) struct Clean {
    pub(super) text: String,
    pub(super) others: Vec<(Kind, String)>,
    /// The first part that was left out, and why.
    pub(super) fault: Option<ManifestError>,
}

/// Cleans a playlist, and leaves out renditions beyond `limit`.
pub(super) fn clean(text: &str, variables: &Variables, limit: usize) -> Clean {
    let mut clean = Clean { text: String::from("#EXTM3U\n"), others: Vec::new(), fault: None };
    variables.allow(text.len());
    let mut awaits_uri = false;
    let mut renditions = 0;
    for (number, line) in lines(text) {
        match line {
            Line::Uri(uri) if awaits_uri => {
                clean.text.push_str(&variables.put(uri));
                clean.text.push('\n');
                awaits_uri = false;
            }
            Line::Tag(
                tag @ ("#EXT-X-STREAM-INF"
                | "#EXT-X-I-FRAME-STREAM-INF"
                | "#EXT-X-IMAGE-STREAM-INF"
                | "#EXT-X-MEDIA"),
                list,
            ) => {
                renditions += 1;
                if renditions > limit {
                    let cause = ManifestFault::Excess { what: "renditions", limit };
                    clean.note(ManifestError::new(ManifestFormat::Hls, At::Line(number), cause));
                    awaits_uri = false;
                    continue;
                }
                clean.tag(number, tag, list, variables);
                awaits_uri = tag == "#EXT-X-STREAM-INF";
            }
            Line::Tag(tag, list) => clean.other(tag, list, variables),
            Line::Uri(_) => {}
        }
    }
    clean
}

impl Clean {
    fn note(&mut self, fault: ManifestError) {
        self.fault.get_or_insert(fault);
    }

    fn tag(&mut self, line: usize, tag: &str, list: &str, variables: &Variables) {
        // An image stream is treated as an I-frame stream: a rendition for trick play.
        let images = tag == "#EXT-X-IMAGE-STREAM-INF";
        self.text.push_str(if images { "#EXT-X-I-FRAME-STREAM-INF" } else { tag });
        self.text.push(':');
        let mut bandwidth = 0_u64;
        for attribute in attributes(list) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                // The attributes before the fault are kept.
                Err(rest) => {
                    self.note(broken(line, tag, rest));
                    break;
                }
            };
            if attribute.name == "BANDWIDTH" {
                bandwidth = variables.put(attribute.value).parse().unwrap_or(0);
            } else {
                self.attribute(attribute, variables);
            }
        }
        if tag == "#EXT-X-MEDIA" {
            // Both are mandatory, but some playlists omit them.
            for name in ["GROUP-ID", "NAME"] {
                if super::line::attribute(list, name).is_none_or(str::is_empty) {
                    self.text.push_str(&format!("{name}=\"-\","));
                }
            }
            self.text.push_str("X=0\n");
        } else {
            self.text.push_str(&format!("BANDWIDTH={bandwidth}\n"));
        }
    }

    /// Passes an attribute on, if m3u8-rs can read it.
    fn attribute(&mut self, attribute: Attribute<'_>, variables: &Variables) {
        let Attribute { name, value, quoted } = attribute;
        let value = variables.put(value);
        // The value of a variable may contain characters that no attribute value may.
        if value.is_empty() || value.contains(['"', '\n', '\r']) {
            return;
        }
        match name {
            "RESOLUTION" if is_resolution(&value) => {
                self.text.push_str(&format!("RESOLUTION={value},"));
            }
            "DEFAULT" | "AUTOSELECT" if !quoted && value == "YES" => {
                self.text.push_str(&format!("{name}=YES,"));
            }
            "TYPE" if !quoted => self.text.push_str(&format!("TYPE={value},")),
            _ if quoted && STRINGS.contains(&name) => {
                self.text.push_str(&format!("{name}=\"{value}\","));
            }
            _ => {}
        }
    }

    fn other(&mut self, tag: &str, list: &str, variables: &Variables) {
        let (kind, name) = match tag {
            "#EXT-X-SESSION-KEY" => (Kind::Key, "URI"),
            "#EXT-X-CONTENT-STEERING" => (Kind::Steering, "SERVER-URI"),
            "#EXT-X-SESSION-DATA" => (Kind::Other, "URI"),
            _ => return,
        };
        if let Some(uri) = super::line::attribute(list, name) {
            self.others.push((kind, variables.put(uri).into_owned()));
        }
    }
}

fn is_resolution(value: &str) -> bool {
    let side = |text: &str| text.parse::<u32>().is_ok();
    value.split_once('x').is_some_and(|(width, height)| side(width) && side(height))
}

fn broken(line: usize, tag: &str, rest: &str) -> ManifestError {
    let rest: String = rest.chars().take(24).collect();
    let inside = format!("the attribute list of {tag}, at {rest:?}");
    ManifestError::new(ManifestFormat::Hls, At::Line(line), ManifestFault::Truncated { inside })
}
