//! The exchanges of a session as an HTTP archive (HAR 1.2), which browsers and viewers open.
//!
//! Made from events alone: the byte path keeps nothing for it. So what events do not tell (headers,
//! the version of HTTP) is left empty or −1, as the format has it, and what they tell beyond the
//! format (verdicts, faults, drops) stands under `_vsps`.

mod archive;
mod document;
mod exchange;
mod session_archive;

pub use archive::Archive;
