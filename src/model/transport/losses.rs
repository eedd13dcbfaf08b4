//! Which packets of a connection are lost, where its responses share one loss process.

use super::super::loss::Loss;

/// The losses of one connection, from some byte of it on.
#[derive(Debug, Clone, Default)]
pub(super) struct Losses {
    from: u64,
    loss: Option<Box<Loss>>,
}

impl Losses {
    /// Those that `loss` draws, counted from byte `from`.
    pub(super) const fn from(from: u64, loss: Option<Box<Loss>>) -> Self {
        Self { from, loss }
    }

    /// Whether nothing is ever lost.
    pub(super) const fn is_none(&self) -> bool {
        self.loss.is_none()
    }

    /// How many bytes after `sent` come before the next packet that is lost.
    pub(super) fn ahead(&self, sent: u64) -> Option<u64> {
        let next = self.loss.as_ref()?.next_byte()?;
        Some(self.from.saturating_add(next).saturating_sub(sent))
    }

    /// Advances to the next loss.
    pub(super) fn advance(&mut self) {
        if let Some(loss) = &mut self.loss {
            loss.advance_one();
        }
    }
}
