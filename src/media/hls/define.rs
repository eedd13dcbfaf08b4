//! Playlist variables: EXT-X-DEFINE and the `{$name}` that stand for them.

use super::line::{Line, attribute, lines};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, collections::HashMap};
use url::Url;

/// The most variables of a playlist, and the longest text one substitution may grow to.
const VARIABLES: usize = 256;
const TEXT: usize = 8192;

/// The variables of a playlist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Variables {
    values: HashMap<String, String>,
}

impl Variables {
    /// Reads the definitions of a playlist at `url`; `imports` are its multivariant playlist's.
    pub(super) fn read(text: &str, url: &Url, imports: &Self) -> Self {
        let mut variables = Self::default();
        if memchr::memmem::find(text.as_bytes(), b"#EXT-X-DEFINE").is_none() {
            return variables;
        }
        for (_, line) in lines(text) {
            let Line::Tag("#EXT-X-DEFINE", list) = line else { continue };
            let Some((name, value)) = definition(list, url, imports) else { continue };
            if variables.values.len() < VARIABLES && value.len() <= TEXT {
                variables.values.insert(name, value);
            }
        }
        variables
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// What it takes to keep them, in bytes.
    pub(super) fn weight(&self) -> usize {
        let pair = size_of::<(String, String)>();
        self.values.iter().map(|(name, value)| pair + name.len() + value.len()).sum()
    }

    /// Puts values in the place of `{$name}`. Unknown names stay as they are.
    pub(super) fn put<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.values.is_empty() || !text.contains("{$") {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{$") {
            out.push_str(before);
            let value =
                after.split_once('}').and_then(|(name, rest)| Some((self.values.get(name)?, rest)));
            let Some((value, after)) = value.filter(|(value, _)| out.len() + value.len() <= TEXT)
            else {
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

fn definition(list: &str, url: &Url, imports: &Variables) -> Option<(String, String)> {
    if let Some(name) = attribute(list, "NAME") {
        return Some((name.to_owned(), attribute(list, "VALUE")?.to_owned()));
    }
    if let Some(name) = attribute(list, "IMPORT") {
        return Some((name.to_owned(), imports.values.get(name)?.clone()));
    }
    let name = attribute(list, "QUERYPARAM")?;
    let pairs = url.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let decoded = |text| percent_decode_str(text).decode_utf8().ok();
    let (_, value) =
        pairs.into_iter().find(|(held, _)| decoded(held).is_some_and(|h| h == name))?;
    Some((name.to_owned(), decoded(value)?.into_owned()))
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
    }
}
