//! ABR algorithms that are not built in: a script (`FILE.rhai`), or a program that is asked over JSON lines
//! (`cmd:PROGRAM`).

mod algorithm;
mod answer;
mod asked;
mod pipes;
mod program;
mod script;
mod session_map;

pub use algorithm::ExternalAlgorithm;
