//! The local certificate authority: made once, kept in the user's configuration folder, and used to sign the
//! certificates that the data port and interception show.

mod authority;
mod dates;
mod error;
mod folder;
mod trust_steps;

pub use authority::{Leaf, LocalCa};
pub use dates::{Validity, validity};
pub use error::LocalCaError;
pub use folder::{default_folder, open};
pub use trust_steps::{TRUST_STEPS, TrustSteps};
