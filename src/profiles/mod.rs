//! A file becomes a link and rules: profiles, those that are built in, and those of one's own.
//!
//! Two stages: a mirror of the file (`file`), then what can run ([`Profile`]). One story a file;
//! all that stand in `profiles/` at the top of the repository are embedded in the program.

mod catalog;
mod describe;
mod distribution;
mod error;
mod file;
mod profile;
mod validate;

pub use catalog::Catalog;
pub use error::ProfileError;
pub use profile::Profile;
