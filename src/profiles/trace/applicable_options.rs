//! The options that apply to each format. Other options are errors; they are never ignored.

use super::{
    error::Fault,
    format::{TraceFormat, TraceOptions},
};

/// An option, whether it is given, the formats that it applies to, and the hint for other formats.
type OptionRow = (&'static str, bool, &'static [TraceFormat], &'static str);

/// Rejects the options that do not apply to `format`.
pub(super) fn check(format: TraceFormat, options: &TraceOptions) -> Result<(), Fault> {
    use TraceFormat::{Csv, List, Log, Mahimahi, Pensieve, Sabre};
    let rows: [OptionRow; 6] = [
        (
            "rate-unit",
            options.rate_unit.is_some(),
            &[Csv, Pensieve, List, Sabre],
            "leave it out: the format defines its unit",
        ),
        (
            "time-unit",
            options.time_unit.is_some(),
            &[Csv, Pensieve, List, Sabre, Log],
            "leave it out: the format defines its times",
        ),
        (
            "step",
            options.step.is_some(),
            &[Csv, Pensieve, Log],
            "leave it out: the format defines the length of each sample",
        ),
        (
            "time-column",
            options.time_column.is_some(),
            &[Csv],
            "leave it out, or set the format to `csv`",
        ),
        (
            "rate-column",
            options.rate_column.is_some(),
            &[Csv],
            "leave it out, or set the format to `csv`",
        ),
        (
            "bin",
            options.bin.is_some(),
            &[Mahimahi],
            "leave it out: only mahimahi traces are counted in bins",
        ),
    ];
    for (name, given, formats, hint) in rows {
        if given && !formats.contains(&format) {
            let problem =
                format!("is of format `{}`, to which `{name}` does not apply", format.as_str());
            return Err(Fault::whole(problem, hint));
        }
    }
    for (name, given) in
        [("time-unit", options.time_unit.is_some()), ("time-column", options.time_column.is_some())]
    {
        if given && options.step.is_some() {
            let problem =
                format!("`{name}` can't be combined with `step`, with which times are not read");
            return Err(Fault::whole(problem, "leave one of them out"));
        }
    }
    Ok(())
}
