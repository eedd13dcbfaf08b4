//! Names and keys that cannot be guessed.

use super::store::StateError;
use ring::rand::{SecureRandom as _, SystemRandom};

/// Hexadecimal digits of `BYTES` random bytes.
pub(super) fn random<const BYTES: usize>() -> Result<String, StateError> {
    let mut bytes = [0; BYTES];
    let wrong = |_| StateError::Setup("the system has no random numbers".to_owned());
    SystemRandom::new().fill(&mut bytes).map_err(wrong)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
