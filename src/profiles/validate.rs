//! From the mirror of a profile file to a profile that can run, with every fault on the way.

use super::{
    downlink::{burst, count, queue, rate, refuse_loss, transport},
    file::{LatencyTable, ProfileFile, RoundTripTable, StallTable},
    limit::{limits, uplink},
    loss::loss,
    measured::distribution,
    profile::Profile,
    sharing::{Shared, shared},
    sources::Sources,
};
use crate::{
    builtin,
    document::{Diagnostics, Document, Scope, Text},
    model::{
        Count, Handshake, Latency, LinkSpec, RateSpec, RoundTrips, Sharing, StallSpec,
        TransportSpec,
    },
    rules::{
        RuleSet,
        distribution::{counts_bytes, distribution_of_bytes, valid},
        misplaced_key, rule_set,
    },
    units::Ratio,
};

impl Profile {
    /// Reads a profile from TOML. `name` is the profile's, `file` is named in the faults.
    ///
    /// ```
    /// use vsps::profiles::Profile;
    ///
    /// let text = r#"
    /// summary = "Home Wi-Fi at the edge of range"
    /// source = "synthetic"
    ///
    /// [downlink]
    /// rate = "20 MB/s"
    /// "#;
    /// let faults = Profile::from_toml("mine", "mine.toml", text).unwrap_err();
    /// assert_eq!(
    ///     faults.to_string(),
    ///     "mine.toml:6: downlink.rate: `20 MB/s` is not a rate; \
    ///      rates are in bits: multiply by 8 and write kbit/s or Mbit/s"
    /// );
    /// ```
    ///
    /// A trace that it names must be a built-in one: a text alone opens no files.
    ///
    /// # Errors
    /// All faults of the first stage (keys, types), or else all of the second (values).
    pub fn from_toml(name: &str, file: &str, text: &str) -> Result<Self, Diagnostics> {
        Self::with_traces(name, file, text, &Sources::Embedded(&builtin::trace))
    }

    /// The same, with traces from `sources`.
    pub(super) fn with_traces(
        name: &str,
        file: &str,
        text: &str,
        sources: &Sources<'_>,
    ) -> Result<Self, Diagnostics> {
        let document = Document::toml(file, text)?.with_key_hint(misplaced_key);
        document.read(|file: ProfileFile, scope| profile(name, file, scope, sources))
    }
}

