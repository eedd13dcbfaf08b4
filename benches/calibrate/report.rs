//! The report: tables of the measurements, and the result for each target.

use crate::figure::Figure;
use serde::Serialize;
use std::fmt;

/// Everything that was measured in one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Vec<String>,
    effort: String,
    tables: Vec<Table>,
    checks: Vec<Check>,
    /// Questions that could not be asked here, with the reason.
    skipped: Vec<(&'static str, String)>,
}

/// What one question saw.
#[derive(Debug, Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A target, and what was seen.
#[derive(Debug, Serialize)]
struct Check {
    question: &'static str,
    case: String,
    what: &'static str,
    target: String,
    seen: String,
    runs: Figure,
    ok: bool,
}

/// What a figure's median must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// Within this share of 1.
    Within(f64),
}

impl Target {
    fn met(self, seen: f64) -> bool {
        match self {
            Self::AtMost(most) => seen <= most,
            Self::AtLeast(least) => seen >= least,
            Self::Within(share) => (seen - 1.0).abs() <= share,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::Within(share) => write!(f, "1 ± {}", (share * 1e6).round() / 1e6),
        }
    }
}

impl Table {
    pub(crate) fn new(title: &str, note: &str, head: &[&str]) -> Self {
        let head = head.iter().map(|&cell| cell.to_owned()).collect();
        Self { title: title.to_owned(), note: note.to_owned(), head, rows: Vec::new() }
    }
}

impl Report {
    pub(crate) const fn new(machine: Vec<String>, effort: String) -> Self {
        Self { machine, effort, tables: Vec::new(), checks: Vec::new(), skipped: Vec::new() }
    }

    pub(crate) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// A question can't be asked on this machine.
    pub(crate) fn skip(&mut self, question: &'static str, reason: &str) {
        self.skipped.push((question, reason.to_owned()));
    }

    /// Holds the median of `seen`, shown with `digits` decimals, against a target.
    pub(crate) fn check(
        &mut self,
        (question, case): (&'static str, &str),
        what: &'static str,
        target: Target,
        (seen, digits): (&Figure, usize),
    ) {
        self.checks.push(Check {
            question,
            case: case.to_owned(),
            what,
            target: target.to_string(),
            seen: format!("{seen:.digits$}"),
            runs: seen.clone(),
            ok: target.met(seen.median()),
        });
    }
}

/// As Markdown.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.machine {
            writeln!(f, "- {line}")?;
        }
        writeln!(f, "- effort: {}", self.effort)?;
        for Table { title, note, head, rows } in &self.tables {
            writeln!(f, "\n### {title}\n\n{note}\n")?;
            row(f, head)?;
            row(f, &vec!["---".to_owned(); head.len()])?;
            rows.iter().try_for_each(|cells| row(f, cells))?;
        }
        for (question, reason) in &self.skipped {
            writeln!(f, "\nNot asked: {question}. {reason}")?;
        }
        if self.checks.is_empty() {
            return Ok(());
        }
        let missed = self.checks.iter().filter(|check| !check.ok).count();
        writeln!(f, "\n### Targets: {} of {} missed\n", missed, self.checks.len())?;
        row(f, &["question", "case", "what", "target", "seen", ""].map(str::to_owned))?;
        row(f, &vec!["---".to_owned(); 6])?;
        for Check { question, case, what, target, seen, ok, .. } in &self.checks {
            let ok = if *ok { "ok" } else { "**MISSED**" };
            let cells = [*question, case.as_str(), what, target.as_str(), seen.as_str(), ok];
            row(f, &cells.map(str::to_owned))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, cells: &[String]) -> fmt::Result {
    writeln!(f, "| {} |", cells.join(" | "))
}
