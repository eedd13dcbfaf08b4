//! What a connection of HTTP/1.1 holds of a response while its player does not read: charged to its client.

use crate::memory::{Charge, ClientMemory, Part, UsedUp};
use parking_lot::Mutex;
use std::sync::Arc;

/// Who holds bytes of a response that wait for the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// The server of usual requests.
    Plain,
    /// hyper, which takes more pieces.
    Hyper,
}

impl Writer {
    /// The most that it holds.
    const fn most_held(self) -> usize {
        match self {
            Self::Plain => 64 * 1024,
            Self::Hyper => 256 * 1024,
        }
    }
}

/// The most that TLS holds besides: what is encrypted already.
const RECORDS: usize = 64 * 1024;

/// What a connection of HTTP/1.1 holds of a response while its player does not read.
#[derive(Debug, Default)]
pub(in crate::proxy) struct UnreadResponse {
    charge: Mutex<Option<Charge>>,
}

impl UnreadResponse {
    /// Charges the response that `writer` writes to `client`; `secure`: it goes over TLS.
    pub(super) fn hold(
        &self,
        client: Arc<ClientMemory>,
        writer: Writer,
        secure: bool,
    ) -> Result<(), UsedUp> {
        let mut charge = Charge::new(client, Part::Responses);
        // Not locked meanwhile: when memory is used up, all connections are asked what they hold.
        charge.grow(writer.most_held() + if secure { RECORDS } else { 0 })?;
        *self.charge.lock() = Some(charge);
        Ok(())
    }

    /// Gives back what was charged: the response was sent, or the connection is to be cut.
    pub(super) fn release(&self) {
        *self.charge.lock() = None;
    }

    /// The bytes that are charged, and the number of the client that they are charged to.
    pub(super) fn held(&self) -> Option<(usize, u64)> {
        let charge = self.charge.lock();
        charge.as_ref().map(|charge| (charge.bytes(), charge.client().number()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryBudget;

    #[test]
    fn a_response_is_charged_once_until_it_is_sent() {
        const PIECES: usize = Writer::Plain.most_held();
        let budget = MemoryBudget::new(4 * PIECES);
        let client = || budget.client(Some(std::net::Ipv4Addr::LOCALHOST.into()));
        let [one, other] = [(); 2].map(|()| UnreadResponse::default());
        one.hold(client(), Writer::Plain, false).unwrap();
        assert_eq!(one.held(), Some((PIECES, client().number())));
        assert_eq!(other.hold(client(), Writer::Plain, true), Err(UsedUp::Client));
        assert_eq!((other.held(), budget.used(Part::Responses)), (None, PIECES));
        one.release();
        other.hold(client(), Writer::Plain, true).unwrap();
        assert_eq!(budget.used(Part::Responses), PIECES + RECORDS);
        drop(other);
        assert_eq!(budget.used(Part::Responses), 0);
    }
}
