//! Results as a Markdown table, for a pull request or a job summary.

use super::{Results, table::rows};
use std::fmt::Write as _;

/// The table of means, the reasons of runs that did not end, and the command.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let (rows, failures) = rows(results);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        // Writing to a String can't fail.
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let rule = |column: usize| if column < 2 { "---" } else { "---:" };
            let rules: Vec<&str> = (0..row.len()).map(rule).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    if !failures.is_empty() {
        text.push('\n');
        for line in failures.lines() {
            let _ = writeln!(text, "- {line}");
        }
    }
    let _ = writeln!(
        text,
        "\nMeans over seeds ± half of the 95 % confidence interval.\n\n```\n{}\n```",
        results.command
    );
    text
}
