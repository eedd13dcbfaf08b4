//! Bytes on a link of the network model: rates, stalls and losses.

use super::{
    chunk::{Chunk, Ending},
    queue::Queue,
};
use crate::{
    model::{
        Link, LinkAccess, LinkSpec, OnDrop, ResponseShaper, Transport, TransportSpec, Verdict,
    },
    seed::Seed,
    units::{LinkTime, ProcessTime},
};
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// When a link is asked again that gives no time itself.
const LATER: Duration = Duration::from_millis(1);
/// The most bytes that wait for a link.
const MOST: usize = 1024 * 1024;

/// A link of one connection, or one that connections share.
#[derive(Debug)]
enum Carrier {
    Own(Box<Link>),
    Shared(Arc<Mutex<Link>>),
}

/// A stream on a link.
#[derive(Debug)]
pub(super) struct Shaped {
    carrier: Carrier,
    shaper: Box<ResponseShaper>,
    transport: Option<Box<Transport>>,
    /// The next byte to leave arrives with one bit flipped.
    corrupt: bool,
}

impl Shaped {
    /// On a link of its own, whose schedule starts at `now`.
    pub(super) fn alone(now: ProcessTime, spec: &LinkSpec, seed: Seed) -> Self {
        Self::on(Carrier::Own(Box::new(Link::starting(link_time(now), spec, seed))), spec, seed)
    }

    /// On a link that others use too.
    pub(super) fn sharing(link: Arc<Mutex<Link>>, spec: &LinkSpec, seed: Seed) -> Self {
        Self::on(Carrier::Shared(link), spec, seed)
    }

    fn on(carrier: Carrier, spec: &LinkSpec, seed: Seed) -> Self {
        let transport = (spec.transport == TransportSpec::Tcp)
            .then(|| Box::new(Transport::new(spec.latency.rtt)));
        let mut shaper = ResponseShaper::new(spec, None, seed).without_stall_verdicts();
        shaper.set_round_trip(spec.latency.rtt);
        Self { carrier, shaper: Box::new(shaper), transport, corrupt: false }
    }

    /// Moves bytes that the link lets leave. Returns when it lets the next ones.
    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        input.set_limit(MOST);
        // The next toxic may hold more than that.
        output.raise_limit(MOST);
        while !input.is_empty() && output.has_room() {
            match self.verdict(now, input.bytes()) {
                Verdict::Pass(0) => return Some(now + LATER),
                Verdict::Pass(bytes) => self.pass(bytes, now, input, output),
                Verdict::Wait(until) => return Some(ProcessTime::new(until.since_zero())),
                Verdict::Stalled(_) => {}
                Verdict::Paused => return None,
                Verdict::Drop { action, .. } => match action {
                    OnDrop::Retransmit => {}
                    OnDrop::Corrupt => self.corrupt = true,
                    OnDrop::Truncate => output.end(Ending::Closed),
                    OnDrop::Reset => output.end(Ending::Reset),
                },
            }
        }
        if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
        None
    }

    /// Records that nothing waits: the time until there is counts as idle.
    pub(super) fn source_empty(&mut self) {
        self.shaper.source_empty();
    }

    fn verdict(&mut self, now: ProcessTime, available: usize) -> Verdict {
        let Self { carrier, shaper, transport, .. } = self;
        let transport = transport.as_deref_mut();
        let mut guard;
        let link = match carrier {
            Carrier::Own(link) => &mut **link,
            Carrier::Shared(link) => {
                guard = link.lock();
                &mut *guard
            }
        };
        shaper.poll(
            &mut LinkAccess { transport, ..LinkAccess::new(link) },
            link_time(now),
            available,
        )
    }

    fn pass(&mut self, bytes: usize, now: ProcessTime, input: &mut Queue, output: &mut Queue) {
        let mut left = bytes;
        while left > 0
            && let Some(chunk) = input.pop_part(left)
        {
            left -= chunk.data.len();
            let corrupt = std::mem::take(&mut self.corrupt);
            let data = if corrupt { flipped(&chunk.data) } else { chunk.data };
            output.push(Chunk { data, arrived: now });
        }
    }
}

/// Links of connections run on process time.
pub(in crate::tcp) const fn link_time(now: ProcessTime) -> LinkTime {
    LinkTime::new(now.since_zero())
}

/// The same bytes with one bit of the first one flipped.
fn flipped(data: &Bytes) -> Bytes {
    let mut copy = BytesMut::from(&data[..]);
    if let Some(first) = copy.first_mut() {
        *first ^= 1;
    }
    copy.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{LossModel, LossSpec},
        units::Ratio,
    };

    /// What arrives of 20 packets on a link that loses 20 % of them, and how the stream ends.
    fn arrived(on_drop: OnDrop) -> (Vec<u8>, Option<Ending>) {
        const PACKETS: usize = 20 * 1448;
        let loss = LossSpec { model: LossModel::Bernoulli(Ratio::new(0.2).unwrap()), on_drop };
        let spec = LinkSpec { loss: Some(loss), ..LinkSpec::default() };
        let mut link = Shaped::alone(ProcessTime::ZERO, &spec, Seed::new(1));
        let (mut input, mut output) = (Queue::default(), Queue::default());
        let data = Bytes::from(vec![0; PACKETS]);
        input.push(Chunk { data, arrived: ProcessTime::ZERO });
        input.end(Ending::Finished);
        let mut now = ProcessTime::ZERO;
        while let Some(due) = link.poll(now, &mut input, &mut output) {
            assert!(due > now, "{due:?}");
            now = due;
        }
        let bytes = output.chunks().flat_map(|chunk| chunk.to_vec()).collect();
        output.advance(PACKETS);
        (bytes, output.ending())
    }

    #[test]
    fn a_lost_packet_has_the_effect_that_the_profile_says() {
        let (bytes, ending) = arrived(OnDrop::Retransmit);
        assert_eq!((bytes, ending), (vec![0; 20 * 1448], Some(Ending::Finished)));
        let (bytes, ending) = arrived(OnDrop::Corrupt);
        let flipped = bytes.iter().filter(|byte| **byte != 0).count();
        assert_eq!((bytes.len(), ending), (20 * 1448, Some(Ending::Finished)));
        assert!((1..=10).contains(&flipped), "{flipped} of 20 packets");
        assert!(bytes.iter().all(|byte| *byte <= 1), "one bit each");
        for (on_drop, expected) in
            [(OnDrop::Truncate, Ending::Closed), (OnDrop::Reset, Ending::Reset)]
        {
            let (bytes, ending) = arrived(on_drop);
            assert_eq!(ending, Some(expected));
            assert!(bytes.len() < 20 * 1448 && bytes.iter().all(|byte| *byte == 0));
        }
    }
}
