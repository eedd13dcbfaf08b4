//! The dot segments of a relative reference (RFC 3986, 5.2.4): where it goes above the root of its host, and how
//! deep it ends.

/// The length of the part of a path that goes above its host's root, from `depth` folders below it: players
/// continue from the root, which inside a session is not the host's.
pub(super) fn above_root(path: &str, mut depth: usize) -> Option<usize> {
    if !may_have(path) {
        return None;
    }
    let path = super::format::without_query(path);
    let (mut at, mut above) = (0, None);
    for segment in path.split_inclusive('/') {
        at += segment.len();
        match step(segment) {
            Step::Up if depth == 0 => above = Some(at),
            // The depth of a variable's value is not known.
            Step::Down | Step::Stay if segment.contains("{$") => break,
            step => depth = step.from(depth),
        }
    }
    above
}

/// The number of folders between the root and where `path` ends, from `depth` folders below it. What follows
/// the last `/` is a file.
pub(super) fn folders(path: &str, depth: usize) -> usize {
    let path = super::format::without_query(path);
    path.split_inclusive('/').fold(depth, |depth, segment| step(segment).from(depth))
}

/// Whether a path may have segments that are `..`, perhaps escaped. One search settles nearly all paths.
pub(super) fn may_have(path: &str) -> bool {
    let bytes = path.as_bytes();
    memchr::memmem::find(bytes, b"..").or_else(|| memchr::memmem::find(bytes, b"%2")).is_some()
}

/// What a segment does to the depth.
enum Step {
    Up,
    Stay,
    Down,
}

impl Step {
    const fn from(self, depth: usize) -> usize {
        match self {
            Self::Up => depth.saturating_sub(1),
            Self::Stay => depth,
            Self::Down => depth.saturating_add(1),
        }
    }
}

fn step(segment: &str) -> Step {
    let name = segment.strip_suffix('/');
    match dots(name.unwrap_or(segment)) {
        Some(2) => Step::Up,
        Some(_) => Step::Stay,
        None if name.is_some() => Step::Down,
        None => Step::Stay,
    }
}

/// The number of dots of a path segment that is `.` or `..`, also when they are escaped.
fn dots(segment: &str) -> Option<usize> {
    let (mut rest, mut count) = (segment, 0);
    while !rest.is_empty() {
        let dot = rest.strip_prefix('.').or_else(|| rest.strip_prefix("%2e"));
        rest = dot.or_else(|| rest.strip_prefix("%2E"))?;
        count += 1;
    }
    matches!(count, 1 | 2).then_some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_above_the_root_where_its_folders_end() {
        assert_eq!(above_root("../v", 0), Some(3));
        assert_eq!(above_root("../v", 1), None);
        assert_eq!(above_root("a/../../%2E%2e/v", 0), Some(15));
        assert_eq!(above_root("a/..", 0), None);
        assert_eq!(above_root("..", 0), Some(2));
        assert_eq!(above_root("a?../..", 0), None);
    }

    #[test]
    fn a_path_ends_in_a_folder() {
        assert_eq!(folders("a/b/c", 1), 3);
        assert_eq!(folders("../../c/", 1), 1);
        assert_eq!(folders("./c?d/e", 2), 2);
        assert_eq!(folders("..", 2), 1);
    }
}
