//! `docs/metrics.md` is generated from the table of metric families: this test fails when it is out of date, and
//! writes it with `UPDATE_DOCS=1 cargo test --test library metrics`.

use std::{env, fmt::Write as _, fs, path::Path};
use vsps::observers::families::{self, Family, Shape};

const HEAD: &str = "\
# Metrics

<!-- Made from src/observers/families.rs: UPDATE_DOCS=1 cargo test --test library metrics -->

`http://127.0.0.1:8081/metrics` in the Prometheus text format. Labels are bounded: no URL is a label, and a session is
one only with `--session-metrics`. How they are used: [metrics, logs and summary](observing.md).
";

const OF_SESSIONS: &str = "\
## Of single sessions

With `--session-metrics N` (at most 1000) the N oldest sessions that have not ended have series of their own, about ten
each. Without it there are none.
";

const HISTOGRAMS: &str = "\
## Bounds of the histograms
";

const EXEMPLARS: &str = "\
There are no exemplars: the crate `prometheus` (0.14) has no type for them, and its encoder writes the text format 0.0.4,
which has no place for them. From a histogram to the requests behind it: `GET /api/v1/sessions/{id}/timeline`, or a log
line for each request (`VSPS_LOG_LEVEL=info,vsps::access=debug`).
";

fn table(list: &[Family]) -> String {
    let rows = list.iter().map(|family| format!("{family}\n"));
    let head = "| name | labels | type | unit | what |\n|---|---|---|---|---|\n";
    [head.to_owned()].into_iter().chain(rows).collect()
}

fn bounds() -> String {
    let mut text = "| unit | bounds |\n|---|---|\n".to_owned();
    for (unit, bounds) in [("seconds", families::SECONDS), ("bit/s", families::BITS_PER_SECOND)] {
        let bounds: Vec<_> = bounds.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "| {unit} | {} |", bounds.join(", "));
    }
    text
}

#[test]
fn the_page_of_metrics_is_what_the_table_is() {
    let of = |shape: &Shape| matches!(shape, Shape::Histogram(_));
    assert!(families::ALL.iter().any(|family| of(&family.shape)));
    let (all, sessions) = (table(families::ALL), table(families::OF_SESSIONS));
    let page = [HEAD, &all, OF_SESSIONS, &sessions, HISTOGRAMS, &bounds(), EXEMPLARS].join("\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stale = "docs/metrics.md is out of date; UPDATE_DOCS=1 cargo test --test library metrics";
    assert!(fs::read_to_string(path).unwrap_or_default() == page, "{stale}");
}
