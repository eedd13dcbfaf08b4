//! `vsps bench --browser`: real players in Chromium, in real time, through a proxy of their own.

mod check;
mod comparison;
mod driver;
mod run;
mod seen;
mod tools;

pub(super) use check::check;
pub(super) use comparison::comparison;
pub(super) use driver::{Driver, Job, Task};
pub(super) use run::run;
pub(super) use tools::Tools;
