//! Commands that change a running session, as plain data, and why a command can fail.
//!
//! A command can be written as JSON and read again, so that it can be logged, stored, and sent to another process:
//! profiles are named, and rules are in the form in which they were written.

use super::{patch::Patch, shared::StateError, shared_link::LinkError};
use crate::{
    rules::RuleSet,
    units::{BitRate, Ratio},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// What a command does to the settings of a session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// The name of a built-in profile; restored: the profile of the command line.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub profile: Patch<Arc<str>>,
    /// The rate in place of the profile's.
    #[serde(rename = "rate_bps", with = "bits", skip_serializing_if = "Patch::is_keep")]
    pub rate: Patch<BitRate>,
    /// The round trip in place of the profile's.
    #[serde(rename = "rtt_ns", with = "nanos", skip_serializing_if = "Patch::is_keep")]
    pub rtt: Patch<Duration>,
    /// The share of packets that are lost, in place of the profile's loss.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub loss: Patch<Ratio>,
    /// The session's own rules; restored: none.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub rules: Patch<Arc<RuleSet>>,
    /// Whether the network is paused; restored: it is not.
    #[serde(skip_serializing_if = "Patch::is_keep")]
    pub paused: Patch<bool>,
}

impl Change {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.profile.is_keep()
            && self.rate.is_keep()
            && self.rtt.is_keep()
            && self.loss.is_keep()
            && self.rules.is_keep()
            && self.paused.is_keep()
    }
}

/// A command that changes a running session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Change settings.
    Set {
        /// Which, and to what.
        change: Change,
        /// For how long; `None` = permanently.
        #[serde(rename = "ttl_ns", with = "optional_nanos", default)]
        ttl: Option<Duration>,
    },
    /// Arm a fault.
    ArmFault {
        /// Its name. If the name is in use, a number is added.
        name: Arc<str>,
        /// Its rules, which go before all others.
        rules: RuleSet,
        /// How many times they apply in total.
        times: u64,
        /// The fault is removed after this time, even if it has not applied.
        #[serde(rename = "ttl_ns", with = "optional_nanos", default)]
        ttl: Option<Duration>,
    },
    /// Remove the fault of this name.
    DisarmFault {
        /// Its name in the session.
        name: String,
    },
    /// Undo the last command.
    Undo,
    /// Restore the settings the session started with, and reset its counters.
    Reset,
}

impl Command {
    /// Whether it may change the profile or the rate, which sessions on a shared link have in common.
    #[must_use]
    pub const fn sets_link(&self) -> bool {
        match self {
            Self::Set { change, .. } => !change.profile.is_keep() || !change.rate.is_keep(),
            Self::Undo | Self::Reset => true,
            Self::ArmFault { .. } | Self::DisarmFault { .. } => false,
        }
    }
}

/// Rates in bit/s. The text form of a rate has three decimals, which is not exact.
mod bits {
    use super::{BitRate, Deserialize, Patch, Serialize};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        rate: &Patch<BitRate>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        rate.map(BitRate::bits_per_second).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Patch<BitRate>, D::Error> {
        Ok(Patch::deserialize(from)?.map(BitRate::from_bits_per_second))
    }
}

/// Durations in nanoseconds. A duration of more than 584 years is cut to that.
mod nanos {
    use super::{Deserialize, Duration, Patch, Serialize};
    use serde::{Deserializer, Serializer};

    pub(super) fn count(span: Duration) -> u64 {
        u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
    }

