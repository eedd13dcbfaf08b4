//! The last reading of a media playlist: a reload repeats most of it, so only the rest is read.

use super::{super::repeat::repeated, define::Variables};

/// Where the lines of a segment end, and the state there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// The end of the line of its URI, in bytes from the start of the text.
    end: u32,
    /// Whether its lines mean the same at any position, and concern only this segment.
    plain: bool,
    /// The last keys, maps and similar tags before it, hashed.
    recent: u64,
}

impl Mark {
    /// No playlist is read that is longer than 4 GiB.
    pub(super) fn new(end: usize, plain: bool, recent: u64) -> Self {
        Self { end: u32::try_from(end).unwrap_or(u32::MAX), plain, recent }
    }

    pub(super) const fn end(self) -> usize {
        self.end as usize
    }

    /// The same in another text: what is at `from` here is at `to` there.
    pub(super) fn moved(self, from: usize, to: usize) -> Self {
        Self::new((self.end() + to).saturating_sub(from), self.plain, self.recent)
    }
}

/// The version.
#[derive(Debug)]
pub(super) struct Version {
    text: String,
    /// The hash of the base URL of its references.
    base: u64,
    variables: Variables,
    /// The number of the first segment.
    first: u64,
    /// One of each segment.
    marks: Vec<Mark>,
}

impl Version {
    /// A version read from `text`, whose references have the base URL with the hash `base`; `marks` has one of each
    /// segment from number `first` on. Reuses the allocations of `old`.
    pub(super) fn new(
        old: Option<Self>,
        text: &str,
        base: u64,
        variables: Variables,
        first: u64,
        marks: Vec<Mark>,
    ) -> Self {
        let mut held = old.map(|old| old.text).unwrap_or_default();
        held.clear();
        held.push_str(text);
        Self { text: held, base, variables, first, marks }
    }

    /// Whether the same lines mean the same in a text from there, with these variables.
    pub(super) fn fits(&self, base: u64, variables: &Variables) -> bool {
        self.base == base && self.variables == *variables
    }

    /// Its memory use, in bytes.
    pub(super) fn weight(&self) -> usize {
        let marks = self.marks.capacity() * size_of::<Mark>();
        self.text.capacity() + marks + self.variables.weight()
    }

    /// The segments with which `rest`, the text after the segment with `number` in a newer version, begins
    /// exactly; and where they begin in this text.
    ///
    /// The last one is left out: the next segment continues its byte range and its time.
    pub(super) fn again(&self, number: u64, recent: u64, rest: &str) -> Option<(&[Mark], usize)> {
        let at = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let here = self.marks.get(at).filter(|here| here.recent == recent)?;
        let behind = self.marks.get(at + 1..)?;
        let alike = |from: usize, to: usize| -> Option<bool> {
            let marks = behind.get(from..to)?;
            let start = from.checked_sub(1).and_then(|at| behind.get(at)).unwrap_or(here).end();
            let old = self.text.as_bytes().get(start..marks.last()?.end())?;
            let new = rest.as_bytes().get(start - here.end()..)?;
            Some(marks.iter().all(|mark| mark.plain) && new.starts_with(old))
        };
        let known = repeated(|from, to| alike(from, to) == Some(true));
        let again = behind.get(..known.checked_sub(1)?)?;
        (!again.is_empty()).then_some((again, here.end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments of lines `one`, from number `first` on.
    fn version(first: u64, lines: &[(&str, bool)]) -> Version {
        let mut text = String::new();
        let marks = lines.iter().map(|(line, plain)| {
            text.push_str(line);
            Mark::new(text.len(), *plain, 0)
        });
        let marks = marks.collect();
        let variables = Variables::default();
        Version::new(None, &text, 0, variables, first, marks)
    }

    #[test]
    fn what_is_alike_is_found_whatever_the_stride() {
        let lines: Vec<String> = (0..5000).map(|n| format!("{n:04}\n")).collect();
        let lines: Vec<_> = lines.iter().map(|line| (line.as_str(), true)).collect();
        let version = version(100, &lines);
        for upto in [0, 1, 2, 3, 4, 600, 1700, 4989] {
            let mut rest = version.text[11 * 5..(11 + upto) * 5].to_owned();
            rest.push_str("other\n");
            let found = version.again(110, 0, &rest).map(|(marks, from)| (marks.len(), from));
            let expected = upto.checked_sub(1).filter(|len| *len > 0);
            assert_eq!(found, expected.map(|len| (len, 55)), "{upto}");
        }
        assert!(version.again(99, 0, "").is_none());
        assert!(version.again(110, 1, &version.text[55..]).is_none(), "other keys");
    }

    #[test]
    fn a_segment_that_says_more_is_read() {
        let version =
            version(0, &[("a", true), ("b", true), ("c", true), ("d", false), ("e", true)]);
        assert_eq!(version.again(0, 0, "bcde").map(|(marks, _)| marks.len()), Some(1));
        assert!(version.again(2, 0, "de").is_none());
    }
}
