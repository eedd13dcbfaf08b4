//! Labels of sessions, and the namespaces in them.

/// The namespace of a session: the part of its label before the first `/`. `None` = it is in none.
#[must_use]
pub fn namespace(label: &str) -> Option<&str> {
    label.split_once('/').map(|(namespace, _)| namespace).filter(|namespace| !namespace.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_before_the_first_slash() {
        assert_eq!(namespace("team-a/nightly/7"), Some("team-a"));
        assert_eq!((namespace("nightly"), namespace("/x")), (None, None));
    }
}
