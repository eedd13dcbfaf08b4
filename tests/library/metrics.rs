//! `docs/metrics.md` is generated from the table of metric families: this test fails when it is out of date, and
//! writes it with `UPDATE_DOCS=1 cargo test --test library metrics`.

use std::{env, fmt::Write as _, fs, path::Path};
use vsps::observers::families::{self, Family, Shape};

const HEAD: &str = "\
# Metrics

<!-- Made from src/observers/families.rs: UPDATE_DOCS=1 cargo test --test library metrics -->

`http://127.0.0.1:8081/metrics` in the Prometheus text format, or [as OpenMetrics](#formats-and-exemplars). Labels are
bounded: no URL is a label, and a session is one only with `--session-metrics`. How they are used:
[metrics, logs and summary](observing.md).
";

const OF_SESSIONS: &str = "\
## Of single sessions

With `--session-metrics N` (at most 1000) the N oldest sessions that have not ended have series of their own, about ten
each. Without it there are none.
";

const HISTOGRAMS: &str = "\
## Bounds of the histograms
";

const FORMATS: &str = "\
## Formats and exemplars

Without an `Accept` header the response is in the Prometheus text format 0.0.4. A client that asks for
`application/openmetrics-text`, as Prometheus does, gets OpenMetrics 1.0.0: the same samples, with the end marked by `# EOF`.
Bounds of histograms are then written as `1.0` and `1e+06`, where the text format has `1` and `1000000`.

OpenMetrics has *exemplars*: each bucket of the histograms of durations, waits, first bytes and throughput of requests names one
recent observation, which is replaced at most once a second, and the session that it belongs to:

```text
vsps_ttfb_seconds_bucket{kind=\"segment\",media=\"video\",profile=\"3g\",le=\"0.25\"} 12 # {session=\"vj7ta4nck5\"} 0.204 1764480000.125
```

Prometheus keeps them with `--enable-feature=exemplar-storage`, and Grafana shows them as points over a histogram. The address
of a session in the console is `http://127.0.0.1:8081/#/session/ID`; the data source of
[`deploy/compose`](../deploy/compose/compose.yaml) links exemplars to it. From there, or from
`GET /api/v1/sessions/{id}/timeline`, to the requests of the session.
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
    let page = [HEAD, &all, OF_SESSIONS, &sessions, HISTOGRAMS, &bounds(), FORMATS].join("\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let stale = "docs/metrics.md is out of date; UPDATE_DOCS=1 cargo test --test library metrics";
    assert!(fs::read_to_string(path).unwrap_or_default() == page, "{stale}");
}
