//! Profiles: files that define a link and rules, built-in ones and those of the user.
//!
//! Files are read in two stages: into entries (`file`), then validated into a [`Profile`]. All profiles in
//! the folder `profiles/` of the repository are embedded in the program.
//!
//! # The file
//!
//! | key | meaning |
//! |---|---|
//! | `summary`, `source` | what it imitates, and where its numbers come from; both may be left out |
//! | `[latency]` `rtt` or `delay` | before the first byte of each response: a round trip, or one way (half of it) |
//! | `[latency]` `uplink`, `downlink` | instead of `rtt`: the one-way latency before the request to the origin, and the one between the origin's response and the first byte (with `rtt`, all of it is before) |
//! | `[latency]` `schedule` | instead of one round trip: a list of `{ for, rtt }`, which starts together with the schedule of the rate; `repeat = false`: after its end the last value stays |
//! | `[latency]` `jitter` | a distribution, drawn for each response and added (before the origin is asked) |
//! | `[latency]` `correlation` | 0 to 1: the correlation with the previous jitter of the same connection, as in netem |
//! | `[latency]` `handshake` | what the first response on a new connection additionally waits for: `none` (default), `tcp` (a round trip), `tls` (two) |
//! | `[downlink]` | one schedule: one of `rate`, `schedule`, `ramp`, `waves`, `on-off`, `markov` or `trace`; without one there is no limit |
//! | – `rate` | a constant rate (zero sends nothing), or a share of the ladder: `"120 % of rung 3"` (rungs from 1 = lowest) |
//! | – `fallback` | the rate until the ladder is known from a manifest, and for rungs that it does not have |
//! | – `schedule` | a list of `{ for, rate }`; the rate may be a share of the ladder |
//! | – `ramp` | a list of `{ at, rate }`, the first at `0 s`: linear in between; two values at one time make a jump |
//! | – `waves` | `base`, and lists of `sine`, `triangle`, `square`, `saw`: each `{ amplitude, period, phase }`; values below zero count as zero |
//! | – `on-off` | distributions `on` and `off` of the durations; `rate` while on, `rest` while off (default: zero) |
//! | – `markov` | `step`, `states` (a list of `{ rate, spread }`), `transitions` (a row of probabilities for each state) |
//! | – `trace` | `{ file }` relative to this file (or `{ data }`), with `format`, `time-column`, `rate-column`, `time-unit`, `rate-unit`, `step`, `bin`: see [`trace`] |
//! | – `repeat` | `false`: after the end of `schedule`, `ramp` or `trace` the last rate stays; by default it repeats |
//! | – `start` | where in `schedule`, `ramp`, `waves` or `trace` a session starts: a duration, or `"random"` (from the seed) |
//! | – `time-scale` | `2.0` = everything lasts twice as long |
//! | – `times` | a second schedule of shares (`rate = "50 %"`), which multiply the first |
//! | – `min` | a second schedule; the lower of both rates applies |
//! | `[downlink]` `burst` | how many bytes may pass at once after a pause |
//! | `[downlink]` `count` | what the rate counts: `payload` (default: bytes of HTTP heads and bodies) or `wire` (1514 bytes for 1448 of those: Ethernet 14, IPv4 20, TCP 32, in proportion) |
//! | `[downlink]` `transport` | `none` (default: the rate from the first byte on) or `tcp`: see [`Transport`](crate::model::Transport) |
//! | `[downlink]` `queue` | the size of the queue at the bottleneck, as `64 KiB` or `200 ms` (at the highest rate); default: a round trip |
//! | `[downlink]` `link` | a name: all sessions with this name share one link (see [`Shared`]) |
//! | `[downlink]` `sharing` | how sessions share a link: `fair` (default: equal shares for sessions) or `first-come` (equal shares for responses). With `transport = "tcp"` also how the connections of one session share it: `fair` is a queue for each, served in turn; `first-come` (the default there) is one queue for all |
//! | `[uplink]` | for requests (heads and bodies): a schedule as in `[downlink]`, `burst`, `count`; without it there is no limit |
//! | `[uplink]` `loss` | packets of requests that are lost: `model` and `on-drop` as in `[loss]`. A lost head waits for TCP's time-out (a round trip and 200 ms), a lost packet of a body for a round trip; `truncate` and `reset` end the request there without a response |
//! | `[[limit]]` | a rate limit in addition to the downlink: `per` (`host`, `media` or `response`: what shares it), `host` and `media` (the responses that it applies to, one value or a list; default: all), and `rate` or another schedule, `burst`, `count` |
//! | `[stall]` `every`, `for` | distributions: the time from the end of one stall to the next, and the duration of a stall; with `every` in sizes (`mean = "512 KiB"`) each response stalls separately, after that many of its bytes |
//! | `[loss]` `model` | `{ bernoulli = 0.01 }` or `{ gilbert-elliott = { p, r, loss-bad, loss-good } }` (defaults of the last two: 1 and 0), or netem's `{ four-state = { p13, p31, p32, p23, p14 } }` |
//! | `[loss]` `on-drop` | `retransmit` (default), `truncate`, `reset` or `corrupt` (one bit of the packet is flipped) |
//! | `[[rule]]` | as in a rule file: see [`Rule`](crate::rules::Rule) |
//! | `rules` | a list of ready faults and rules in the short form, after those of `[[rule]]`: `["stuck-playlist", "segment.audio:delay=2s"]` |
//!
//! A distribution is a table: `{ distribution = "constant", value }`, `exponential` with `mean`,
//! `normal`, `lognormal` and `gamma` with `mean` and `sd`, `uniform` with `min` and `max`, `weibull`
//! and `pareto` with `mean` and `shape`, `empirical` with a `table` of values (`"10 ms"`) or of pairs of
//! value and weight (`["12 ms", 3]`), or with a `file` of them next to the profile: a line is `12 ms` or
//! `12 ms, 3`, or a bare number under a header that ends in its unit (`rtt_ms`); with `mean` and `sd`
//! it is a distribution file of netem (`normal.dist`). Without a section, its effect is off.

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
