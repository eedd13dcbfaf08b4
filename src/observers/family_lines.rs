//! The lines of one family in a text format of metrics, written without the values in between that the library makes.
//!
//! For families with a sample for each session: there are thousands of them, and each is written once and thrown away.

use super::{
    exposition::Exposition,
    families::{Family, Shape},
};
use std::fmt::{Display, Write as _};

/// Writes the samples of one family, which is a counter or a gauge. Its head is written before the first sample: a
/// family without samples has none.
pub(super) struct FamilyLines<'a> {
    family: &'a Family,
    format: Exposition,
    headed: bool,
    text: &'a mut String,
}

impl<'a> FamilyLines<'a> {
    /// The lines of `family`, at the end of `text`.
    pub(super) const fn new(format: Exposition, family: &'a Family, text: &'a mut String) -> Self {
        Self { family, format, headed: false, text }
    }

    /// Writes a sample. The values of labels are escaped already, and in the order of the labels' names.
    pub(super) fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        if !self.headed {
            self.head();
        }
        self.text.push_str(self.family.name);
        for (place, (name, value)) in labels.iter().enumerate() {
            self.text.push(if place == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            self.text.push_str(value);
            self.text.push('"');
        }
        self.text.push_str(if labels.is_empty() { " " } else { "} " });
        // A text takes everything.
        let _ = writeln!(self.text, "{value}");
    }

    fn head(&mut self) {
        self.headed = true;
        let Family { name, help, shape, .. } = self.family;
        let kind = if matches!(shape, Shape::Counter) { "counter" } else { "gauge" };
        let _ = match self.format {
            Exposition::Prometheus => {
                writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}")
            }
            Exposition::OpenMetrics => {
                // Samples of a counter end with `_total`; its family has the name without it.
                let name = name.strip_suffix("_total").unwrap_or(name);
                writeln!(self.text, "# TYPE {name} {kind}\n# HELP {name} {help}")
            }
        };
    }
}
