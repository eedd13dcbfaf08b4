//! A script of the console with all that it imports, as one script: for a file that is opened from disk, which can load no
//! modules beside it.
//!
//! It reads the few forms of import and export that the files of `console/web/` have. A test holds that no others are there.

use super::files;
use std::fmt::Write as _;

/// The module at `entry`, as in `export/bench.js`, and what it imports, as the text of one module without imports.
#[must_use]
pub fn bundle(entry: &str) -> String {
    let mut bundle = Bundle { text: "const modules = {};\n".to_owned(), done: Vec::new() };
    bundle.add(entry);
    bundle.text
}

struct Bundle {
    text: String,
    /// The paths of the modules that are in the text.
    done: Vec<String>,
}

impl Bundle {
    /// Adds a module, after those that it imports. Its names are its own: it becomes the body of a function.
    fn add(&mut self, path: &str) {
        if self.done.iter().any(|done| done == path) {
            return;
        }
        self.done.push(path.to_owned());
        let (mut body, mut exported) = (String::new(), Vec::new());
        let text = files::text(path);
        for line in without_comments(&text) {
            if let Some((names, specifier)) = import(line) {
                let needed = resolve(path, specifier);
                self.add(&needed);
                if !names.is_empty() {
                    // Writing to a String can't fail.
                    let _ = writeln!(body, "const {{ {names} }} = modules[\"{needed}\"];");
                }
            } else if let Some(declared) = line.strip_prefix("export ") {
                exported.extend(name(declared));
                body.push_str(declared);
                body.push('\n');
            } else {
                body.push_str(line);
                body.push('\n');
            }
        }
        let exported = exported.join(", ");
        let _ = writeln!(
            self.text,
            "modules[\"{path}\"] = (() => {{\n{body}return {{ {exported} }};\n}})();"
        );
    }
}

/// The names in braces and the path of an import.
fn import(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("import ")?.strip_suffix("\";")?;
    match rest.split_once("} from \"") {
        Some((names, specifier)) => Some((names.strip_prefix('{')?.trim(), specifier)),
        None => Some(("", rest.strip_prefix('"')?)),
    }
}

/// The name that a declaration declares.
fn name(declared: &str) -> Option<&str> {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let kinds = ["async function ", "function ", "class ", "const "];
    let rest = kinds.iter().find_map(|kind| declared.strip_prefix(kind))?;
    rest.split(|letter| !word(letter)).next().filter(|name| !name.is_empty())
}

/// The path of what is imported as `specifier` in the module at `path`.
fn resolve(path: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The lines of a script, without those that are comments, which are half of it.
fn without_comments(text: &str) -> Vec<&str> {
    let (mut lines, mut inside) = (Vec::new(), false);
    for line in text.lines() {
        let mut rest = line;
        if inside || line.trim_start().starts_with("/**") {
            let Some((_, after)) = line.split_once("*/") else {
                inside = true;
                continue;
            };
            inside = false;
            rest = after;
        }
        if !rest.trim().is_empty() && !rest.trim_start().starts_with("//") {
            lines.push(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_exports_and_comments_are_read() {
        assert_eq!(import("import { a, b } from \"./c.js\";"), Some(("a, b", "./c.js")));
        assert_eq!(import("import \"../c.js\";"), Some(("", "../c.js")));
        assert_eq!(import("const a = \"import\";"), None);
        assert_eq!(name("async function* x("), None);
        assert_eq!(name("class Timeline extends HTMLElement {"), Some("Timeline"));
        assert_eq!(name("const A_1 = 2;"), Some("A_1"));
        assert_eq!(resolve("export/bench.js", "../timeline/points.js"), "timeline/points.js");
        assert_eq!(resolve("timeline/timeline.js", "./ticks.js"), "timeline/ticks.js");
        let text =
            "// a\n/** b */\nc;\n  /**\n   * d\n   */\n/** @type {E} */ (f).g();\n\nh; // i\n";
        assert_eq!(without_comments(text), ["c;", " (f).g();", "h; // i"]);
    }

    /// Nothing is left that a browser would have to load, and each module is there once, before those that need it.
    #[test]
    fn the_report_of_a_benchmark_has_all_that_it_imports() {
        let text = bundle("export/bench.js");
        for line in text.lines() {
            let start = line.trim_start();
            assert!(!start.starts_with("import ") && !start.starts_with("export "), "{line}");
            assert!(!start.starts_with("import(") && !line.contains("</script"), "{line}");
        }
        for path in
            ["timeline/timeline.js", "timeline/points.js", "timeline/ticks.js", "export/bench.js"]
        {
            assert_eq!(text.matches(&format!("modules[\"{path}\"] = (")).count(), 1, "{path}");
        }
        for (at, line) in text.lines().enumerate() {
            let Some((_, needed)) = line.split_once("} = modules[") else { continue };
            let needed = format!("modules[{}] = (", needed.trim_end_matches("];"));
            let first = text.lines().position(|line| line.starts_with(&needed));
            assert!(first.is_some_and(|first| first < at), "{line}");
        }
    }
}
