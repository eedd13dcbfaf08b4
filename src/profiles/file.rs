//! The mirror of a profile file; no logic. All keys may be absent here: what is required is for
//! validation to say, together with all else that is wrong.

use crate::rules::{RuleEntry, Text};
use serde::{Deserialize, Serialize};

/// A table of optional keys; unknown ones are errors, and the text says what a table looks like.
macro_rules! tables {
    ($($(#[doc = $doc:literal])* $name:ident $example:literal {
        $($(#[$rename:meta])? $field:ident: $type:ty,)*
    })*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case", expecting = $example)]
        pub(super) struct $name {
            $($(#[$rename])? #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) $field: Option<$type>,)*
        }
    )*};
}

tables! {
    /// A whole file.
    ProfileFile "a profile" {
        summary: Text,
        source: Text,
        latency: LatencyTable,
        downlink: DownlinkTable,
        stall: StallTable,
        loss: LossTable,
        rule: Vec<RuleEntry>,
    }

    /// `[latency]`
    LatencyTable "a table, as in { rtt = \"30 ms\" }" {
        rtt: Text,
        delay: Text,
        jitter: DistributionTable,
        correlation: Text,
        handshake: Text,
    }

    /// `[downlink]`
    DownlinkTable "a table, as in { rate = \"5 Mbit/s\" }" {
        rate: Text,
        schedule: Vec<StepTable>,
        repeat: bool,
        markov: MarkovTable,
        burst: Text,
        transport: Text,
        queue: Text,
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
    }

    /// `gilbert-elliott`
    GilbertElliottTable "a table, as in { p = 0.002, r = 0.2 }" {
        p: Text,
        r: Text,
        loss_bad: Text,
        loss_good: Text,
    }

    /// A distribution of spans of time.
    DistributionTable "a table, as in { distribution = \"exponential\", mean = \"12 s\" }" {
        distribution: Text,
        value: Text,
        mean: Text,
        sd: Text,
        min: Text,
        max: Text,
        shape: Text,
    }
}
