//! A URL template of one Representation, compiled to literals and numbers: no regular expressions.

use super::super::{
    base::Base,
    budget::{Budget, LONGEST_URL},
    format::without_query,
};
use smallvec::SmallVec;
use std::fmt::Write as _;

/// The largest width of a number in a template.
const MAX_WIDTH: usize = 32;

/// A piece of a template after its literal beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(Box<str>),
    Number,
    Time,
    /// `$SubNumber$`: a part of a segment.
    SubNumber,
}

/// A compiled template: the text before the first number, and the pieces from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::media) struct Template {
    pub(in crate::media) prefix: String,
    pieces: SmallVec<[Piece; 3]>,
}

/// The numbers found in a URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) number: Option<u64>,
    pub(super) time: Option<u64>,
    pub(super) sub: Option<u64>,
}

impl Template {
    /// Compiles `template` for the Representation with these values of `$RepresentationID$` and `$Bandwidth$`,
    /// resolved against `base`. `None` when it is not a template, or longer than a URL may be, or when `budget`
    /// does not allow it, since one template may apply to many Representations.
    pub(in crate::media) fn compile(
        template: &str,
        base: &Base,
        id: &str,
        bandwidth: u64,
        budget: &Budget,
    ) -> Option<Self> {
        let len = template.len() + base.url().as_str().len();
        (len <= LONGEST_URL && budget.take(len)).then_some(())?;
        let mut url = String::new();
        let named = substitute(template, id, bandwidth)?;
        budget.take(named.len()).then_some(())?;
        // A `$` in the base is literal, not the start of an identifier.
        if base.url().as_str().contains('$') {
            let doubled = url::Url::parse(&base.url().as_str().replace('$', "$$")).ok()?;
            Base::new(&doubled).resolve(&named, &mut url).then_some(())?;
        } else {
            base.resolve(&named, &mut url).then_some(())?;
        }
        let compiled = Self::parse(&url)?;
        budget.take(size_of::<Self>() + compiled.pieces.len() * size_of::<Piece>()).then_some(())?;
        Some(compiled)
    }

    fn parse(url: &str) -> Option<Self> {
        let mut template = Self { prefix: String::new(), pieces: SmallVec::new() };
        // The literal text since the last number.
        let mut literal = String::new();
        for token in tokens(url) {
            let piece = match token? {
                Token::Literal(text) => {
                    let held = if template.pieces.is_empty() {
                        &mut template.prefix
                    } else {
                        &mut literal
                    };
                    held.push_str(text);
                    continue;
                }
                Token::Identifier("Number", _) => Piece::Number,
                Token::Identifier("Time", _) => Piece::Time,
                Token::Identifier("SubNumber", _) => Piece::SubNumber,
                Token::Identifier(..) => return None,
            };
            template.literal(&mut literal);
            template.pieces.push(piece);
        }
        template.literal(&mut literal);
        Some(template)
    }

    /// Adds the text read so far, if there is any.
    fn literal(&mut self, text: &mut String) {
        if !text.is_empty() {
            self.pieces.push(Piece::Literal(std::mem::take(text).into_boxed_str()));
        }
    }

