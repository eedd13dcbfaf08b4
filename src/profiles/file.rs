//! The tables of a profile file as they are written, without logic. All keys may be absent here: validation reports
//! missing keys, together with all other errors.

mod trace_entry;

pub(crate) use trace_entry::TraceTable;

use crate::{
    document::{Several, Text, tables},
    rules::{DistributionTable, RuleEntry, RuleList},
};

tables! {
    /// A whole file.
    ProfileFile "a profile" {
        summary: Text,
        source: Text,
        latency: LatencyTable,
        downlink: DownlinkTable,
        uplink: DownlinkTable,
        limit: Vec<LimitTable>,
        stall: StallTable,
        loss: LossTable,
        rule: Vec<RuleEntry>,
        rules: RuleList,
    }

    /// `[latency]`
    LatencyTable "a table, as in { rtt = \"30 ms\" }" {
        rtt: Text,
        delay: Text,
        uplink: Text,
        downlink: Text,
        schedule: Vec<RoundTripTable>,
        repeat: bool,
        jitter: DistributionTable,
        correlation: Text,
        handshake: Text,
    }

    /// One step of `schedule` in `[latency]`.
    RoundTripTable "a table, as in { for = \"30 s\", rtt = \"75 ms\" }" {
        #[serde(rename = "for")] lasts: Text,
        rtt: Text,
    }

    /// `[downlink]`
    DownlinkTable "a table, as in { rate = \"5 Mbit/s\" }" {
        rate: Text,
        schedule: Vec<StepTable>,
        ramp: Vec<PointTable>,
        waves: WavesTable,
        on_off: OnOffTable,
        markov: MarkovTable,
        #[serde(deserialize_with = "trace_entry::read")] trace: TraceTable,
        repeat: bool,
        start: Text,
        time_scale: Text,
        fallback: Text,
        times: Box<DownlinkTable>,
        min: Box<DownlinkTable>,
        burst: Text,
        count: Text,
        transport: Text,
        queue: Text,
        link: Text,
        sharing: Text,
        loss: LossTable,
    }

    /// `[[limit]]`
    LimitTable "a table, as in { per = \"host\", rate = \"5 Mbit/s\" }" {
        per: Text,
        host: Several,
        media: Several,
        rate: Text,
        schedule: Vec<StepTable>,
        ramp: Vec<PointTable>,
        waves: WavesTable,
        on_off: OnOffTable,
        markov: MarkovTable,
        trace: TraceTable,
        repeat: bool,
        start: Text,
        time_scale: Text,
        burst: Text,
        count: Text,
    }

    /// One point of `ramp`.
    PointTable "a table, as in { at = \"10 s\", rate = \"5 Mbit/s\" }" {
        at: Text,
        rate: Text,
    }

    /// `waves`
    WavesTable "a table, as in { base = \"3 Mbit/s\", sine = [{ amplitude = \"1 Mbit/s\", period = \"30 s\" }] }" {
        base: Text,
        sine: Vec<WaveTable>,
        triangle: Vec<WaveTable>,
        square: Vec<WaveTable>,
        saw: Vec<WaveTable>,
    }

    /// One wave of `waves`.
    WaveTable "a table, as in { amplitude = \"1 Mbit/s\", period = \"30 s\" }" {
        amplitude: Text,
        period: Text,
        phase: Text,
    }

    /// `on-off`
    OnOffTable "a table with `on`, `off` and `rate`" {
        on: DistributionTable,
        off: DistributionTable,
        rate: Text,
        rest: Text,
    }

    /// One step of `schedule`.
    StepTable "a table, as in { for = \"30 s\", rate = \"1200 kbit/s\" }" {
        #[serde(rename = "for")] lasts: Text,
        rate: Text,
    }

    /// `markov`
    MarkovTable "a table with `step`, `states` and `transitions`" {
        step: Text,
        states: Vec<StateTable>,
        transitions: Vec<Vec<Text>>,
    }

    /// One state of `markov`.
    StateTable "a table, as in { rate = \"2 Mbit/s\", spread = 0.2 }" {
        rate: Text,
        spread: Text,
    }

    /// `[stall]`
    StallTable "a table with `every` and `for`" {
        every: DistributionTable,
        #[serde(rename = "for")] lasts: DistributionTable,
    }

    /// `[loss]`
    LossTable "a table, as in { model = { bernoulli = 0.01 } }" {
        model: ModelTable,
        on_drop: Text,
    }

    /// `model` of `[loss]`
    ModelTable "a table, as in { bernoulli = 0.01 }" {
        bernoulli: Text,
        gilbert_elliott: GilbertElliottTable,
        four_state: FourStateTable,
    }

    /// `four-state`
    FourStateTable "a table, as in { p13 = 0.005, p31 = 0.2 }" {
        p13: Text,
        p31: Text,
        p32: Text,
        p23: Text,
        p14: Text,
    }

    /// `gilbert-elliott`
    GilbertElliottTable "a table, as in { p = 0.002, r = 0.2 }" {
        p: Text,
        r: Text,
        loss_bad: Text,
        loss_good: Text,
    }
}
