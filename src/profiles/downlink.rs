//! From `[downlink]` to a rate over time.

use super::{
    file::{DownlinkTable, OnOffTable, PointTable, StepTable, WaveTable, WavesTable},
    markov::chain,
    measured::distribution,
    sources::Sources,
    trace_steps::trace,
    unit::Unit,
};
use crate::{
    document::{Scope, Text},
    model::{
        Count, OnOff, QueueSize, Ramp, RateSpec, RelativeRate, RelativeSteps, Shape, Start, Step,
        Steps, Times, TransportSpec, Wave, Waves,
    },
    rules::distribution::valid,
    units::{BitRate, ByteSize, Ratio, span},
};
use std::{sync::Arc, time::Duration};

/// Less than this at a time, and a link would wake for every few bytes.
const PACKET: ByteSize = ByteSize::from_bytes(1500);

/// The kinds of schedule, by key; and whether each is written.
fn kinds(table: &DownlinkTable) -> [(&'static str, bool); 7] {
    [
        ("rate", table.rate.is_some()),
        ("schedule", table.schedule.is_some()),
        ("ramp", table.ramp.is_some()),
        ("waves", table.waves.is_some()),
        ("on-off", table.on_off.is_some()),
        ("markov", table.markov.is_some()),
        ("trace", table.trace.is_some()),
    ]
}

/// What goes for a whole table of a schedule.
struct Way<'a> {
    unit: Unit,
    repeat: bool,
    start: Start,
    /// The factor by which times are longer.
    scale: f64,
    fallback: Option<BitRate>,
    sources: &'a Sources<'a>,
}

impl Way<'_> {
    fn long(&self, span: Duration) -> Duration {
        Duration::try_from_secs_f64(span.as_secs_f64() * self.scale).unwrap_or(Duration::MAX)
    }
}

