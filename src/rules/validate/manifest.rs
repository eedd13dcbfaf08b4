//! Validates `manifest`.

use super::{answer::host, headers::skew, when::rungs};
use crate::{
    document::{Either, Scope, Several, Text},
    media::edit::{Amount, Clocks, Discontinuity, Durations, EndList, Hint, ManifestEdit, Report},
    rules::then_entry::{DiscontinuityTable, DurationsTable, ManifestTable, ReportTable},
};
use std::sync::Arc;

/// The most segments that an edit can name.
const MOST_SEGMENTS: u64 = 100_000;
/// The most attributes that one rule removes.
const MOST_NAMES: usize = 32;

/// Validates `manifest`; `at` is its table. The edits are applied in the order of this list: edits after
/// which the manifest can still be parsed go first.
pub(super) fn manifest(table: Option<&ManifestTable>, at: &Scope<'_>) -> Vec<ManifestEdit> {
    let Some(table) = table else { return Vec::new() };
    if *table == ManifestTable::default() {
        at.fault("has no edit", "write one, as in `manifest = { freeze = \"20 s\" }`");
    }
    if table.empty == Some(false) {
        at.at("empty").fault("must be `true`", "write `true`, or leave it out");
    }
    let count = |key, written: &Option<Text>| at.whole(key, written.as_ref(), 1..=MOST_SEGMENTS);
    let few = |key, written| count(key, written).and_then(|n| u32::try_from(n).ok());
    let edits = [
        freeze(table.freeze.as_ref(), at),
        few("go-back", &table.go_back).map(ManifestEdit::GoBack),
        few("lag", &table.lag).map(ManifestEdit::Lag),
        end_list(table.endlist.as_ref(), at),
        discontinuity(table.discontinuity.as_ref(), at),
        count("gap", &table.gap).map(ManifestEdit::Gap),
        durations(table.durations.as_ref(), &at.at("durations")),
        table
            .drop_rungs
            .as_ref()
            .map(|written| ManifestEdit::DropRungs(rungs(written, &at.at("drop-rungs")))),
        strip(table.strip.as_ref(), &at.at("strip")),
        factor("bandwidth", table.bandwidth.as_ref(), at).map(ManifestEdit::Bandwidth),
        resolution(table.resolution.as_ref(), at),
        publish_time(table.publish_time.as_ref(), at),
        utc_timing(table.utc_timing.as_ref(), at),
        host("host", table.host.as_ref(), at).map(ManifestEdit::Host),
        preload_hint(table.preload_hint.as_ref(), at),
        report(table.rendition_report.as_ref(), at),
        few("skip", &table.skip).map(ManifestEdit::Skip),
        truncate(table.truncate.as_ref(), at),
        (table.empty == Some(true)).then_some(ManifestEdit::Empty),
    ];
    edits.into_iter().flatten().collect()
}

fn freeze(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let hint =
        "write a duration, as in `freeze = \"20 s\"`, or `forever` (as long as the rule applies)";
    at.parsed("freeze", written, "a duration or `forever`", hint, |text| match text {
        "forever" => Some(ManifestEdit::Freeze(None)),
        _ => {
            let time = crate::units::span::parse(text).ok()?;
            (!time.is_zero()).then_some(ManifestEdit::Freeze(Some(time)))
        }
    })
}

fn end_list(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let all = [("early", EndList::Early), ("bare", EndList::Bare), ("missing", EndList::Missing)];
    let end = at.at("endlist").choose("an edit of the end marker", written?, &all)?;
    Some(ManifestEdit::EndList(end))
}

fn discontinuity(
    written: Option<&Either<DiscontinuityTable>>,
    at: &Scope<'_>,
) -> Option<ManifestEdit> {
    let table = match written? {
        Either::Short(text) => {
            let drop = [("drop", Discontinuity::Drop)];
            let drop = at.at("discontinuity").choose("an edit of discontinuities", text, &drop);
            return drop.map(ManifestEdit::Discontinuity);
        }
        Either::Table(table) => table,
    };
    let at = at.at("discontinuity");
    let edit = match (&table.insert, &table.shift) {
        (every @ Some(_), None) => {
            Discontinuity::Insert(at.whole("insert", every.as_ref(), 1..=MOST_SEGMENTS)?)
        }
        (None, shift @ Some(_)) => Discontinuity::Shift(signed("shift", shift.as_ref(), &at)?),
        _ => {
            at.fault("must have exactly one edit", "write `insert` or `shift`, or `\"drop\"`");
            return None;
        }
    };
    Some(ManifestEdit::Discontinuity(edit))
}

