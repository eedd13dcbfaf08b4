//! Text patterns: `*` matches any number of characters, `?` matches one.

/// The longest pattern. Limits the work of a comparison.
const LONGEST: usize = 256;

/// A pattern. It must match the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Box<str>);

impl Glob {
    /// `None` if it is empty or too long.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        (1..=LONGEST).contains(&pattern.len()).then(|| Self(pattern.into()))
    }

    /// Whether `text` matches, case-sensitive.
    pub(super) fn fits(&self, text: &str) -> bool {
        fits(self.0.as_bytes(), text.as_bytes(), |a, b| a == b)
    }

    /// Whether `text` matches, ignoring ASCII case.
    pub(super) fn fits_any_case(&self, text: &str) -> bool {
        fits(self.0.as_bytes(), text.as_bytes(), |a, b| a.eq_ignore_ascii_case(&b))
    }
}

/// Backtracks to the last `*` only: O(pattern × text) time at worst, and no recursion.
fn fits(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut at, mut next) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(b'?') => {
                // Skip one character, which may have several bytes.
                at += 1;
                while text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    at += 1;
                }
                next += 1;
            }
            Some(byte) if same(*byte, text[at]) => {
                at += 1;
                next += 1;
            }
            _ => match &mut star {
                Some((place, from)) => {
                    *from += 1;
                    (next, at) = (*place + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[next..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_marks() {
        let fits = |pattern: &str, text: &str| Glob::new(pattern).unwrap().fits(text);
        assert!(fits("/live/*.m4s", "/live/v1/seg-7.m4s"));
        assert!(fits("*", ""));
        assert!(fits("a*b*c", "a-b-b-c"));
        assert!(fits("seg?.ts", "segé.ts"));
        assert!(fits("**.ts", ".ts"));
        assert!(!fits("*.ts", "a.tsx"));
        assert!(!fits("seg?.ts", "seg.ts"));
        assert!(!fits("a", "A"));
        assert!(Glob::new("CDN-*.example").unwrap().fits_any_case("cdn-1.EXAMPLE"));
        assert!(Glob::new("").is_none() && Glob::new(&"x".repeat(257)).is_none());
    }

    #[test]
    fn a_hostile_pattern_is_cheap() {
        let pattern = "*a".repeat(128);
        assert!(!Glob::new(&pattern).unwrap().fits(&"a".repeat(20_000).replace("aa", "ab")[..100]));
    }
}
