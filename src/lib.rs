//! `vsps` is an HTTP proxy between a video origin and a player. It shapes traffic, injects faults, and
//! measures; with the same seed and the same requests it does the same again.
//!
//! # Modules
//!
//! ```text
//!  player ──TCP──▶ accept ─▶ identify ─▶ classify ─▶ decide ──▶ fetch ──▶ rewrite ─▶ shape ──▶ player
//!                  proxy     sessions     media       rules     proxy      media     model
//!                              └──────────── every step emits an event ────────────┘
//!                                   event ─▶ observers (Prometheus, summary, logs)
//! ```
//!
//! From low to high: a module imports only modules above it in this list. `tests/architecture.rs` checks
//! this. `docs/architecture.md` follows one request through the files; `docs/glossary.md` defines the terms.
//!
//! - [`system`]: calls that exist on some systems only, with fallbacks
//! - [`output`]: lines for streams that may block or fail, written off the callers' threads
//! - [`descriptors`]: how many files may be open, and what they are for
//! - [`listen`]: the accept loop that all servers of the process share, and the threads that serve players
//! - [`names`]: host names and addresses: bounded look-ups, and which addresses are of this machine
//! - [`memory`]: what the process may hold for its clients
//! - [`local_ca`]: the local certificate authority, and the certificates that it signs
//! - [`units`], [`seed`]: quantities with units; one random stream per model from one seed
//! - [`model`]: the network as pure functions of time and bytes: no clock, no I/O
//! - [`media`]: manifests: read, remembered, edited, rewritten; what each request is for
//! - [`document`]: TOML and JSON, read into typed values; errors with file, line and key
//! - `builtin`: the files of `profiles/`, embedded in the program
//! - [`rules`]: rules and scripts: from a classified request to a plan of effects
//! - [`profiles`]: profile files and traces: from a file to a link and rules; the library
//! - [`plot`]: drawings of networks, as SVG, PNG or text
//! - [`clock`]: the time of the process
//! - [`event`]: what happened in the data plane, as plain data
//! - [`sessions`]: the state of each viewer: link, rules, ladder, counters; the registry
//! - [`qoe`]: quality of experience as figures: the formulas
//! - [`observers`]: from events to Prometheus metrics, summary, event log, HAR and logs
//! - [`replay`]: from a recording of requests to a profile and rules that reproduce it
//! - [`proxy`]: the data plane: HTTP requests of players
//! - [`api`]: the control plane: HTTP requests of operators
//! - [`console`]: the web page of the control plane, embedded
//! - [`origin`]: the built-in origin
//! - [`tcp`]: raw TCP: listeners with an upstream server each, and toxiproxy's API
//! - [`player`]: the simulated player and its ABR algorithms, as pure functions of time
//! - [`sweep`]: benchmarks of ABR algorithms
//! - [`args`], [`config`], [`logging`], [`app`], [`commands`]: command line, configuration, log set-up,
//!   wiring, subcommands

pub mod api;
pub mod app;
pub mod args;
mod builtin;
pub mod clock;
pub mod commands;
pub mod config;
pub mod console;
pub mod descriptors;
pub mod document;
pub mod event;
pub mod listen;
pub mod local_ca;
pub mod logging;
pub mod media;
pub mod memory;
pub mod model;
pub mod names;
pub mod observers;
pub mod origin;
pub mod output;
pub mod player;
pub mod plot;
pub mod profiles;
pub mod proxy;
pub mod qoe;
pub mod replay;
pub mod rules;
pub mod seed;
pub mod sessions;
pub mod sweep;
pub mod system;
pub mod tcp;
pub mod units;