fn profile(
    name: &str,
    file: ProfileFile,
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<Profile> {
    let mut link = link(&file, scope, sources);
    let sending = file.uplink.as_ref().map(|table| uplink(table, &scope.at("uplink"), sources));
    let limits = limits(file.limit.as_deref().unwrap_or_default(), &scope.at("limit"), sources);
    let downlink = scope.at("downlink");
    let shared = file.downlink.as_ref().map(|table| shared(table, &downlink)).unwrap_or_default();
    relative_and_shared(link.as_ref(), &shared, &downlink);
    if let Some(link) = &mut link {
        let over_tcp = link.transport == TransportSpec::Tcp;
        link.fair_queue = over_tcp && shared.sharing == Some(Sharing::Fair);
    }
    let rules = RuleSet::concat([
        &rule_set(file.rule.clone().unwrap_or_default(), &scope.at("rule")),
        &rule_set(file.rules.clone().unwrap_or_default(), &scope.at("rules")),
    ]);
    Some(Profile {
        name: name.into(),
        summary: line(file.summary.as_ref()),
        source: line(file.source.as_ref()),
        link: link?,
        uplink: sending.unwrap_or_else(|| Some(LinkSpec::default()))?,
        limits: limits?.into(),
        shared,
        rules,
        file,
    })
}

/// A link of several sessions can't go by the ladder of one.
fn relative_and_shared(link: Option<&LinkSpec>, shared: &Shared, scope: &Scope<'_>) {
    let relative = link.is_some_and(|link| link.resolve(&|_| None).is_some());
    if relative && shared.name.is_some() {
        scope.at("link").fault("can't go with shares of the ladder", "write rates in bit/s");
    }
}

/// A text on one line: line breaks within it count as spaces. Empty when it was left out.
fn line(written: Option<&Text>) -> String {
    let words: Vec<&str> = written.map_or("", Text::as_str).split_whitespace().collect();
    words.join(" ")
}

fn link(file: &ProfileFile, scope: &Scope<'_>, sources: &Sources<'_>) -> Option<LinkSpec> {
    let downlink = file.downlink.as_ref();
    let at = scope.at("downlink");
    let latency = file.latency.as_ref().map(|table| latency(table, &scope.at("latency"), sources));
    let rate = downlink.map(|table| rate(table, &at, sources));
    if let Some(table) = downlink {
        refuse_loss(table, &at);
    }
    let burst = downlink.and_then(|table| burst(table, &at));
    let stall = file.stall.as_ref().map(|table| stall(table, &scope.at("stall"), sources));
    let loss = file.loss.as_ref().map(|table| loss(table, &scope.at("loss")));
    Some(LinkSpec {
        latency: latency.unwrap_or_default(),
        rate: rate.unwrap_or(Some(RateSpec::Unlimited))?,
        burst,
        count: downlink.map_or(Some(Count::default()), |table| count(table, &at))?,
        // A table that was written must be whole: `Some(None)` is at fault, `None` is absent.
        stall: stall.map_or(Some(None), |stall| stall.map(Some))?,
        loss: loss.map_or(Some(None), |loss| loss.map(Some))?,
        transport: downlink.and_then(|table| transport(table, &at)).unwrap_or_default(),
        queue: downlink.and_then(|table| queue(table, &at)),
        fair_queue: false,
    })
}

fn latency(table: &LatencyTable, scope: &Scope<'_>, sources: &Sources<'_>) -> Latency {
    if table.rtt.is_some() && table.delay.is_some() {
        let hint = "write `rtt` (a round trip) or `delay` (one way, half of it)";
        scope.at("delay").fault("can't go with `rtt`", hint);
    }
    let delay = scope.span("delay", table.delay.as_ref());
    let rtt = scope.span("rtt", table.rtt.as_ref()).or(delay.map(|delay| 2 * delay));
    let halves = [("uplink", table.uplink.as_ref()), ("downlink", table.downlink.as_ref())];
    let whole = if table.rtt.is_some() { "rtt" } else { "delay" };
    for (key, _) in halves.iter().filter(|(_, half)| half.is_some() && rtt.is_some()) {
        let hint =
            format!("write `{whole}`, or `uplink` and `downlink`, which sum to a round trip");
        scope.at(key).fault(format!("can't go with `{whole}`"), hint);
    }
    let [up, down] = halves.map(|(key, half)| scope.span(key, half).unwrap_or_default());
    let schedule = round_trips(table, scope);
    let longest = schedule.as_ref().map(RoundTrips::longest);
    let rtt = longest.or(rtt).unwrap_or_else(|| up.saturating_add(down));
    let jitter = table.jitter.as_ref();
    let jitter = jitter.and_then(|law| distribution(law, &scope.at("jitter"), sources));
    let correlation = scope.read("correlation", table.correlation.as_ref());
    if correlation.is_some() && table.jitter.is_none() {
        scope.at("correlation").fault("has no `jitter` to correlate", "leave it out");
    }
    let names = [Handshake::None, Handshake::Tcp, Handshake::Tls].map(|kind| (kind.as_str(), kind));
    let written = table.handshake.as_ref();
    let handshake = written.and_then(|name| scope.at("handshake").choose("one", name, &names));
    if handshake.is_some_and(|kind| kind != Handshake::None) && rtt.is_zero() {
        scope.at("handshake").fault("costs round trips, and there is none", "write an `rtt` too");
    }
    Latency {
        rtt,
        schedule,
        downlink: down.min(rtt),
        jitter,
        correlation: correlation.unwrap_or(Ratio::NONE),
        handshake: handshake.unwrap_or_default(),
    }
}

/// Round trips that change with time; `scope` is `[latency]`.
fn round_trips(table: &LatencyTable, scope: &Scope<'_>) -> Option<RoundTrips> {
    let Some(steps) = &table.schedule else {
        if table.repeat.is_some() {
            scope.at("repeat").fault("has no `schedule` to repeat", "leave it out");
        }
        return None;
    };
    for (key, written) in [
        ("rtt", &table.rtt),
        ("delay", &table.delay),
        ("uplink", &table.uplink),
        ("downlink", &table.downlink),
    ] {
        if written.is_some() {
            scope.at(key).fault("can't go with `schedule`", "write one of them");
        }
    }
    let list = scope.at("schedule");
    let step = |(i, table): (usize, &RoundTripTable)| {
        let at = list.item(i);
        let lasts = at.span("for", at.need("for", table.lasts.as_ref(), "for = \"30 s\""));
        let rtt = at.span("rtt", at.need("rtt", table.rtt.as_ref(), "rtt = \"75 ms\""));
        Some((lasts?, rtt?))
    };
    // Collected in two goes, so that the faults of all steps are found.
    let steps: Vec<_> = steps.iter().enumerate().map(step).collect();
    let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
    valid(RoundTrips::new(steps, table.repeat.unwrap_or(true)), scope)
}

fn stall(table: &StallTable, scope: &Scope<'_>, sources: &Sources<'_>) -> Option<StallSpec> {
    let read = |key, table: Option<&_>| {
        let Some(table) = table else {
            let example = format!("{key} = {{ distribution = \"constant\", value = \"1 s\" }}");
            scope.missing(key, &format!("write `{example}`"));
            return None;
        };
        distribution(table, &scope.at(key), sources)
    };
    let lasts = read("for", table.lasts.as_ref());
    if let Some(sizes) = table.every.as_ref().filter(|every| counts_bytes(every)) {
        let every = distribution_of_bytes(sizes, &scope.at("every"));
        return valid(StallSpec::by_bytes(every?, lasts?), scope);
    }
    let every = read("every", table.every.as_ref());
    valid(StallSpec::new(every?, lasts?), scope)
}
