//! `vsps bench characterise`: what an unknown player does on a series of networks and faults.

mod by_browser;
mod by_command;
mod by_hand;
mod run;
mod sightings;
mod watch;

pub(super) use run::run;
