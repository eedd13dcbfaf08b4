//! The result as JUnit's XML: playback and each assertion is a test case.

use super::report::Report;
use std::fmt::Write as _;

/// The document.
pub(super) fn junit(report: &Report) -> String {
    let mut cases = String::new();
    for (at, player) in report.players.iter().enumerate() {
        let name = format!("player {} plays", at + 1);
        let problem = report.problem_of(player);
        case(&mut cases, &name, player.qoe.wall_seconds, problem.as_deref());
    }
    for checked in &report.assertions {
        case(&mut cases, &checked.assertion, 0.0, checked.problem.as_deref());
    }
    let tests = report.players.len() + report.assertions.len();
    let failures = report.problems().len();
    let counts = format!("tests=\"{tests}\" failures=\"{failures}\"");
    let time = report.together.wall_seconds;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  \
         <testsuite name=\"vsps play {}\" {counts} errors=\"0\" time=\"{time:.3}\">\n{cases}  \
         </testsuite>\n</testsuites>\n",
        escaped(&report.url)
    )
}

fn case(out: &mut String, name: &str, time: f64, problem: Option<&str>) {
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "    <testcase classname=\"vsps.play\" name=\"{}\" time=\"{time:.3}\"",
        escaped(name)
    );
    let _ = match problem {
        None => writeln!(out, "/>"),
        Some(problem) => {
            let problem = escaped(problem);
            writeln!(
                out,
                ">\n      <failure message=\"{problem}\">{problem}</failure>\n    </testcase>"
            )
        }
    };
}

/// A text as the value of an attribute. Characters that XML 1.0 does not have become spaces.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => out.push(' '),
            other if other < ' ' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::report::{Checked, PlayerReport};
    use super::*;
    use crate::player::Qoe;

    #[test]
    fn cases_and_failures() {
        let qoe = Qoe { startup_seconds: Some(0.5), wall_seconds: 2.5, ..Qoe::default() };
        let report = Report {
            url: "http://a.example/?a=1&b=<2>".into(),
            abr: "bola".into(),
            part: None,
            together: qoe,
            assertions: vec![Checked {
                assertion: "rebuffer_ratio < 0.01".into(),
                passed: false,
                problem: Some("rebuffer_ratio is 0.2".into()),
            }],
            players: vec![PlayerReport { qoe, ended: "complete".into(), error: None }],
        };
        insta::assert_snapshot!(junit(&report), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites tests="2" failures="1">
          <testsuite name="vsps play http://a.example/?a=1&amp;b=&lt;2&gt;" tests="2" failures="1" errors="0" time="2.500">
            <testcase classname="vsps.play" name="player 1 plays" time="2.500"/>
            <testcase classname="vsps.play" name="rebuffer_ratio &lt; 0.01" time="0.000">
              <failure message="rebuffer_ratio is 0.2">rebuffer_ratio is 0.2</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "#);
    }
}