    pub(super) fn serialize<S: Serializer>(
        span: &Patch<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(count).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Patch<Duration>, D::Error> {
        Ok(Patch::deserialize(from)?.map(Duration::from_nanos))
    }
}

/// The same for a duration that may be left out.
mod optional_nanos {
    use super::{Deserialize, Duration, Serialize, nanos};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(nanos::count).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Duration>, D::Error> {
        Ok(Option::deserialize(from)?.map(Duration::from_nanos))
    }
}

/// Why a command failed. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The command was meant for another version.
    #[error("session `{session}` has changed since: it is at version {present}; read it again")]
    Stale {
        /// The session's id.
        session: Arc<str>,
        /// The current version.
        present: u64,
    },
    /// The session's link does not allow it.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// No built-in profile has this name.
    #[error("there is no profile `{0}`; GET /api/v1/profiles lists all")]
    UnknownProfile(Arc<str>),
    /// There was no command yet, or all are undone.
    #[error("session `{0}` has no command that could be undone")]
    NothingToUndo(Arc<str>),
    /// There is no such fault.
    #[error("session `{session}` has no fault `{fault}`")]
    NoFault {
        /// The session's id.
        session: Arc<str>,
        /// The name of the fault.
        fault: String,
    },
    /// There are too many faults that have not been used up.
    #[error(
        "session `{session}` has {most} faults that are not used up yet; remove some of them first"
    )]
    TooManyFaults {
        /// The session's id.
        session: Arc<str>,
        /// How many a session may have.
        most: usize,
    },
    /// It has ended at another replica.
    #[error("session `{0}` has ended")]
    Ended(Arc<str>),
    /// The shared state cannot be changed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The session's version after the command.
    pub version: u64,
    /// The name of the armed fault, if the command armed one.
    pub fault: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{option, prelude::*};

    const RULES: [&str; 4] = [
        "segment.audio:delay=2s",
        "stuck-playlist",
        "segment:status=503,times=2;playlist.rung=3:freeze=20s",
        "segment,index=3|5..7,host=*cdn.example*:cut.at=50%,cut.end=reset",
    ];

    fn patch<T: std::fmt::Debug + Clone>(
        value: impl Strategy<Value = T> + 'static,
    ) -> impl Strategy<Value = Patch<T>> {
        prop_oneof![Just(Patch::Keep), Just(Patch::Restore), value.prop_map(Patch::Set)]
    }

    fn rules() -> impl Strategy<Value = RuleSet> {
        (0..RULES.len()).prop_map(|place| RuleSet::from_text(RULES[place]).unwrap())
    }

    fn span() -> impl Strategy<Value = Duration> {
        any::<u64>().prop_map(Duration::from_nanos)
    }

    fn change() -> impl Strategy<Value = Change> {
        let rate = (0..=BitRate::MAX.bits_per_second()).prop_map(BitRate::from_bits_per_second);
        let loss = (0.0..=1.0).prop_map(|share| Ratio::new(share).unwrap());
        let name = "[a-z0-9-]{0,12}".prop_map(Arc::from);
        let rules = rules().prop_map(Arc::new);
        let members = (
            patch(name),
            patch(rate),
            patch(span()),
            patch(loss),
            patch(rules),
            patch(any::<bool>()),
        );
        members.prop_map(|(profile, rate, rtt, loss, rules, paused)| Change {
            profile,
            rate,
            rtt,
            loss,
            rules,
            paused,
        })
    }

    fn command() -> impl Strategy<Value = Command> {
        let ttl = || option::of(span());
        prop_oneof![
            (change(), ttl()).prop_map(|(change, ttl)| Command::Set { change, ttl }),
            ("[a-z-]{1,12}", rules(), any::<u64>(), ttl()).prop_map(|(name, rules, times, ttl)| {
                Command::ArmFault { name: name.into(), rules, times, ttl }
            }),
            ".{0,12}".prop_map(|name| Command::DisarmFault { name }),
            Just(Command::Undo),
            Just(Command::Reset),
        ]
    }

    proptest! {
        #[test]
        fn a_command_written_as_json_is_read_again(command in command()) {
            let text = serde_json::to_string(&command).unwrap();
            prop_assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
        }
    }

    #[test]
    fn the_json_of_a_command() {
        let change = Change {
            profile: Patch::Set("3g".into()),
            rate: Patch::Set(BitRate::from_bits_per_second(1_234_567)),
            rtt: Patch::Restore,
            loss: Patch::Set(Ratio::new(0.01).unwrap()),
            ..Change::default()
        };
        let command = Command::Set { change, ttl: Some(Duration::from_secs(30)) };
        insta::assert_snapshot!(
            serde_json::to_string(&command).unwrap(),
            @r#"{"set":{"change":{"profile":"3g","rate_bps":1234567,"rtt_ns":null,"loss":0.01},"ttl_ns":30000000000}}"#
        );
        assert_eq!(serde_json::to_string(&Command::Undo).unwrap(), r#""undo""#);
        for wrong in
            [r#"{"set":{"change":{"rte":1}}}"#, r#"{"set":{"change":{"loss":2.0}}}"#, r#""redo""#]
        {
            assert!(serde_json::from_str::<Command>(wrong).is_err(), "{wrong}");
        }
    }
}
