//! Which options each format obeys; the others are refused by name, never passed over.

use super::{
    error::Fault,
    format::{TraceFormat, TraceOptions},
};

/// An option, whether it is given, the formats that obey it, and what to do where it is refused.
type Ruling = (&'static str, bool, &'static [TraceFormat], &'static str);

/// Refuses the options that `format` has no use for.
pub(super) fn check(format: TraceFormat, options: &TraceOptions) -> Result<(), Fault> {
    use TraceFormat::{Csv, List, Log, Mahimahi, Pensieve, Sabre};
    let rulings: [Ruling; 6] = [
        (
            "rate-unit",
            options.rate_unit.is_some(),
            &[Csv, Pensieve, List, Sabre],
            "leave it out: the format says what it counts",
        ),
        (
            "time-unit",
            options.time_unit.is_some(),
            &[Csv, Pensieve, List, Sabre, Log],
            "leave it out: the format says its times",
        ),
        (
            "step",
            options.step.is_some(),
            &[Csv, Pensieve, Log],
            "leave it out: the format says how long each sample lasts",
        ),
        (
            "time-column",
            options.time_column.is_some(),
            &[Csv],
            "leave it out, or say `csv` as the format",
        ),
        (
            "rate-column",
            options.rate_column.is_some(),
            &[Csv],
            "leave it out, or say `csv` as the format",
        ),
        ("bin", options.bin.is_some(), &[Mahimahi], "leave it out: nothing is counted"),
    ];
    for (name, given, formats, hint) in rulings {
        if given && !formats.contains(&format) {
            let problem =
                format!("is of format `{}`, which has no use for `{name}`", format.as_str());
            return Err(Fault::whole(problem, hint));
        }
    }
    for (name, given) in
        [("time-unit", options.time_unit.is_some()), ("time-column", options.time_column.is_some())]
    {
        if given && options.step.is_some() {
            let problem = format!("`{name}` can't go with `step`, by which no time is read");
            return Err(Fault::whole(problem, "leave one of them out"));
        }
    }
    Ok(())
}
