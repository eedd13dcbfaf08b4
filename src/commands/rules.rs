//! `vsps rules`: check rule files.

use super::{Failure, output::print};
use crate::{args::RulesCommand, rules::RuleSet};
use std::fmt::Write as _;

pub(super) fn rules(command: &RulesCommand) -> Result<(), Failure> {
    let RulesCommand::Check { files } = command;
    let (mut report, mut problems) = (String::new(), Vec::new());
    for path in files {
        // Writing to a String can't fail.
        match RuleSet::load(path) {
            Ok(rules) => {
                let _ = writeln!(report, "{}, in order:", path.display());
                for rule in rules.iter() {
                    let _ = writeln!(report, "  {rule}");
                }
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    print(&report)?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("\n"))) }
}
