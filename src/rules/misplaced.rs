//! Hints for keys that are written in the wrong table of a rule.

use super::{
    entry::{BudgetEntry, RuleEntry, WhenEntry},
    then_entry::{ManifestTable, ThenEntry},
};
use serde::de::DeserializeOwned;
use serde_json::json;

/// Where to write `key`, if `allowed` are the keys of a table of a rule and `key` is a key of another.
pub(crate) fn misplaced_key(key: &str, allowed: &[&str]) -> Option<String> {
    let tables = [
        ("", "", keys::<RuleEntry>()),
        ("when", "when = { K = … }", keys::<WhenEntry>()),
        ("then", "then = { K = … }", keys::<ThenEntry>()),
        ("budget", "budget = { K = … }", keys::<BudgetEntry>()),
        ("then.manifest", "then = { manifest = { K = … } }", keys::<ManifestTable>()),
    ];
    tables.iter().find(|(_, _, keys)| *keys == allowed)?;
    let holders = tables.iter().filter(|(_, _, keys)| keys.iter().any(|known| known == key));
    let holders: Vec<_> = holders.map(|(path, example, _)| (*path, *example)).collect();
    match holders.as_slice() {
        [] => None,
        [("", _), ..] => Some(format!("`{key}` is a key of the rule: write it beside `then`")),
        all => {
            let paths: Vec<_> = all.iter().map(|(path, _)| format!("`{path}`")).collect();
            let example = all.first().map_or("", |(_, example)| example).replace('K', key);
            Some(format!("write it in {}, as in `{example}`", paths.join(" or ")))
        }
    }
}

/// The keys of an entry type, as serde names them in its error for an unknown key.
fn keys<T: DeserializeOwned>() -> Vec<String> {
    let message = serde_json::from_value::<T>(json!({ "": 0 })).err().map(|e| e.to_string());
    let message = message.unwrap_or_default();
    let wanted = message.split_once(", expected ").map_or("", |(_, wanted)| wanted);
    wanted.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::rules::RuleSet;

    /// The hint for one rule.
    fn hint(rule: &str) -> String {
        let fault = RuleSet::from_toml("r", &format!("[[rule]]\n{rule}")).unwrap_err();
        fault.as_slice()[0].hint.clone()
    }

    #[test]
    fn a_key_in_the_wrong_table_is_sent_to_its_own() {
        assert_eq!(
            hint("times = 3\nthen = { delay = \"1 s\" }"),
            "write it in `budget`, as in `budget = { times = … }`"
        );
        assert_eq!(hint("delay = \"1 s\""), "write it in `then`, as in `then = { delay = … }`");
        assert_eq!(
            hint("then = { delay = \"1 s\", kind = \"segment\" }"),
            "write it in `when`, as in `when = { kind = … }`"
        );
        assert_eq!(
            hint("then = { freeze = \"20 s\" }"),
            "write it in `then.manifest`, as in `then = { manifest = { freeze = … } }`"
        );
        assert_eq!(
            hint("host = \"a.example\"\nthen = { delay = \"1 s\" }"),
            "write it in `when` or `then.manifest`, as in `when = { host = … }`"
        );
        assert_eq!(
            hint("when = { name = \"a\" }\nthen = { delay = \"1 s\" }"),
            "`name` is a key of the rule: write it beside `then`"
        );
        assert!(hint("then = { dealy = \"1 s\" }").contains("did you mean `delay`"));
    }
}
