//! OpenMetrics 1.0: a text format of metrics that has a place for exemplars.

use super::exemplars::{Exemplar, Exemplars};
use prometheus::proto::{Histogram, LabelPair, Metric, MetricFamily, MetricType};
use std::fmt::{self, Formatter};

/// The most characters of the label of an exemplar, name and value together. OpenMetrics sets this limit.
const MOST_CHARACTERS: usize = 128;
/// The label of an exemplar.
const LABEL: &str = "session";

/// Families of metrics in the OpenMetrics format, without the line `# EOF` at its end.
pub(super) struct OpenMetrics<'a> {
    pub(super) families: &'a [MetricFamily],
    /// The exemplars of histograms among them.
    pub(super) exemplars: Option<&'a Exemplars>,
}

impl fmt::Display for OpenMetrics<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.families.iter().try_for_each(|family| self.write_family(family, f))
    }
}

impl OpenMetrics<'_> {
    fn write_family(&self, family: &MetricFamily, f: &mut Formatter<'_>) -> fmt::Result {
        // Samples of a counter end with `_total`; its family has the name without it.
        let (name, kind) = match family.get_field_type() {
            MetricType::COUNTER => {
                (family.name().strip_suffix("_total").unwrap_or(family.name()), "counter")
            }
            MetricType::GAUGE => (family.name(), "gauge"),
            MetricType::HISTOGRAM => (family.name(), "histogram"),
            // There are no such families.
            MetricType::SUMMARY | MetricType::UNTYPED => return Ok(()),
        };
        writeln!(f, "# TYPE {name} {kind}\n# HELP {name} {}", Escaped(family.help()))?;
        for metric in family.get_metric() {
            let labels = Labels { of: metric.get_label(), le: None };
            match kind {
                "counter" => {
                    writeln!(f, "{name}_total{labels} {}", metric.get_counter().get_value())?;
                }
                "gauge" => writeln!(f, "{name}{labels} {}", metric.get_gauge().get_value())?,
                _ => self.write_histogram(name, metric, f)?,
            }
        }
        Ok(())
    }

    fn write_histogram(&self, name: &str, metric: &Metric, f: &mut Formatter<'_>) -> fmt::Result {
        let (of, histogram) = (metric.get_label(), metric.get_histogram());
        let exemplars = self.exemplars.and_then(|all| all.find(name, of));
        for (place, (bound, count)) in buckets(histogram).enumerate() {
            write!(f, "{name}_bucket{} {count}", Labels { of, le: Some(bound) })?;
            if let Some(exemplar) = exemplars.as_ref().and_then(|all| all.get(place)) {
                write_exemplar(&exemplar, f)?;
            }
            writeln!(f)?;
        }
        let labels = Labels { of, le: None };
        writeln!(f, "{name}_sum{labels} {}", histogram.get_sample_sum())?;
        writeln!(f, "{name}_count{labels} {}", histogram.get_sample_count())
    }
}

/// Its label, its value, and its time in seconds since 1970. Nothing if the id of the session is too long.
fn write_exemplar(exemplar: &Exemplar, f: &mut Formatter<'_>) -> fmt::Result {
    let id = &*exemplar.session.id;
    if LABEL.len() + id.chars().count() > MOST_CHARACTERS {
        return Ok(());
    }
    let seconds = exemplar.at.unix.since_zero().as_secs_f64();
    write!(f, " # {{{LABEL}=\"{}\"}} {} {seconds:.3}", Escaped(id), exemplar.value)
}

/// The upper bound and the cumulative count of each bucket. The last bound is infinity.
fn buckets(histogram: &Histogram) -> impl Iterator<Item = (f64, u64)> {
    let bounded =
        histogram.get_bucket().iter().map(|one| (one.upper_bound(), one.cumulative_count()));
    bounded
        .filter(|(bound, _)| bound.is_finite())
        .chain([(f64::INFINITY, histogram.get_sample_count())])
}

/// The labels of a sample in braces; nothing if there are none.
struct Labels<'a> {
    of: &'a [LabelPair],
    /// The upper bound of a bucket.
    le: Option<f64>,
}

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.of.is_empty() && self.le.is_none() {
            return Ok(());
        }
        let mut separator = "{";
        for label in self.of {
            write!(f, "{separator}{}=\"{}\"", label.name(), Escaped(label.value()))?;
            separator = ",";
        }
        if let Some(bound) = self.le {
            write!(f, "{separator}le=\"{}\"", Bound(bound))?;
        }
        f.write_str("}")
    }
}

/// A bound in the form that OpenMetrics calls canonical, as the language Go writes it: `0.5`, `1.0`, `1e+06`, `+Inf`.
struct Bound(f64);

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_infinite() {
            return f.write_str("+Inf");
        }
        if self.0 < 1e6 {
            return write!(f, "{:?}", self.0);
        }
        let text = format!("{:e}", self.0);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        write!(f, "{mantissa}e+{exponent:0>2}")
    }
}

/// A text within quotes, or a help text.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(place) = rest.find(['\\', '"', '\n']) {
            let (before, from) = rest.split_at(place);
            f.write_str(before)?;
            f.write_str(match from.as_bytes().first() {
                Some(b'\n') => "\\n",
                Some(b'"') => "\\\"",
                _ => "\\\\",
            })?;
            rest = from.get(1..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_go_writes_them() {
        let written = |bound| Bound(bound).to_string();
        for (bound, text) in [
            (0.005, "0.005"),
            (1.0, "1.0"),
            (15.0, "15.0"),
            (750e3, "750000.0"),
            (1e6, "1e+06"),
            (1.5e6, "1.5e+06"),
            (35e6, "3.5e+07"),
            (1e9, "1e+09"),
            (1e10, "1e+10"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(written(bound), text);
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(Escaped("a\"b\\c\nd").to_string(), r#"a\"b\\c\nd"#);
        assert_eq!(Escaped("\n\u{e9}").to_string(), "\\n\u{e9}");
        assert_eq!(Escaped("").to_string(), "");
    }
}