    /// Whether it is a plain URL, without numbers.
    pub(in crate::media) fn is_literal(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The numbers of `tail`, what follows the prefix in a URL, if all of it fits; `bare` is without the
    /// queries of both.
    pub(super) fn fits(&self, mut tail: &str, bare: bool) -> Option<Numbers> {
        let mut numbers = Numbers::default();
        for piece in &self.pieces {
            let held = match piece {
                Piece::Literal(text) => {
                    let text = if bare { without_query(text) } else { text };
                    tail = tail.strip_prefix(text)?;
                    continue;
                }
                Piece::Number => &mut numbers.number,
                Piece::Time => &mut numbers.time,
                Piece::SubNumber => &mut numbers.sub,
            };
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            let (value, rest) = tail.split_at_checked(digits)?;
            *held = Some(value.parse().ok()?);
            tail = rest;
        }
        tail.is_empty().then_some(numbers)
    }
}

enum Token<'a> {
    Literal(&'a str),
    /// The name, and the width of `%0WIDTHd`.
    Identifier(&'a str, usize),
}

/// The tokens of a template; `None` where an identifier does not end, or its format is invalid.
fn tokens(template: &str) -> impl Iterator<Item = Option<Token<'_>>> {
    let mut rest = Some(template);
    let mut inside = false;
    // Literal, identifier, literal, …
    std::iter::from_fn(move || {
        let text = rest?;
        let (token, after) = match text.split_once('$') {
            Some((token, after)) => (token, Some(after)),
            None => (text, None),
        };
        rest = after;
        let identified = inside;
        inside = !inside;
        Some(match (identified, after) {
            (false, _) => Some(Token::Literal(token)),
            (true, Some(_)) => identifier(token),
            (true, None) => None,
        })
    })
}

/// The text between two `$`.
fn identifier(text: &str) -> Option<Token<'_>> {
    if text.is_empty() {
        return Some(Token::Literal("$"));
    }
    let Some((name, format)) = text.split_once('%') else {
        return Some(Token::Identifier(text, 1));
    };
    let width = format.strip_suffix('d')?.parse().ok()?;
    (width <= MAX_WIDTH).then_some(Token::Identifier(name, width))
}

/// Substitutes the Representation's own values; segment numbers stay identifiers. `None` also when it becomes
/// longer than a URL can be.
fn substitute(template: &str, id: &str, bandwidth: u64) -> Option<String> {
    let mut out = String::with_capacity(template.len());
    for token in tokens(template) {
        match token? {
            Token::Literal("$") => out.push_str("$$"),
            Token::Literal(text) => out.push_str(text),
            Token::Identifier("RepresentationID", _) => {
                (out.len() + id.len() <= LONGEST_URL).then_some(())?;
                for piece in id.split_inclusive('$') {
                    out.push_str(piece);
                    out.push_str(if piece.ends_with('$') { "$" } else { "" });
                }
            }
            Token::Identifier("Bandwidth", width) => {
                write!(out, "{bandwidth:0width$}").ok()?;
            }
            Token::Identifier(name @ ("Number" | "Time" | "SubNumber"), _) => {
                out.extend(["$", name, "$"]);
            }
            Token::Identifier(..) => return None,
        }
    }
    (out.len() <= LONGEST_URL).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn compile(base: &str, template: &str) -> Option<Template> {
        let base = Base::new(&Url::parse(base).unwrap());
        Template::compile(template, &base, "v1", 500, &Budget::of(0))
    }

    fn find(template: &Template, url: &str) -> Option<Numbers> {
        template.fits(url.strip_prefix(&template.prefix)?, false)
    }

    #[test]
    fn identifiers_and_widths() {
        let template =
            compile("https://a/x/m.mpd", "$RepresentationID$/$Bandwidth%06d$-$Number%05d$.m4s")
                .unwrap();
        assert_eq!(template.prefix, "https://a/x/v1/000500-");
        assert_eq!(find(&template, "https://a/x/v1/000500-00042.m4s").unwrap().number, Some(42));
        assert_eq!(
            find(&template, "https://a/x/v1/000500-123456.m4s").unwrap().number,
            Some(123_456)
        );
        assert_eq!(find(&template, "https://a/x/v1/000500-.m4s"), None);
        assert_eq!(find(&template, "https://a/x/v1/000500-1.m4s.bak"), None);
        let both = compile("https://a/m.mpd", "../t$Time$n$Number$_$SubNumber$?k=1").unwrap();
        let numbers = find(&both, "https://a/t77n8_2?k=1").unwrap();
        assert_eq!(numbers, Numbers { number: Some(8), time: Some(77), sub: Some(2) });
    }

    #[test]
    fn dollars_that_are_dollars() {
        let template = compile("https://a/$x$/m.mpd", "$$$Number$.m4s").unwrap();
        assert_eq!(find(&template, "https://a/$x$/$7.m4s").unwrap().number, Some(7));
    }

    #[test]
    fn what_is_no_template() {
        for text in ["$Number", "$Nummer$", "$Number%5x$", "$Number%0999999999d$", "a$b"] {
            assert_eq!(compile("https://a/", text), None, "{text}");
        }
        assert!(compile("https://a/", "init.mp4").unwrap().is_literal());
    }
}
