//! A file becomes a link and rules: profiles, those that are built in, and those of one's own.
//!
//! Two stages: a mirror of the file (`file`), then what can run ([`Profile`]). One story a file;
//! all that stand in `profiles/` at the top of the repository are embedded in the program.
//!
//! # The file
//!
//! | key | means |
//! |---|---|
//! | `summary`, `source` | what it imitates, and where its numbers come from; both may be left out |
//! | `[latency]` `rtt` or `delay` | before the first byte of each response: a round trip, or one way (half of it) |
//! | `[latency]` `uplink`, `downlink` | instead of `rtt`: the way there, before the origin is asked, and the way back, between its answer and the first byte (with `rtt` all of it is before) |
//! | `[latency]` `schedule` | instead of one round trip: a list of `{ for, rtt }`, which starts when the rate's schedule does; `repeat = false`: after its end the last stays |
//! | `[latency]` `jitter` | a distribution, drawn for each response and added (before the origin is asked) |
//! | `[latency]` `correlation` | 0 to 1: how much of a connection's last jitter stays in the next (netem's) |
//! | `[latency]` `handshake` | what the first response on a fresh connection waits for besides: `none` (default), `tcp` (a round trip), `tls` (two) |
//! | `[downlink]` | one schedule: `rate`, `schedule`, `ramp`, `waves`, `on-off`, `markov` or `trace`; with none of them there is no limit |
//! | – `rate` | one rate for ever (zero is silence), or a share of the ladder: `"120 % of rung 3"` (rungs from 1 = lowest) |
//! | – `fallback` | the rate until a manifest has told the ladder, and for rungs it does not have |
//! | – `schedule` | a list of `{ for, rate }`; the rate may be a share of the ladder |
//! | – `ramp` | a list of `{ at, rate }`, the first at `0 s`: linear in between; two at one time are a jump |
//! | – `waves` | `base`, and lists of `sine`, `triangle`, `square`, `saw`: each `{ amplitude, period, phase }`; below zero is silence |
//! | – `on-off` | distributions `on` and `off` of how long it stays; `rate` while on, `rest` while off (silence) |
//! | – `markov` | `step`, `states` (a list of `{ rate, spread }`), `transitions` (a row of probabilities for each state) |
//! | – `trace` | `{ file }` beside this file (or `{ data }`), with `format`, `time-column`, `rate-column`, `time-unit`, `rate-unit`, `step`, `bin`: see [`trace`] |
//! | – `repeat` | `false`: after the end of `schedule`, `ramp` or `trace` the last rate stays; else it starts over |
//! | – `start` | where in `schedule`, `ramp`, `waves` or `trace` a session starts: a span, or `"random"` (by the seed) |
//! | – `time-scale` | `2.0` = all of it lasts twice as long |
//! | – `times` | a second schedule of shares (`rate = "50 %"`), by which the first is multiplied |
//! | – `min` | a second schedule; the lower of both counts |
//! | `[downlink]` `burst` | how much may pass at once after a pause |
//! | `[downlink]` `count` | what the rate counts: `payload` (default: bytes of HTTP heads and bodies) or `wire` (1514 bytes for 1448 of those: Ethernet 14, IPv4 20, TCP 32, in proportion) |
//! | `[downlink]` `transport` | `none` (default: the rate from the first byte on) or `tcp`: see [`Transport`](crate::model::Transport) |
//! | `[downlink]` `queue` | what waits at the bottleneck, as `64 KiB` or `200 ms` (at the highest rate); a round trip unless given |
//! | `[downlink]` `link` | a name: all sessions with this name are behind one link (see [`Shared`]) |
//! | `[downlink]` `sharing` | what sessions of one link get: `fair` (default: each the same) or `first-come` (each response the same). With `transport = "tcp"` also what connections of one session get: `fair` is a queue for each, served in turn; `first-come` (the default there) one queue for all |
//! | `[uplink]` | for requests, heads and bodies: a schedule as in `[downlink]`, `burst`, `count`; without it no limit |
//! | `[uplink]` `loss` | packets of requests that are lost: `model` and `on-drop` as in `[loss]`. A lost head waits for TCP's time-out (a round trip and 200 ms), a lost packet of a body for a round trip; `truncate` and `reset` end the request there, unanswered |
//! | `[[limit]]` | a rate beside the downlink: `per` (`host`, `media` or `response`: who shares it), `host` and `media` (which responses are meant, one or a list; all unless given), and `rate` or another schedule, `burst`, `count` |
//! | `[stall]` `every`, `for` | distributions: from the end of one freeze to the next, and how long it lasts; with `every` in sizes (`mean = "512 KiB"`) each response freezes for itself, after so many of its bytes |
//! | `[loss]` `model` | `{ bernoulli = 0.01 }` or `{ gilbert-elliott = { p, r, loss-bad, loss-good } }` (the last two 1 and 0 unless given), or netem's `{ four-state = { p13, p31, p32, p23, p14 } }` |
//! | `[loss]` `on-drop` | `retransmit` (default), `truncate`, `reset` or `corrupt` (a bit of the packet turns over) |
//! | `[[rule]]` | as in a rule file: see [`Rule`](crate::rules::Rule) |
//! | `rules` | a list of ready faults and rules in the short form, after those of `[[rule]]`: `["stuck-playlist", "segment.audio:delay=2s"]` |
//!
//! A distribution is a table: `{ distribution = "constant", value }`, `exponential` with `mean`,
//! `normal`, `lognormal` and `gamma` with `mean` and `sd`, `uniform` with `min` and `max`, `weibull`
//! and `pareto` with `mean` and `shape`, `empirical` with a `table` of values (`"10 ms"`) or of pairs of
//! value and weight (`["12 ms", 3]`), or with a `file` of them beside the profile: a line is `12 ms` or
//! `12 ms, 3`, or a bare number under a header that ends in its unit (`rtt_ms`); with `mean` and `sd`
//! it is one of netem's (`normal.dist`). A section that is left out means nothing of its sort.

mod catalog;
mod category;
mod describe;
mod downlink;
mod error;
mod file;
mod limit;
mod loss;
mod markov;
mod measured;
pub mod preset;
mod profile;
mod rates;
mod shaping;
mod sharing;
mod sources;
mod statistics;
pub mod trace;
mod trace_entry;
mod trace_steps;
mod unit;
mod validate;

pub use crate::rules::{ELSEWHERE, Fault, FaultError, fault_named, faults};
pub use catalog::Catalog;
pub use category::{CATEGORIES, Category};
pub use error::ProfileError;
pub use limit::{Limit, Per};
pub use profile::Profile;
pub use shaping::Shaping;
pub use sharing::Shared;
pub use statistics::Statistics;
