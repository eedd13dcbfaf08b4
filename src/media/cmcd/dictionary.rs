//! The dictionaries that CMCD is written in (structured fields, RFC 9651), read leniently and bounded.
//!
//! `br=3200,bs,ot=v,sid="6e2fb550",bl=(4000;v 6000;a)`: keys with numbers, tokens, strings, booleans and inner
//! lists whose members have a parameter for the object type.

use std::borrow::Cow;

/// The longest text that is read; then the most keys, and the longest list.
const TEXT: usize = 8192;
const KEYS: usize = 64;
const MEMBERS: usize = 16;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A key alone is true.
    Flag(bool),
    /// Whole or decimal.
    Number(f64),
    /// A string or a token.
    Text(Cow<'a, str>),
    /// Numbers; the parameter of each, the object type, is left out.
    List(Vec<f64>),
}

/// The keys and values of a dictionary. An item that violates the grammar is left out, up to the next comma.
pub(super) fn items(text: &str) -> impl Iterator<Item = (&str, Value<'_>)> {
    let text = if text.len() <= TEXT { text } else { "" };
    Split { rest: text, at: ',' }.take(KEYS).filter_map(|item| {
        let item = item.trim();
        let (key, value) = item.split_once('=').unwrap_or((item, "?1"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let key = key.trim();
        (!key.is_empty() && key.bytes().all(plain)).then_some(())?;
        Some((key, value_of(value.trim())?))
    })
}

fn value_of(text: &str) -> Option<Value<'_>> {
    if let Some(inner) = text.strip_prefix('(') {
        let end = Split { rest: inner, at: ')' }.next().unwrap_or(inner);
        let members = Split { rest: end, at: ' ' }.take(MEMBERS);
        let members = members.filter_map(|member| finite(member.split(';').next()?));
        return Some(Value::List(members.collect()));
    }
    // Parameters of a single value are not needed.
    let bare = Split { rest: text, at: ';' }.next().unwrap_or(text);
    match bare {
        "?1" => Some(Value::Flag(true)),
        "?0" => Some(Value::Flag(false)),
        _ => match bare.strip_prefix('"') {
            Some(quoted) => string(quoted.strip_suffix('"')?),
            None => finite(bare)
                .map(Value::Number)
                .or_else(|| (!bare.is_empty()).then_some(Value::Text(bare.into()))),
        },
    }
}

fn finite(text: &str) -> Option<f64> {
    let starts = text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    let number: f64 = if starts { text.parse().ok()? } else { return None };
    number.is_finite().then_some(number)
}

fn string(quoted: &str) -> Option<Value<'_>> {
    if !quoted.contains('\\') {
        return Some(Value::Text(quoted.into()));
    }
    let mut out = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        out.push(if character == '\\' { characters.next()? } else { character });
    }
    Some(Value::Text(out.into()))
}

/// The parts of a text between separators `at` outside strings and lists.
struct Split<'a> {
    rest: &'a str,
    at: char,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (mut quoted, mut escaped, mut inside) = (false, false, false);
        for (at, character) in self.rest.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                _ if character == self.at && !inside => {
                    let part = self.rest.get(..at)?;
                    self.rest = self.rest.get(at + character.len_utf8()..).unwrap_or_default();
                    return Some(part);
                }
                '(' => inside = true,
                ')' => inside = false,
                _ => {}
            }
        }
        Some(std::mem::take(&mut self.rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_value() {
        let text = r#"bl=21300, bs ,cid="a,b=\"c\"",nor="x";r="0-9",ot=v,pr=1.08,su=?0,br=(5000;v 128;a 7),com.x-y=t"#;
        let found: Vec<_> = items(text).collect();
        assert_eq!(
            found,
            [
                ("bl", Value::Number(21300.0)),
                ("bs", Value::Flag(true)),
                ("cid", Value::Text("a,b=\"c\"".into())),
                ("nor", Value::Text("x".into())),
                ("ot", Value::Text("v".into())),
                ("pr", Value::Number(1.08)),
                ("su", Value::Flag(false)),
                ("br", Value::List(vec![5000.0, 128.0, 7.0])),
                ("com.x-y", Value::Text("t".into())),
            ]
        );
    }

    #[test]
    fn what_is_broken_costs_only_itself() {
        let keys = |text| items(text).map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys("=1,,bl=,a b=2,ot=v"), ["ot"]);
        assert_eq!(keys("ot=v,cid=\"open,bl=3"), ["ot"]);
        assert_eq!(items("bl=1e999").next(), Some(("bl", Value::Text("1e999".into()))));
        assert!(items(&"a,".repeat(9000)).next().is_none());
        assert_eq!(items(&"a,".repeat(999)).count(), KEYS);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a-c=,;()\"\\\\ ?1.é-]{0,80}") {
            prop_assert!(items(&text).count() <= KEYS);
        }
    }
}
