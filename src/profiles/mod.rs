//! A file becomes a link and rules: profiles, those that are built in, and those of one's own.
//!
//! Two stages: a mirror of the file (`file`), then what can run ([`Profile`]). One story a file;
//! all that stand in `profiles/` at the top of the repository are embedded in the program.
//!
//! # The file
//!
//! | key | means |
//! |---|---|
//! | `summary`, `source` | what it imitates, and where its numbers come from; both required |
//! | `[latency]` `rtt` or `delay` | before the first byte of each response: a round trip, or one way (half of it) |
//! | `[latency]` `jitter` | a distribution, drawn for each response and added |
//! | `[latency]` `correlation` | 0 to 1: how much of a connection's last jitter stays in the next (netem's) |
//! | `[latency]` `handshake` | what the first response on a fresh connection waits for besides: `none` (default), `tcp` (a round trip), `tls` (two) |
//! | `[downlink]` `rate` | one rate for ever; without `rate`, `schedule` and `markov` there is no limit |
//! | `[downlink]` `schedule` | a list of `{ for, rate }`; starts over unless `repeat = false`, then the last rate stays |
//! | `[downlink]` `markov` | `step`, `states` (a list of `{ rate, spread }`), `transitions` (a row of probabilities for each state) |
//! | `[downlink]` `burst` | how much may pass at once after a pause |
//! | `[downlink]` `transport` | `none` (default: the rate from the first byte on) or `tcp`: see [`Transport`](crate::model::Transport) |
//! | `[downlink]` `queue` | what waits at the bottleneck, as `64 KiB` or `200 ms` (at the highest rate); a round trip unless given |
//! | `[stall]` `every`, `for` | distributions: from the end of one freeze to the next, and how long it lasts |
//! | `[loss]` `model` | `{ bernoulli = 0.01 }` or `{ gilbert-elliott = { p, r, loss-bad, loss-good } }` (the last two 1 and 0 unless given) |
//! | `[loss]` `on-drop` | `retransmit` (default), `truncate` or `reset` |
//! | `[[rule]]` | as in a rule file: see [`Rule`](crate::rules::Rule) |
//!
//! A distribution is a table: `{ distribution = "constant", value }`, `exponential` with `mean`,
//! `normal`, `lognormal` and `gamma` with `mean` and `sd`, `uniform` with `min` and `max`, `weibull`
//! and `pareto` with `mean` and `shape`. A section that is left out means nothing of its sort.

mod catalog;
mod describe;
mod distribution;
mod downlink;
mod error;
mod file;
mod profile;
mod validate;

pub use catalog::Catalog;
pub use error::ProfileError;
pub use profile::Profile;
