//! Finds circles of files: files that import each other, directly or through others.

use std::collections::{BTreeMap, BTreeSet};

/// The segments of a path below `src/`.
type Path = Vec<String>;

/// How many re-exports are followed from one `mod.rs` to the next.
const MOST_REEXPORTS: usize = 8;

/// A path that a `use` names, and the name that it has from there on.
struct Import {
    path: Path,
    name: String,
    public: bool,
}

/// The imports of all files.
pub(crate) struct Imports<'a> {
    /// File and code, by module.
    modules: BTreeMap<Path, (&'a str, &'a str)>,
    /// What a module re-exports, by its name.
    exports: BTreeMap<Path, BTreeMap<String, Path>>,
}

impl<'a> Imports<'a> {
    /// Those of `files`: names such as `model/link.rs`, and code without comments.
    pub(crate) fn new(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let modules: BTreeMap<_, _> =
            files.into_iter().map(|(name, code)| (module(name), (name, code))).collect();
        let mut imports = Self { modules, exports: BTreeMap::new() };
        let mut exports: BTreeMap<Path, BTreeMap<String, Path>> = BTreeMap::new();
        for (module, (_, code)) in &imports.modules {
            for import in uses(code).0.into_iter().filter(|import| import.public) {
                if let Some(path) = imports.absolute(module, &import.path) {
                    exports.entry(module.clone()).or_default().insert(import.name, path);
                }
            }
        }
        imports.exports = exports;
        imports
    }

    /// The circles: each with its files and the imports among them. `types` are the files of types that have parts in
    /// the folder with their name: such a file and its parts may import each other. One that has no circle is a fault
    /// as well.
    pub(crate) fn circles(&self, types: &[&str]) -> Vec<String> {
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, (file, code)) in &self.modules {
            let reached = edges.entry(*file).or_default();
            if !file.ends_with("mod.rs") && !module.is_empty() {
                reached.extend(self.imported(module, code));
                reached.remove(file);
            }
        }
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            edges.keys().map(|file| (*file, reachable(&edges, file))).collect();
        let mut circles = BTreeSet::new();
        for (file, ahead) in reached.iter().filter(|(file, ahead)| ahead.contains(*file)) {
            let circle: BTreeSet<&str> =
                ahead.iter().copied().filter(|other| reached[other].contains(file)).collect();
            circles.insert(circle);
        }
        let unused = types.iter().filter(|of| !circles.iter().any(|circle| is_within(circle, of)));
        let unused = unused.map(|of| format!("{of} and its parts do not import each other"));
        let others = circles.iter().filter(|circle| !types.iter().any(|of| is_within(circle, of)));
        others.map(|circle| described(circle, &edges)).chain(unused).collect()
    }

    /// The files that `code` of `module` names, other than a `mod.rs`.
    fn imported(&self, module: &Path, code: &str) -> BTreeSet<&'a str> {
        let (imports, rest) = uses(code);
        let mut names = BTreeMap::new();
        let mut paths = Vec::new();
        for import in imports {
            if let Some(path) = self.absolute(module, &import.path) {
                names.insert(import.name, path.clone());
                paths.push(path);
            }
        }
        for written in inline_paths(&rest) {
            match names.get(&written[0]) {
                // Only a module can be followed by a name that is in another file.
                Some(path) if self.modules.contains_key(path) => {
                    paths.push([path, &written[1..]].concat());
                }
                Some(_) => {}
                None => paths.extend(self.absolute(module, &written)),
            }
        }
        let files = paths.iter().filter_map(|path| self.file(path, MOST_REEXPORTS));
        files.filter(|file| !file.ends_with("mod.rs") && !matches!(*file, "lib.rs")).collect()
    }

    /// `path`, as written in `module`, from the root of the crate; `None` if it leads out of the crate.
    fn absolute(&self, module: &Path, path: &[String]) -> Option<Path> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|word| *word == "super").count();
                let above = module.get(..module.len().checked_sub(ups)?)?;
                Some([above, &path[ups..]].concat())
            }
            _ => {
                let below = [module, path].concat();
                self.modules.contains_key(&below[..=module.len()]).then_some(below)
            }
        }
    }

    /// The file in which `path` is defined.
    fn file(&self, path: &[String], reexports_left: usize) -> Option<&'a str> {
        let length = (0..=path.len()).rev().find(|n| self.modules.contains_key(&path[..*n]))?;
        let (module, rest) = path.split_at(length);
        let (file, _) = self.modules.get(module)?;
        let exported = rest.first().and_then(|name| self.exports.get(module)?.get(name));
        match exported {
            Some(target) if reexports_left > 0 => {
                self.file(&[target, &rest[1..]].concat(), reexports_left - 1)
            }
            _ => Some(file),
        }
    }
}

/// The module of a file.
fn module(file: &str) -> Path {
    let path = file.trim_end_matches(".rs").split('/').map(str::to_owned);
    let mut path: Path = path.collect();
    path.pop_if(|last| matches!(last.as_str(), "mod" | "lib"));
    path
}

