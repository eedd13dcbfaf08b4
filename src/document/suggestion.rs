//! Suggestions for names that are written wrongly: "did you mean ...?".

use std::cmp::Reverse;

/// The least similarity of a single suggestion, from 0 to 1 (Jaro–Winkler).
const SIMILAR: f64 = 0.75;
/// The same for a list of suggestions, whose best comes first.
const SIMILAR_OF_LIST: f64 = 0.7;
/// The most names of such a list.
const MOST_NAMES: usize = 3;

/// The hint for a word that is not one of `all`: "did you mean `x`? write one of ...".
pub(crate) fn one_of(written: &str, all: &[&str]) -> String {
    let list = all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let list = if all.len() == 1 { list } else { format!("one of {list}") };
    match nearest(written, all) {
        Some(name) => format!("did you mean `{name}`? write {list}"),
        None => format!("write {list}"),
    }
}

/// The value of `all` that is most similar to `written`, if one is similar enough.
pub(crate) fn nearest<'a>(written: &str, all: &[&'a str]) -> Option<&'a str> {
    let similarity = |name: &&&str| similarity(written, name);
    let near =
        all.iter().max_by_key(similarity).filter(|name| similarity(name) > millionths(SIMILAR));
    near.copied()
}

/// The names of `all` that are most similar to `written`, best first; at most three.
pub(crate) fn similar_names<'a>(
    written: &str,
    all: impl IntoIterator<Item = &'a str>,
) -> Vec<String> {
    let rated = all.into_iter().map(|name| (Reverse(similarity(written, name)), name));
    let mut near: Vec<_> =
        rated.filter(|(Reverse(rating), _)| *rating > millionths(SIMILAR_OF_LIST)).collect();
    near.sort_unstable();
    near.iter().take(MOST_NAMES).map(|(_, name)| (*name).to_owned()).collect()
}

/// `did you mean ...? `, or nothing if there is no similar name.
pub(crate) fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("did you mean {}? ", names.join(" or "))
        }
    }
}

/// The Jaro–Winkler similarity, in millionths: integers can be sorted.
fn similarity(one: &str, other: &str) -> u64 {
    millionths(strsim::jaro_winkler(one, other))
}

const fn millionths(share: f64) -> u64 {
    (share * 1e6) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_suggested() {
        let all = ["delay", "status", "cut"];
        assert_eq!(nearest("dealy", &all), Some("delay"));
        assert_eq!(nearest("zzz", &all), None);
        assert_eq!(
            one_of("stauts", &all),
            "did you mean `status`? write one of `delay`, `status`, `cut`"
        );
        assert_eq!(one_of("x", &["a"]), "write `a`");
    }

    #[test]
    fn similar_names_are_few_and_the_best_is_first() {
        let all = ["3g", "3g-slow", "3g-fast", "3g-train", "lte"];
        assert_eq!(similar_names("3g-slo", all)[0], "3g-slow");
        assert_eq!(similar_names("3g", all).len(), MOST_NAMES);
        assert!(similar_names("unlike", all).is_empty());
        assert_eq!(did_you_mean(&["a".to_owned(), "b".to_owned()]), "did you mean `a` or `b`? ");
        assert_eq!(did_you_mean(&[]), "");
    }
}
