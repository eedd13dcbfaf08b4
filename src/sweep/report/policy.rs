//! What a browser may do with the report: run its one script, and use its one style. It loads nothing.

use crate::units::base64;
use ring::digest::{SHA256, digest};
use serde_json::Value;

/// The policy, for the head of the page, before style and scripts. They are named by what they contain, so that no text in the
/// report could become one.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src {}; script-src {}; \
         base-uri 'none'; form-action 'none'\">",
        source(style),
        source(script)
    )
}

/// An element with a script that the policy names.
pub(super) fn script(text: &str) -> String {
    format!("<script type='module'>{text}</script>")
}

/// An element with data for the script. `<` is written as an escape, so that no text ends the element.
pub(super) fn data(value: &Value) -> String {
    let text = value.to_string().replace('<', "\\u003c");
    format!("<script type='application/json'>{text}</script>")
}

fn source(text: &str) -> String {
    format!("'sha256-{}'", base64(digest(&SHA256, text.as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_what_may_run() {
        // openssl dgst -sha256 -binary | base64
        let page = policy("", "alert('Hello, world.');");
        assert!(page.contains("style-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';"));
        assert!(page.contains("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';"));
        assert!(!page.contains("unsafe"));
        let text = data(&serde_json::json!({ "a": "</script>" }));
        assert_eq!(text, "<script type='application/json'>{\"a\":\"\\u003c/script>\"}</script>");
    }
}
