//! `docs/reference-config.md`: every key of the file that `vsps run --config` reads. Keys, meanings, defaults and
//! names of environment variables are those of the command line; each example is read by the code. The test fails
//! when the page is out of date; `UPDATE_DOCS=1 cargo test --test library config` writes it.

use super::reference::{cell, check};
use clap::{Arg, Args as _};
use std::{collections::BTreeSet, env, fmt::Write as _, fs, path::PathBuf};
use vsps::{args::RunArgs, config::Config, profiles::Catalog};

const TEXT: &str = include_str!("reference/config.txt");

const HEAD: &str = "\
# Reference: configuration file

<!-- Made from src/args/run.rs, src/args/bounds.rs and tests/library/reference/config.txt: UPDATE_DOCS=1 cargo test --test library config -->

`vsps run --config FILE` reads options from a TOML file. Each key is the name of an option of `vsps run` without its
dashes, and has an environment variable too. An option of the command line goes before the environment variable, that
before the file, and that before the default. Relative paths start at the working directory of the process. An unknown
key or a wrong value is an error: `vsps` names file, line and key, and exits with 2.

Values are written as in [rules](reference-rules.md): spans, rates, sizes, ratios. A pattern of hosts is a host, a host
with a port, `*.` and a domain, or `*`.
";

/// The file of the script in the examples.
const SCRIPT: &str = "fn on_request(request, session) { () }";

/// One key, as a line of the text file has it.
struct Key<'a> {
    name: &'a str,
    syntax: &'a str,
    /// Empty if the help of the option states it.
    default: &'a str,
    example: &'a str,
}

fn keys() -> Vec<Key<'static>> {
    let cells = |line: &'static str| {
        let mut cells = line.split('¦').map(str::trim);
        let [name, syntax, default, example] =
            std::array::from_fn(|_| cells.next().unwrap_or_default());
        Key { name, syntax, default, example }
    };
    TEXT.lines().filter(|line| !line.is_empty()).map(cells).collect()
}

/// The options that can be in the file, in the order of the help.
fn options() -> Vec<Arg> {
    let command = RunArgs::augment_args(clap::Command::new("run"));
    let named = |option: &&Arg| option.get_long().is_some_and(|name| name != "config");
    command.get_arguments().filter(named).cloned().collect()
}

/// What an option means, and its default if its help states it.
fn meaning(option: &Arg) -> (String, Option<String>) {
    let help = option.get_help().map(ToString::to_string).unwrap_or_default();
    let Some((before, rest)) = help.split_once("[default: ") else {
        return (sentence(&help), None);
    };
    let (default, after) = rest.split_once(']').unwrap();
    let before = before.trim_end();
    (sentence(&format!("{before}{after}")), Some(default.to_owned()))
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim().trim_end_matches('.'))
}

fn page() -> String {
    let (mut page, mut heading, keys) = (HEAD.to_owned(), None, keys());
    for option in options() {
        let name = option.get_long().unwrap();
        let title = option.get_help_heading().unwrap_or("Options").to_owned();
        if heading.as_ref() != Some(&title) {
            let _ = write!(page, "\n## {title}\n\n");
            page += "| key | value | default | environment | meaning | example |\n|---|---|---|---|---|---|\n";
            heading = Some(title);
        }
        let key = keys.iter().find(|key| key.name == name);
        let Some(Key { syntax, default, example, .. }) = key else { continue };
        let (meaning, stated) = meaning(&option);
        assert!(
            stated.is_some() == default.is_empty(),
            "{name}: the default is stated either in the help or in config.txt"
        );
        let default = stated.unwrap_or_else(|| (*default).to_owned());
        let variable = option.get_env().map(|name| name.to_string_lossy().into_owned());
        let variable = variable.unwrap_or_default();
        let [syntax, default, meaning, example] = [*syntax, &default, &meaning, *example].map(cell);
        let _ = writeln!(
            page,
            "| `{name}` | {syntax} | {default} | `{variable}` | {meaning} | `{example}` |"
        );
    }
    page
}

/// Reads `text` as a configuration file, as `vsps run` does.
fn read(name: &str, text: &str) -> Result<Config, String> {
    let folder = env::temp_dir().join(format!("vsps-config-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let script = folder.join("decide.rhai");
    fs::write(&script, SCRIPT).unwrap();
    let tokens = folder.join("tokens.txt");
    fs::write(&tokens, "read:a-secret\n").unwrap();
    let file: PathBuf = folder.join("vsps.toml");
    // The working directory belongs to all tests, so the examples get whole paths.
    let whole = |path: &PathBuf| toml::Value::from(path.to_string_lossy().into_owned()).to_string();
    let text = text.replace("\"decide.rhai\"", &whole(&script));
    fs::write(&file, text.replace("\"tokens.txt\"", &whole(&tokens))).unwrap();
    let args = RunArgs { config: Some(file), ..RunArgs::default() };
    let config = Config::new(args, &Catalog::new()).map_err(|error| error.to_string());
    fs::remove_dir_all(&folder).unwrap();
    config
}

#[test]
fn the_reference_of_the_configuration_has_every_key() {
    let named: BTreeSet<_> = keys().iter().map(|key| key.name.to_owned()).collect();
    let wanted: BTreeSet<_> =
        options().iter().map(|option| option.get_long().unwrap().to_owned()).collect();
    let missing: Vec<_> = wanted.difference(&named).collect();
    assert!(
        missing.is_empty(),
        "add a line to tests/library/reference/config.txt for {missing:?}, and then write the page: \
         UPDATE_DOCS=1 cargo test --test library config"
    );
    let unknown: Vec<_> = named.difference(&wanted).collect();
    assert!(unknown.is_empty(), "config.txt has keys that are no options: {unknown:?}");
    check("reference-config.md", &page());
}

#[test]
fn each_example_of_the_configuration_is_read() {
    for Key { name, example, .. } in keys() {
        assert!(example.starts_with(&format!("{name} = ")), "{example} has no {name}");
        // Three options need another one.
        let needed = match name {
            "h3" => "tls = \"local\"\n",
            "intercept" => "forward = true\n",
            "state-key" => "state = \"memory\"\n",
            _ => "",
        };
        let read = read(name, &format!("{needed}{example}"));
        assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
    }
}

#[test]
fn all_examples_together_are_one_configuration() {
    let text: Vec<_> = keys().iter().map(|key| key.example).collect();
    let config = read("all", &text.join("\n")).unwrap();
    assert_eq!(config.seed.value(), 7);
    assert_eq!(config.listen.port(), 8080);
    assert_eq!(config.link.as_deref(), Some("house"));
    assert_eq!(config.rules.len(), 2);
    assert_eq!(config.most_sessions, 200);
}

#[test]
fn the_default_of_an_option_is_taken_from_its_help() {
    let option = Arg::new("a").help("A wait [default: 10 s], for a player");
    assert_eq!(meaning(&option), ("A wait, for a player.".to_owned(), Some("10 s".to_owned())));
    assert_eq!(meaning(&Arg::new("a").help("A wait")), ("A wait.".to_owned(), None));
}