/// The imports of `code`, and the code without them.
fn uses(code: &str) -> (Vec<Import>, String) {
    let (mut imports, mut rest) = (Vec::new(), String::new());
    let mut left = code;
    while let Some(at) = left.find("use ") {
        let (before, found) = left.split_at(at);
        let line = before.rsplit('\n').next().unwrap_or_default().trim();
        let end = found.find(';').unwrap_or(found.len());
        let begins =
            line.is_empty() || line == "pub" || line.starts_with("pub(") && line.ends_with(')');
        rest.push_str(before);
        if begins {
            expand(&[], &found["use ".len()..end], !line.is_empty(), &mut imports);
            left = &found[end..];
        } else {
            rest.push_str("use ");
            left = &found["use ".len()..];
        }
    }
    rest.push_str(left);
    (imports, rest)
}

/// The imports of a tree such as `a::{b, c::{self, d as e}}`.
fn expand(prefix: &[String], tree: &str, public: bool, imports: &mut Vec<Import>) {
    let (mut depth, mut start) = (0, 0);
    let mut branches = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[start..]);
    let words = |path: &str| -> Path {
        let words = path.split("::").map(str::trim).filter(|word| !word.is_empty());
        prefix.iter().cloned().chain(words.map(str::to_owned)).collect()
    };
    for branch in branches.into_iter().map(str::trim).filter(|branch| !branch.is_empty()) {
        if let Some((path, inner)) = branch.split_once('{') {
            expand(&words(path), inner.trim_end().trim_end_matches('}'), public, imports);
            continue;
        }
        let (path, alias) = branch.split_once(" as ").unwrap_or((branch, ""));
        let mut path = words(path);
        if path.len() > 1 {
            path.pop_if(|last| last == "self");
        }
        let name =
            if alias.is_empty() { path.last().cloned() } else { Some(alias.trim().to_owned()) };
        imports.push(Import { name: name.unwrap_or_default(), path, public });
    }
}

/// The paths of two words or more in `code`.
fn inline_paths(code: &str) -> Vec<Path> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let written = code.split(|c: char| !is_word(c) && c != ':');
    let paths = written.filter(|path| path.contains("::") && !path.starts_with(':'));
    let words = |path: &str| path.split("::").map(str::to_owned).collect();
    paths.map(words).collect()
}

fn reachable<'a>(edges: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = edges[from].iter().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(edges.get(file).into_iter().flatten());
        }
    }
    reached
}

/// Whether all files of `circle` are the file `of`, or in the folder with its name.
fn is_within(circle: &BTreeSet<&str>, of: &str) -> bool {
    let folder = format!("{}/", of.trim_end_matches(".rs"));
    circle.iter().all(|file| *file == of || file.starts_with(&folder))
}

fn described(circle: &BTreeSet<&str>, edges: &BTreeMap<&str, BTreeSet<&str>>) -> String {
    let mut text = format!("{} files import each other:", circle.len());
    for file in circle {
        let within = edges[file].iter().filter(|other| circle.contains(*other));
        let within: Vec<&str> = within.copied().collect();
        text.push_str(&format!("\n  {file} imports {}", within.join(", ")));
    }
    text
}

#[test]
fn circles_are_found_through_faces_and_modules_and_not_within_a_named_type() {
    let within = |files: &[(&'static str, &'static str)], types: &[&str]| {
        Imports::new(files.iter().copied()).circles(types)
    };
    let found = |files: &[(&'static str, &'static str)]| within(files, &[]);
    let through_a_face = [
        ("a/mod.rs", "mod b;\nmod c;\npub use b::{B, Other};\n"),
        ("a/b.rs", "use super::c::{self, C};\n"),
        ("a/c.rs", "use crate::a::B;\n"),
    ];
    assert_eq!(
        found(&through_a_face),
        ["2 files import each other:\n  a/b.rs imports a/c.rs\n  a/c.rs imports a/b.rs"]
    );
    let by_a_module_name = [
        ("a/mod.rs", "mod b;\nmod c;\nmod d;\n"),
        ("a/b.rs", "use super::c;\nfn f() { c::g() }\n"),
        ("a/c.rs", "pub(super) fn g() { crate::a::d::h() }\n"),
        ("a/d.rs", "use super::b::X as Y;\n"),
    ];
    assert_eq!(found(&by_a_module_name).len(), 1);
    let a_type_and_its_parts = [
        ("a/mod.rs", "mod b;\n"),
        ("a/b.rs", "mod part;\nuse part::Part;\nuse std::fmt;\n"),
        ("a/b/part.rs", "use super::B;\n"),
    ];
    assert_eq!(found(&a_type_and_its_parts).len(), 1);
    assert!(within(&a_type_and_its_parts, &["a/b.rs"]).is_empty());
    // A name that is not needed is reported, and so is a circle that leaves the type.
    assert_eq!(within(&a_type_and_its_parts, &["a/b.rs", "a/c.rs"]).len(), 1);
    let a_part_and_another_file = [
        ("a/mod.rs", "mod b;\nmod c;\n"),
        ("a/b.rs", "mod part;\nuse part::Part;\n"),
        ("a/b/part.rs", "use crate::a::c::C;\n"),
        ("a/c.rs", "use super::b::B;\n"),
    ];
    assert_eq!(within(&a_part_and_another_file, &["a/b.rs"]).len(), 2);
}
