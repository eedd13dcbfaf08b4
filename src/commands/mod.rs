//! The subcommands, one file each.

mod bench;
mod ca;
mod completions;
mod dispatch;
mod failure;
mod files;
mod health;
mod import;
mod lan;
mod man;
mod output;
mod play;
mod presets;
mod profiles;
mod record;
mod recorded;
mod replay;
mod rules;
mod run;
mod tcp;
mod welcome;
mod wrapped;

pub use bench::demo_ladder;
pub use dispatch::dispatch;
pub use failure::Failure;
pub use output::tell;
