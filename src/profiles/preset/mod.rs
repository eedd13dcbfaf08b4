//! Presets of other tools: networks with constant values. They become profiles, not traces.
//!
//! | file | values |
//! |---|---|
//! | WebPageTest's `connectivity.ini` | `bwIn`, `bwOut` in bit/s, `latency` (a round trip) in ms, `plr` in percent; a section each |
//! | Apple's Network Link Conditioner, plist | kbit/s or Mbit/s, a delay in ms and a loss in percent for each direction |
//! | sitespeed.io and throttle, JSON | `down`, `up` in kbit/s, `rtt` in ms, `packetLoss` in percent |
//! | browsertime, JSON | `downstreamKbps`, `upstreamKbps`, `latency` |
//! | Lighthouse, JSON | `throughputKbps`, `rttMs`, as simulated; else `downloadThroughputKbps`, `uploadThroughputKbps`, `requestLatencyMs` |
//! | Chrome's DevTools and Puppeteer, JSON | `download`, `upload` (or `…Throughput`) in byte/s, `latency` in ms |

mod figures;
mod ini;
mod json;
mod plist;
mod read;

pub use figures::{Delays, Preset, PresetError};
pub use read::read;