/// Validates the rate over time; `scope` is `[downlink]`.
pub(super) fn rate(
    table: &DownlinkTable,
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<RateSpec> {
    schedule(table, scope, Unit::Rate, sources)
}

/// Losses on the way down have a table of their own. `scope` is the table around `loss`.
pub(super) fn refuse_loss(table: &DownlinkTable, scope: &Scope<'_>) {
    if table.loss.is_some() {
        scope.at("loss").fault("stands alone for the way down", "write it as `[loss]`");
    }
}

/// Validates a table of a schedule, with what it is multiplied by and held under.
fn schedule(
    table: &DownlinkTable,
    scope: &Scope<'_>,
    unit: Unit,
    sources: &Sources<'_>,
) -> Option<RateSpec> {
    let way = way(table, scope, unit, sources);
    let base = one(table, scope, &way?);
    let inner = |key, table: &Option<Box<DownlinkTable>>, unit| {
        let table = table.as_deref()?;
        let scope = scope.at(key);
        for (key, written) in [
            ("burst", &table.burst),
            ("count", &table.count),
            ("transport", &table.transport),
            ("queue", &table.queue),
            ("link", &table.link),
            ("sharing", &table.sharing),
        ] {
            if written.is_some() {
                scope.at(key).fault("belongs to the whole link", "write it under [downlink]");
            }
        }
        refuse_loss(table, &scope);
        if kinds(table).iter().all(|(_, is)| !is) {
            scope.fault("has no rate", "write one, as in { rate = .. }");
        }
        Some(schedule(table, &scope, unit, sources))
    };
    let (times, min) = (inner("times", &table.times, Unit::Share), inner("min", &table.min, unit));
    let mut rate = base?;
    if let Some(share) = times {
        if rate == RateSpec::Unlimited {
            scope.at("times").fault("has no rate to multiply", "write a `rate` beside it");
        }
        rate = RateSpec::Times(Arc::new(valid(Times::new(rate, share?), scope)?));
    }
    if let Some(cap) = min {
        rate = RateSpec::Min(Arc::new([rate, cap?]));
    }
    Some(rate)
}

/// The one kind of schedule in a table.
fn one(table: &DownlinkTable, scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let kinds = kinds(table);
    let mut given = kinds.iter().filter(|(_, is)| *is).map(|(key, _)| *key);
    let first = given.next();
    if let (Some(first), Some(second)) = (first, given.next()) {
        let names: Vec<_> = kinds.iter().map(|(key, _)| format!("`{key}`")).collect();
        let hint = format!("write one of {}", names.join(", "));
        scope.at(second).fault(format!("can't go with `{first}`"), hint);
        return None;
    }
    let listed = matches!(first, Some("schedule" | "ramp" | "trace"));
    if table.repeat.is_some() && !listed {
        scope.at("repeat").fault("has no `schedule` to repeat", "leave it out");
    }
    for (key, written) in [("start", &table.start), ("time-scale", &table.time_scale)] {
        if written.is_some() && !listed && first != Some("waves") {
            let hint = "leave it out, or write `schedule`, `ramp`, `waves` or `trace`";
            scope.at(key).fault("has no schedule to go with", hint);
        }
    }
    match first {
        Some("rate") => constant(table.rate.as_ref(), scope, way),
        Some("schedule") => steps_of(table.schedule.as_deref()?, scope, way),
        Some("ramp") => ramp(table.ramp.as_deref()?, scope, way),
        Some("waves") => waves(table.waves.as_ref()?, &scope.at("waves"), way),
        Some("on-off") => on_off(table.on_off.as_ref()?, &scope.at("on-off"), way),
        Some("markov") => chain(table.markov.as_ref()?, scope, way.unit),
        Some(_) => {
            let recorded = trace(table.trace.as_ref()?, &scope.at("trace"), way.sources)?;
            if let [only] = recorded.as_slice()
                && only.rate > BitRate::ZERO
            {
                // Over again or for ever, it is the same.
                return Some(RateSpec::Constant(only.rate));
            }
            let steps =
                recorded.into_iter().map(|step| Step { lasts: way.long(step.lasts), ..step });
            let made = crate::model::Trace::new(steps, way.repeat, way.start);
            valid(made, scope).map(|trace| RateSpec::Trace(Arc::new(trace)))
        }
        None => Some(RateSpec::Unlimited),
    }
}

fn way<'a>(
    table: &DownlinkTable,
    scope: &Scope<'_>,
    unit: Unit,
    sources: &'a Sources<'a>,
) -> Option<Way<'a>> {
    let start = match &table.start {
        Some(text) if text.as_str() == "random" => Start::Random,
        Some(_) => Start::At(scope.span("start", table.start.as_ref())?),
        None => Start::default(),
    };
    let scale = match &table.time_scale {
        Some(text) => match text.as_str().parse::<f64>() {
            Ok(scale) if (0.001..=1000.0).contains(&scale) => scale,
            _ => {
                let hint = "write 0.001 to 1000; `2.0` makes everything last twice as long";
                scope.at("time-scale").fault(format!("`{text}` is no scale"), hint);
                return None;
            }
        },
        None => 1.0,
    };
    let fallback = match &table.fallback {
        Some(_) => Some(scope.read("fallback", table.fallback.as_ref())?),
        None => None,
    };
    let start = match start {
        Start::At(at) => Start::At(Duration::try_from_secs_f64(at.as_secs_f64() * scale).ok()?),
        random => random,
    };
    Some(Way { unit, repeat: table.repeat.unwrap_or(true), start, scale, fallback, sources })
}

/// Validates the burst; `scope` is `[downlink]`.
pub(super) fn burst(table: &DownlinkTable, scope: &Scope<'_>) -> Option<ByteSize> {
    let burst = scope.read("burst", table.burst.as_ref())?;
    let at = scope.at("burst");
    if burst < PACKET {
        at.fault("is less than a packet", format!("write at least `{PACKET}`, or leave it out"));
    }
    if kinds(table).iter().all(|(_, is)| !is) && table.min.is_none() {
        at.fault("has no rate to go beyond", "write a `rate` too, or leave it out");
    }
    Some(burst)
}

