//! Playlist variables: EXT-X-DEFINE and the references `{$name}`.

use super::{
    super::budget::Budget,
    line::{Line, attribute, lines},
};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, collections::HashMap};
use url::Url;

/// The most variables of a playlist, definitions read, and bytes of all values.
const VARIABLES: usize = 256;
const DEFINITIONS: usize = 1024;
const VALUES: usize = 64 << 10;
/// The longest name of a variable, and the longest text one substitution may grow to.
const NAME: usize = 128;
const TEXT: usize = 8192;

/// The variables of a playlist.
#[derive(Debug, Default)]
pub(super) struct Variables {
    values: HashMap<String, String>,
    /// How much more text may be substituted, since a few bytes may expand to thousands.
    budget: Budget,
}

impl Clone for Variables {
    fn clone(&self) -> Self {
        Self { values: self.values.clone(), budget: Budget::default() }
    }
}

impl PartialEq for Variables {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Variables {
    /// Reads the definitions of a playlist at `url`; `imports` are its multivariant playlist's.
    pub(super) fn read(text: &str, url: &Url, imports: &Self) -> Self {
        let mut variables = Self::default();
        if memchr::memmem::find(text.as_bytes(), b"#EXT-X-DEFINE").is_none() {
            return variables;
        }
        let defined = lines(text).filter_map(|(_, line)| match line {
            Line::Tag("#EXT-X-DEFINE", list) => Some(list),
            _ => None,
        });
        let mut room = VALUES;
        for list in defined.take(DEFINITIONS) {
            let Some((name, value)) = definition(list, url, imports) else { continue };
            let fits = name.len() <= NAME && value.len() <= TEXT.min(room);
            if fits && variables.values.len() < VARIABLES {
                room -= value.len();
                variables.values.insert(name.to_owned(), value.into_owned());
            }
        }
        variables.allow(text.len());
        variables
    }

    /// Sets the budget of substitution for a playlist of `len` bytes.
    pub(super) fn allow(&self, len: usize) {
        self.budget.refill(len);
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Their memory use, in bytes.
    pub(super) fn weight(&self) -> usize {
        let pair = size_of::<(String, String)>();
        self.values.iter().map(|(name, value)| pair + name.len() + value.len()).sum()
    }

    /// Replaces `{$name}` by values. Unknown names stay, and so do all once the budget is used up.
    pub(super) fn put<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.values.is_empty() || !text.contains("{$") {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{$") {
            out.push_str(before);
            let value = named(after).and_then(|(name, rest)| Some((self.values.get(name)?, rest)));
            let fits =
                |value: &str| out.len() + value.len() <= TEXT && self.budget.take(value.len());
            let Some((value, after)) = value.filter(|(value, _)| fits(value)) else {
                out.push_str("{$");
                rest = after;
                continue;
            };
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// The name of the variable whose reference begins before `text`, and the text after its brace. Names are
/// short, so the search for a missing brace is bounded.
pub(super) fn named(text: &str) -> Option<(&str, &str)> {
    let end = memchr::memchr(b'}', text.as_bytes().get(..=NAME).unwrap_or(text.as_bytes()))?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

fn definition<'a>(
    list: &'a str,
    url: &'a Url,
    imports: &'a Variables,
) -> Option<(&'a str, Cow<'a, str>)> {
    if let Some(name) = attribute(list, "NAME") {
        return Some((name, attribute(list, "VALUE")?.into()));
    }
    if let Some(name) = attribute(list, "IMPORT") {
        return Some((name, imports.get(name)?.into()));
    }
    let name = attribute(list, "QUERYPARAM")?;
    let pairs = url.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let decoded = |text| percent_decode_str(text).decode_utf8().ok();
    let (_, value) =
        pairs.into_iter().find(|(held, _)| decoded(held).is_some_and(|h| h == name))?;
    Some((name, decoded(value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_of_definition() {
        let url = Url::parse("https://a/m.m3u8?token=s3+cr%2Fet&x=1").unwrap();
        let main = Variables::read(
            "#EXTM3U\n#EXT-X-DEFINE:NAME=\"p\",VALUE=\"v1\"\n",
            &url,
            &Variables::default(),
        );
        let text = "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"p\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"\n";
        let variables = Variables::read(text, &url, &main);
        assert_eq!(variables.put("{$p}/a.ts?t={$token}&{$none}"), "v1/a.ts?t=s3+cr/et&{$none}");
        assert_eq!(variables.put("{$"), "{$");
        assert_eq!(variables.put("{${$p}{$p"), "{$v1{$p");
    }

    #[test]
    fn what_is_put_in_is_bounded() {
        let url = Url::parse("https://a/m.m3u8").unwrap();
        let value = "v".repeat(8000);
        let text = format!("#EXTM3U\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"{value}\"\n");
        let variables = Variables::read(&text, &url, &Variables::default());
        variables.allow(text.len());
        assert_eq!(variables.put("{$v}{$v}"), format!("{value}{{$v}}"), "one text");
        let grown: usize = (0..1000).map(|_| variables.put("{$v}").len()).sum();
        assert!(grown < 2 << 20, "a playlist, to {grown} bytes");
        let many: String =
            (0..300).map(|n| format!("#EXT-X-DEFINE:NAME=\"{n}\",VALUE=\"{value}\"\n")).collect();
        assert!(Variables::read(&many, &url, &Variables::default()).weight() < 80 << 10);
    }
}
