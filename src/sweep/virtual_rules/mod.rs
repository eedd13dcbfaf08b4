//! The rules of a profile in virtual time: the proxy's own decisions, as far as a virtual session can express what
//! follows from them.

mod classifier;
mod expression;
mod profile_rules;
mod session_rules;
mod translation;

pub use expression::{Unexpressed, unexpressed};
pub use profile_rules::ProfileRules;
pub use session_rules::SessionRules;

#[cfg(test)]
mod tests;