/// Validates what the rate counts; `scope` is `[downlink]`.
pub(super) fn count(table: &DownlinkTable, scope: &Scope<'_>) -> Option<Count> {
    let names = [Count::Payload, Count::Wire].map(|count| (count.as_str(), count));
    match &table.count {
        Some(name) => scope.at("count").choose("a way to count", name, &names),
        None => Some(Count::default()),
    }
}

/// Validates what carries the responses; `scope` is `[downlink]`.
pub(super) fn transport(table: &DownlinkTable, scope: &Scope<'_>) -> Option<TransportSpec> {
    let names = [TransportSpec::None, TransportSpec::Tcp].map(|kind| (kind.as_str(), kind));
    scope.at("transport").choose("a transport", table.transport.as_ref()?, &names)
}

/// Validates the bottleneck's queue: bytes, or time at the highest rate; `scope` is `[downlink]`.
pub(super) fn queue(table: &DownlinkTable, scope: &Scope<'_>) -> Option<QueueSize> {
    let written = table.queue.as_ref()?;
    let at = scope.at("queue");
    let size = match span::parse(written.as_str()) {
        Ok(time) => QueueSize::Time(time),
        Err(_) => QueueSize::Bytes(scope.read("queue", Some(written))?),
    };
    if matches!(size, QueueSize::Bytes(bytes) if bytes < PACKET)
        || matches!(size, QueueSize::Time(time) if time.is_zero())
    {
        at.fault("holds no packet", format!("write at least `{PACKET}`, or leave it out"));
    }
    if table.transport.as_ref().is_none_or(|kind| kind.as_str() != "tcp") {
        at.fault("has no transport to fill it", "write `transport = \"tcp\"` too, or leave it out");
    }
    if kinds(table).iter().all(|(_, is)| !is) && table.min.is_none() {
        at.fault("has no rate to wait for", "write a `rate` too, or leave it out");
    }
    Some(size)
}

fn constant(written: Option<&Text>, scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let rate = way.unit.relative("rate", written, scope)?;
    let RelativeRate::Fixed(rate) = rate else {
        // How long a single step that stays lasts means nothing.
        return relative(vec![(Duration::from_secs(1), rate)], false, scope, way);
    };
    Some(RateSpec::Constant(rate))
}

fn steps_of(tables: &[StepTable], scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let list = scope.at("schedule");
    let step = |(i, table): (usize, &StepTable)| {
        let at = list.item(i);
        let lasts = at.need("for", table.lasts.as_ref(), "for = \"30 s\"");
        let rate = at.need("rate", table.rate.as_ref(), way.unit.example());
        let (lasts, rate) = (at.span("for", lasts), way.unit.relative("rate", rate, &at));
        Some((way.long(lasts?), rate?))
    };
    // Collected in two goes, so that the faults of all steps are found.
    let steps: Vec<_> = tables.iter().enumerate().map(step).collect();
    let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
    let fixed = |&(lasts, rate): &(Duration, RelativeRate)| match rate {
        RelativeRate::Fixed(rate) => Some(Step { lasts, rate }),
        RelativeRate::OfRung { .. } => None,
    };
    let Some(plain) = steps.iter().map(fixed).collect::<Option<Vec<Step>>>() else {
        return relative(steps, way.repeat, scope, way);
    };
    let made = Steps::new(plain, way.repeat).and_then(|steps| steps.starting(way.start));
    valid(made, scope).map(|steps| RateSpec::Steps(Arc::new(steps)))
}

fn relative(
    steps: Vec<(Duration, RelativeRate)>,
    repeat: bool,
    scope: &Scope<'_>,
    way: &Way<'_>,
) -> Option<RateSpec> {
    let Some(fallback) = way.fallback else {
        let hint =
            "write `fallback = \"3 Mbit/s\"`: the rate until a manifest with the ladder is read";
        scope.missing("fallback", hint);
        return None;
    };
    if way.start != Start::default() {
        scope.at("start").fault("can't go with shares of the ladder", "leave it out");
    }
    let made = RelativeSteps::new(steps, repeat, fallback);
    valid(made, scope).map(|steps| RateSpec::Relative(Arc::new(steps)))
}

