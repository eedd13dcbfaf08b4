//! A command in one line, for events.

use super::{
    command::{Change, Command},
    patch::Patch,
};
use std::{fmt::Display, time::Duration};

/// The kind of a command that ends a temporary change.
pub(super) const REVERT: &str = "revert";

/// The kind of a command.
pub(super) const fn kind(command: &Command) -> &'static str {
    match command {
        Command::Set { .. } => "set",
        Command::ArmFault { .. } => "fault",
        Command::DisarmFault { .. } => "disarm",
        Command::Undo => "undo",
        Command::Reset => "reset",
    }
}

/// What a command does, such as `rate 2 Mbit/s for 30 s`.
pub(super) fn text(command: &Command) -> String {
    match command {
        Command::Set { change, ttl } => format!("{}{}", changed(change), lasts(*ttl)),
        Command::ArmFault { name, times, ttl, .. } => {
            format!("fault {name}, {times} times{}", lasts(*ttl))
        }
        Command::DisarmFault { name } => format!("no more fault {name}"),
        Command::Undo => "undo".to_owned(),
        Command::Reset => "reset".to_owned(),
    }
}

fn changed(change: &Change) -> String {
    let rtt = change.rtt.map(seconds);
    let rules = change.rules.clone().map(|rules| format!("{} own", rules.len()));
    let pause = change.paused.map(|paused| if paused { "on" } else { "off" });
    let parts = [
        part("profile", &change.profile),
        part("rate", &change.rate),
        part("rtt", &rtt),
        part("loss", &change.loss),
        part("rules", &rules),
        part("pause", &pause),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One member of a change, if it changes something.
fn part<T: Display>(name: &str, patch: &Patch<T>) -> Option<String> {
    match patch {
        Patch::Keep => None,
        Patch::Restore => Some(format!("{name} restored")),
        Patch::Set(value) => Some(format!("{name} {value}")),
    }
}

fn lasts(ttl: Option<Duration>) -> String {
    ttl.map(|ttl| format!(" for {}", seconds(ttl))).unwrap_or_default()
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_millis() as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BitRate;

    #[test]
    fn a_command_is_one_line() {
        let change = Change {
            rate: Patch::Set(BitRate::from_kilobits_per_second(2000)),
            rtt: Patch::Restore,
            paused: Patch::Set(false),
            ..Change::default()
        };
        let command = Command::Set { change, ttl: Some(Duration::from_millis(1500)) };
        assert_eq!(text(&command), "rate 2 Mbit/s, rtt restored, pause off for 1.5 s");
        assert_eq!((kind(&command), kind(&Command::Undo)), ("set", "undo"));
    }
}
