//! Bytes that are charged to a client.

use super::charge::Charge;
use bytes::Bytes;

struct Charged<T> {
    bytes: T,
    _charge: Charge,
}

impl<T: AsRef<[u8]>> AsRef<[u8]> for Charged<T> {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// `bytes` that stay charged until the last piece of them is dropped.
pub fn charged(bytes: impl AsRef<[u8]> + Send + 'static, mut charge: Charge) -> Bytes {
    charge.set(bytes.as_ref().len());
    Bytes::from_owner(Charged { bytes, _charge: charge })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{MemoryBudget, Part};

    #[test]
    fn bytes_are_charged_until_the_last_piece_is_dropped() {
        let budget = MemoryBudget::new(1000);
        let mut charge = Charge::new(budget.client(None), Part::Edits);
        charge.grow(700).unwrap();
        let mut bytes = charged(vec![1; 300], charge);
        assert_eq!(budget.used(Part::Edits), 300);
        let piece = bytes.split_to(10);
        drop(bytes);
        assert_eq!((budget.used(Part::Edits), piece.len()), (300, 10));
        drop(piece);
        assert_eq!(budget.used(Part::Edits), 0);
    }
}