fn ramp(tables: &[PointTable], scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let list = scope.at("ramp");
    let point = |(i, table): (usize, &PointTable)| {
        let scope = list.item(i);
        let at = scope.span("at", scope.need("at", table.at.as_ref(), "at = \"10 s\""));
        let rate = scope.need("rate", table.rate.as_ref(), way.unit.example());
        let rate = way.unit.plain("rate", rate, &scope);
        Some((way.long(at?), rate?))
    };
    let points: Vec<_> = tables.iter().enumerate().map(point).collect();
    let points = points.into_iter().collect::<Option<Vec<_>>>()?;
    let made = Ramp::new(points, way.repeat).and_then(|ramp| ramp.starting(way.start));
    valid(made, scope).map(|ramp| RateSpec::Ramp(Arc::new(ramp)))
}

fn waves(table: &WavesTable, scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let base = way.unit.plain(
        "base",
        scope.need("base", table.base.as_ref(), "base = \"3 Mbit/s\""),
        scope,
    );
    let wave = |shape: Shape, table: &WaveTable, scope: &Scope<'_>| {
        let amplitude =
            scope.need("amplitude", table.amplitude.as_ref(), "amplitude = \"1 Mbit/s\"");
        let amplitude = way.unit.plain("amplitude", amplitude, scope);
        let period = scope.need("period", table.period.as_ref(), "period = \"30 s\"");
        let period = scope.span("period", period);
        let phase = scope.read("phase", table.phase.as_ref()).unwrap_or(Ratio::NONE);
        Some(Wave { shape, amplitude: amplitude?, period: way.long(period?), phase })
    };
    let shapes = [
        (Shape::Sine, &table.sine),
        (Shape::Triangle, &table.triangle),
        (Shape::Square, &table.square),
        (Shape::Saw, &table.saw),
    ];
    let mut waves = Vec::new();
    for (shape, tables) in shapes {
        let list = scope.at(shape.as_str());
        let tables = tables.iter().flatten().enumerate();
        waves.extend(tables.map(|(i, table)| wave(shape, table, &list.item(i))));
    }
    let waves = waves.into_iter().collect::<Option<Vec<Wave>>>();
    let made = Waves::new(base?, waves?, way.start);
    sound_here(made, scope).map(|waves| RateSpec::Waves(Arc::new(waves)))
}

fn on_off(table: &OnOffTable, scope: &Scope<'_>, way: &Way<'_>) -> Option<RateSpec> {
    let law = |key, table: Option<&_>| {
        let Some(table) = table else {
            let example = format!("{key} = {{ distribution = \"exponential\", mean = \"10 s\" }}");
            scope.missing(key, &format!("write `{example}`"));
            return None;
        };
        distribution(table, &scope.at(key), way.sources)
    };
    let (on, off) = (law("on", table.on.as_ref()), law("off", table.off.as_ref()));
    let rate = match &table.rate {
        None if way.unit == Unit::Share => Some(crate::model::WHOLE),
        rate => {
            let rate = scope.need("rate", rate.as_ref(), way.unit.example());
            way.unit.plain("rate", rate, scope)
        }
    };
    let rest = match &table.rest {
        None => Some(BitRate::ZERO),
        rest => way.unit.plain("rest", rest.as_ref(), scope),
    };
    let made = OnOff::new(on?, off?, rate?, rest?);
    valid(made, scope).map(|process| RateSpec::OnOff(Arc::new(process)))
}

/// Takes a fault of a model down at `scope` itself.
fn sound_here<T>(made: Result<T, crate::model::SpecError>, scope: &Scope<'_>) -> Option<T> {
    made.map_err(|fault| scope.fault(fault.problem, fault.hint)).ok()
}
