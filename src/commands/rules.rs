//! `vsps rules`: check rule files.

use super::{Failure, output::print};
use crate::{args::RulesCommand, rules::RuleSet};
use std::{fmt::Write as _, fs};

pub(super) fn rules(command: &RulesCommand) -> Result<(), Failure> {
    let RulesCommand::Check { files } = command;
    let (mut report, mut problems) = (String::new(), Vec::new());
    for path in files {
        let name = path.display().to_string();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                problems.push(format!("{name}: {error}"));
                continue;
            }
        };
        // Writing to a String can't fail.
        match RuleSet::from_toml(&name, &text) {
            Ok(rules) => {
                let _ = writeln!(report, "{name}: {} rules, in order:", rules.len());
                for rule in rules.iter() {
                    let _ = writeln!(report, "  {rule}");
                }
            }
            Err(diagnostics) => problems.push(diagnostics.to_string()),
        }
    }
    print(&report)?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("\n"))) }
}