fn signed(key: &str, written: Option<&Text>, at: &Scope<'_>) -> Option<i64> {
    let hint = "write a whole number other than zero, as in `1` or `-2`";
    let most = MOST_SEGMENTS as i64;
    at.parsed(key, written, "a shift", hint, |text| {
        let number: i64 = text.strip_prefix('+').unwrap_or(text).parse().ok()?;
        (number != 0 && (-most..=most).contains(&number)).then_some(number)
    })
}

fn durations(table: Option<&DurationsTable>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let table = table?;
    if *table == DurationsTable::default() {
        let hint = "write `scale`, `target`, `date-shift` or `date-drift`";
        at.fault("has no edit", hint);
    }
    let shift = |key, written: &Option<Text>| {
        skew(key, written.as_ref(), at).map_or(0, |skew| skew.milliseconds)
    };
    Some(ManifestEdit::Durations(Durations {
        scale: factor("scale", table.scale.as_ref(), at),
        target: at.span("target", table.target.as_ref()),
        date_shift: shift("date-shift", &table.date_shift),
        date_drift: shift("date-drift", &table.date_drift),
    }))
}

/// A number above zero, or a percentage.
fn factor(key: &str, written: Option<&Text>, at: &Scope<'_>) -> Option<f64> {
    let hint = "write a number above 0, at most 1000, as in `0.5` or `\"50 %\"`";
    at.parsed(key, written, "a factor", hint, |text| {
        let factor: f64 = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
            None => text.parse().ok()?,
        };
        (factor > 0.0 && factor <= 1000.0).then_some(factor)
    })
}

fn strip(written: Option<&Several>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let names = written?.as_slice();
    let sound = |text: &Text| {
        let name = text.as_str();
        let sound =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        sound && !name.eq_ignore_ascii_case("BANDWIDTH")
    };
    if names.is_empty() || names.len() > MOST_NAMES || !names.iter().all(sound) {
        let hint = "write names of attributes, as in `[\"CODECS\", \"RESOLUTION\"]`; BANDWIDTH \
                    can't be removed, because no player reads a variant without it";
        at.fault("has no attribute that can be removed", hint);
        return None;
    }
    Some(ManifestEdit::Strip(names.iter().map(|text| Arc::from(text.as_str())).collect()))
}

fn resolution(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let hint = "write width and height, as in `1920x1080`";
    at.parsed("resolution", written, "a resolution", hint, |text| {
        let (width, height) = text.split_once('x')?;
        Some(ManifestEdit::Resolution(width.trim().parse().ok()?, height.trim().parse().ok()?))
    })
}

fn publish_time(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let frozen = [("frozen", ManifestEdit::PublishTime)];
    let names: Vec<_> = frozen.iter().map(|(name, edit)| (*name, edit)).collect();
    at.at("publish-time").choose("an edit of publishTime", written?, &names).cloned()
}

fn utc_timing(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let clocks = match written?.as_str() {
        "missing" => Clocks::Missing,
        "unreachable" => Clocks::Unreachable,
        _ => Clocks::Shift(skew("utc-timing", written, at)?.milliseconds),
    };
    Some(ManifestEdit::UtcTiming(clocks))
}

fn preload_hint(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let all = [("missing", Hint::Missing), ("wrong", Hint::Wrong)];
    let hint = at.at("preload-hint").choose("an edit of the preload hint", written?, &all)?;
    Some(ManifestEdit::PreloadHint(hint))
}

fn report(written: Option<&Either<ReportTable>>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let place = at.at("rendition-report");
    let report = match written? {
        Either::Short(text) => place.choose(
            "an edit of the rendition report",
            text,
            &[("missing", Report::Missing)],
        )?,
        Either::Table(table) => {
            let few = |key, written: &Option<Text>| {
                let n = place.whole(key, written.as_ref(), 1..=MOST_SEGMENTS);
                n.and_then(|n| u32::try_from(n).ok())
            };
            match (&table.stale, &table.ahead) {
                (Some(_), None) => Report::Stale(few("stale", &table.stale)?),
                (None, Some(_)) => Report::Ahead(few("ahead", &table.ahead)?),
                _ => {
                    place.fault("must have exactly one edit", "write `stale` or `ahead`");
                    return None;
                }
            }
        }
    };
    Some(ManifestEdit::RenditionReport(report))
}

fn truncate(written: Option<&Text>, at: &Scope<'_>) -> Option<ManifestEdit> {
    let hint = "write lines (`12 lines`), bytes (`1 KiB`) or a share (`50 %`)";
    at.parsed("truncate", written, "an amount to keep", hint, |text| {
        let amount = if let Some(lines) = text.strip_suffix("lines").or(text.strip_suffix("line")) {
            Amount::Lines(lines.trim().parse().ok()?)
        } else if text.ends_with('%') {
            Amount::Share(text.parse().ok()?)
        } else {
            Amount::Bytes(text.parse().ok()?)
        };
        Some(ManifestEdit::Truncate(amount))
    })
}
