//! `vsps` stands between a video origin and a player and makes the network as bad as asked:
//! no better, no worse, and the same again with the same seed.
//!
//! # A map of the house
//!
//! ```text
//!  player ──TCP──▶ accept ─▶ identify ─▶ classify ─▶ decide ──▶ fetch ──▶ rewrite ─▶ shape ──▶ player
//!                  proxy     sessions     media       rules     proxy      media     model
//!                              └──────────── every step emits an event ────────────┘
//!                                   event ─▶ observers (Prometheus, summary, logs)
//! ```
//!
//! In reading order, low to high; a room imports only rooms above it in this list
//! (`tests/architecture.rs` keeps the walls).
//!
//! - [`output`]: lines to streams that may block or fail, off the callers' threads
//! - [`descriptors`]: how many files may be open, and what they are for
//! - [`units`], [`seed`]: quantities with their units; one seed in, one random stream per model out
//! - [`model`]: the core: a moment and some bytes in, a verdict out; no clock, no I/O
//! - [`media`]: what a request is, told from the manifests that passed; URIs rewritten in place
//! - `builtin`: the files of `profiles/`, inside the program
//! - [`rules`]: who gets what treatment: a classified request becomes a plan
//! - [`profiles`]: a file becomes a link and rules; the embedded library
//! - [`plot`]: a network as a picture, or a sketch in a terminal
//! - [`event`]: what happened; all that observers ever see
//! - [`sessions`]: one viewer: its link, rules, ladder; the registry of all
//! - [`observers`]: events become Prometheus families, a summary, logs
//! - [`proxy`]: the data plane
//! - [`api`]: the control plane
//! - [`origin`]: the built-in origin, real playable media with nothing installed
//! - [`player`]: the simulated viewer, a pure function of time; ABR algorithms
//! - [`sweep`]: benchmarks of ABR algorithms
//! - [`args`], [`config`], [`logging`], [`app`], [`commands`]: what was typed, what is needed, wiring

pub mod api;
pub mod app;
pub mod args;
mod builtin;
pub mod commands;
pub mod config;
pub mod descriptors;
pub mod event;
pub mod logging;
pub mod media;
pub mod model;
pub mod observers;
pub mod origin;
pub mod output;
pub mod player;
pub mod plot;
pub mod profiles;
pub mod proxy;
pub mod rules;
pub mod seed;
pub mod sessions;
pub mod sweep;
pub mod units;
