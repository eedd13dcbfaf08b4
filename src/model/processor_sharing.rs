//! Responses at the same time over a link that nothing else uses, each with the same share, without a loop over quanta.

use super::{
    capacity::When,
    interruptions::Interruptions,
    private_link::{PrivateLink, counted, payload},
    spec::{Count, LinkSpec, OnDrop},
};
use crate::{seed::Seed, units::LinkTime};
use smallvec::SmallVec;
use std::time::Duration;

/// The end of one of several responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareEnd {
    /// The number of the response, as it was given.
    pub response: usize,
    /// When.
    pub at: LinkTime,
    /// The bytes of the body that have left.
    pub received: u64,
    /// The loss that cut it.
    pub cut: Option<OnDrop>,
}

/// A response on its way.
#[derive(Debug)]
struct Share {
    response: usize,
    interruptions: Interruptions,
    /// It has no part of the link before this time: its head is still to come, or it is interrupted.
    from: LinkTime,
    /// Bytes of the head before the next bytes of the body.
    head: u64,
    /// Bytes of the body that have left up to the last interruption, those up to the next one, and all of them.
    sent: u64,
    next: u64,
    bytes: u64,
    /// What is left up to the next interruption, as the link counts it; `None` = an interruption comes first.
    left: Option<u64>,
    /// Where the link was when bytes last left.
    position: u64,
}

/// A link's rate and stalls for responses at the same time.
///
/// A [`ResponseShaper`](super::ResponseShaper) books a quantum when the one before it has left. So of several on one
/// link each has the same share of every stretch of time, and where one of them ends follows from an inverse of the
/// link's capacity, as in [`Lone`](super::Lone). Both methods give the same ends, up to the size of some quanta.
#[derive(Debug)]
pub struct ProcessorSharing {
    link: PrivateLink,
    now: LinkTime,
    shares: SmallVec<[Share; 2]>,
}

impl ProcessorSharing {
    /// A link of `spec`, idle at its time zero; `None` if its responses go over a transport, packet by packet.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Option<Self> {
        let link = PrivateLink::new(spec, seed)?;
        Some(Self { link, now: LinkTime::ZERO, shares: SmallVec::new() })
    }

    /// Adds response number `response`: from `start` on a head of `head` bytes, and then `bytes`.
    pub fn begin(
        &mut self,
        response: usize,
        start: LinkTime,
        (head, bytes): (u32, u64),
        interruptions: Interruptions,
    ) {
        self.shares.push(Share {
            response,
            interruptions,
            from: start,
            head: head.into(),
            sent: 0,
            next: 0,
            bytes,
            left: None,
            position: 0,
        });
    }

    /// Ends a response before its end.
    pub fn cancel(&mut self, response: usize) {
        self.shares.retain(|share| share.response != response);
    }

    /// Bytes of the body of a response that have left so far, and when the last of them did.
    pub fn received(&mut self, response: usize) -> (u64, LinkTime) {
        let Some(share) = self.shares.iter().find(|share| share.response == response) else {
            return (0, self.now);
        };
        let (received, position) = (share.received(self.link.count), share.position);
        let at = match self.link.when_known(position.saturating_sub(self.link.burst)) {
            When::At(at) => at,
            When::NotBefore(_) | When::Never => self.now,
        };
        (received, at.min(self.now))
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        self.link.limited_capacity_at(now)
    }

    /// Goes on to the first end of a response, or to `until`, whichever is first. Without either it goes on for ever:
    /// `until` is then still to come.
    pub fn advance(&mut self, until: LinkTime) -> Option<ShareEnd> {
        loop {
            if let Some(end) = self.take_due() {
                return Some(end);
            }
            let now = self.now;
            if now >= until {
                return None;
            }
            let coming = self.shares.iter().filter(|share| share.from > now);
            let limit = coming.fold(until, |limit, share| limit.min(share.from));
            if !self.serve(limit) && limit == until {
                return None;
            }
        }
    }

    /// Handles what is due by now: interruptions, and the first end.
    fn take_due(&mut self) -> Option<ShareEnd> {
        let (now, count) = (self.now, self.link.count);
        let mut ended = None;
        for (place, share) in self.shares.iter_mut().enumerate() {
            if let Some(cut) = share.go_on(now, count) {
                ended = Some((place, cut));
                break;
            }
        }
        let (place, cut) = ended?;
        let share = self.shares.remove(place);
        Some(ShareEnd { response: share.response, at: now, received: share.sent, cut })
    }

    /// Serves those that have a part of the link until the first of them has left, or up to `limit`; returns whether
    /// anything has happened to them by then.
    fn serve(&mut self, limit: LinkTime) -> bool {
        let now = self.now;
        let mut active = 0;
        let mut least = u64::MAX;
        for left in self.shares.iter().filter(|share| share.from <= now).filter_map(|s| s.left) {
            (active, least) = (active + 1, least.min(left));
        }
        if active == 0 {
            self.now = limit;
            return false;
        }
        let start = self.link.capacity_at(now);
        let full = self.link.full.max(start);
        let need = least.saturating_mul(active);
        let position = start.max(full.saturating_add(need).saturating_sub(self.link.burst));
        let end = self.link.when(position, limit);
        if let Some(at) = end {
            self.now = at.max(now);
            self.link.full = full.saturating_add(need);
            self.give(now, least, 0);
            return true;
        }
        // The link never carries anything again: nothing happens.
        if limit == LinkTime::new(Duration::MAX) {
            self.now = limit;
            return false;
        }
        let reached = self.link.capacity_at(limit).saturating_add(self.link.burst);
        let served = reached.saturating_sub(full).min(need.saturating_sub(1));
        self.link.full = full.saturating_add(served);
        self.give(now, served / active, served % active);
        self.now = limit;
        false
    }

    /// Counts `each` bytes as sent of each response that has had a part of the link since `since`, and one more byte of the
    /// first `more` of them.
    fn give(&mut self, since: LinkTime, each: u64, mut more: u64) {
        let full = self.link.full;
        for share in self.shares.iter_mut().filter(|share| share.from <= since) {
            let Some(left) = &mut share.left else { continue };
            let gets = (each + u64::from(more > 0)).min(*left);
            more = more.saturating_sub(1);
            *left -= gets;
            if gets > 0 {
                share.position = full;
            }
        }
    }
}

impl Share {
    /// Takes the interruptions that come by `now`; returns how it ends, if it does: by which loss.
    fn go_on(&mut self, now: LinkTime, count: Count) -> Option<Option<OnDrop>> {
        if self.left == Some(0) {
            (self.sent, self.left, self.head) = (self.next, None, 0);
            if self.sent >= self.bytes {
                return Some(None);
            }
        }
        if self.left.is_none() && self.from <= now {
            match self.interruptions.take(self.sent, now) {
                Ok(resume) => self.from = resume,
                Err(cut) => return Some(Some(cut)),
            }
            self.next = self.interruptions.next_byte().min(self.bytes);
            let left = counted(count, self.head + self.next - self.sent);
            if left == 0 {
                // Neither a head nor a body.
                return Some(None);
            }
            self.left = Some(left);
        }
        None
    }

    /// Bytes of the body that have left.
    fn received(&self, count: Count) -> u64 {
        let Some(left) = self.left else { return self.sent };
        let bytes = self.head + self.next - self.sent;
        let gone = payload(count, counted(count, bytes).saturating_sub(left)).min(bytes);
        self.sent + gone.saturating_sub(self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Link, LinkAccess, Lone, RateSpec, ResponseShaper, Step, Steps, Verdict},
        units::BitRate,
    };
    use proptest::prelude::*;
    use std::sync::Arc;

    const MS: fn(u64) -> LinkTime = LinkTime::from_millis;

    fn constant(kilobits: u64) -> LinkSpec {
        let rate = BitRate::from_kilobits_per_second(kilobits);
        LinkSpec { rate: RateSpec::Constant(rate), ..LinkSpec::default() }
    }

    fn steps(list: &[(u64, u64)]) -> LinkSpec {
        let step = |&(ms, kilobits): &(u64, u64)| Step {
            lasts: Duration::from_millis(ms),
            rate: BitRate::from_kilobits_per_second(kilobits),
        };
        let steps = Steps::new(list.iter().map(step).collect(), true).unwrap();
        LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), ..LinkSpec::default() }
    }

    /// The ends of responses (start in ms, bytes), in the order of time.
    fn ends(spec: &LinkSpec, responses: &[(u64, u64)]) -> Vec<ShareEnd> {
        let mut link = ProcessorSharing::new(spec, Seed::new(1)).unwrap();
        for (number, (start, bytes)) in responses.iter().enumerate() {
            let interruptions = Interruptions::new(spec, Seed::new(number as u64));
            link.begin(number, MS(*start), (0, *bytes), interruptions);
        }
        std::iter::from_fn(|| link.advance(LinkTime::from_secs(100_000))).collect()
    }

    /// The same with shapers that are polled.
    fn polled(spec: &LinkSpec, responses: &[(u64, u64)]) -> Vec<(usize, LinkTime)> {
        let mut link = Link::new(spec, Seed::new(1));
        let shaper = |(number, (start, bytes)): (usize, &(u64, u64))| {
            let shaper = ResponseShaper::new(spec, None, Seed::new(number as u64));
            (number, MS(*start), *bytes, shaper.without_stall_verdicts())
        };
        let mut open: Vec<_> = responses.iter().enumerate().map(shaper).collect();
        let mut ended = Vec::new();
        while let Some(place) = (0..open.len()).min_by_key(|place| (open[*place].1, *place)) {
            let (number, now, bytes, shaper) = &mut open[place];
            let left = usize::try_from(*bytes - shaper.sent()).unwrap();
            match shaper.poll(&mut LinkAccess::new(&mut link), *now, left) {
                Verdict::Wait(until) => *now = until.max(*now + Duration::from_nanos(1)),
                Verdict::Pass(_) if shaper.sent() >= *bytes => {
                    ended.push((*number, *now));
                    open.remove(place);
                }
                _ => {}
            }
        }
        ended
    }

    /// 8 Mbit/s carry 1000 bytes a millisecond: both have half of it, and then one has all.
    #[test]
    fn two_responses_share_the_link() {
        let found = ends(&constant(8000), &[(0, 1_000_000), (500, 250_000)]);
        let second = found.iter().find(|end| end.response == 1).unwrap();
        // Half a second alone, then half a second with half the rate.
        assert!(second.at.since(MS(1000)) <= Duration::from_millis(2), "{found:?}");
        assert!(second.at >= MS(998), "{found:?}");
        let first = found.iter().find(|end| end.response == 0).unwrap();
        assert!(first.at >= MS(1248) && first.at <= MS(1250), "{found:?}");
        assert_eq!((first.received, second.received), (1_000_000, 250_000));
    }

    #[test]
    fn a_silent_link_ends_nothing() {
        let mut link = ProcessorSharing::new(&constant(0), Seed::new(1)).unwrap();
        link.begin(0, LinkTime::ZERO, (0, 1000), Interruptions::default());
        assert_eq!(link.advance(LinkTime::from_secs(1000)), None);
        assert_eq!(link.received(0).0, 0);
        assert_eq!(link.advance(LinkTime::new(Duration::MAX)), None);
    }

    proptest! {
        /// One response alone ends where it ends on a link of its own.
        #[test]
        fn one_response_is_alone(
            list in prop::collection::vec((100u64..3000, 0u64..20_000), 1..6),
            starts in prop::collection::vec((0u64..5000, 1u64..3_000_000), 1..4),
        ) {
            let mut list = list;
            list.push((1000, 5000));
            let spec = steps(&list);
            let mut lone = Lone::new(&spec, Seed::new(1)).unwrap();
            let mut shared = ProcessorSharing::new(&spec, Seed::new(1)).unwrap();
            let mut start = LinkTime::ZERO;
            for (pause, bytes) in starts {
                start += Duration::from_millis(pause);
                let mut none = Interruptions::default();
                let expected = lone.carry(start, 0, bytes, &mut none, None).unwrap();
                shared.begin(7, start, (0, bytes), none);
                let found = shared.advance(LinkTime::from_secs(100_000)).unwrap();
                prop_assert_eq!((found.at, found.received), (expected.at, bytes));
                start = found.at;
            }
        }

        /// Several end where polled shapers end, but for a few quanta, and share every byte.
        #[test]
        fn several_end_as_polled_ones(
            list in prop::collection::vec((200u64..3000, 500u64..20_000), 1..6),
            responses in prop::collection::vec((0u64..3000, 20_000u64..2_000_000), 2..4),
        ) {
            let spec = steps(&list);
            let (found, expected) = (ends(&spec, &responses), polled(&spec, &responses));
            prop_assert_eq!(found.len(), responses.len());
            for (number, at) in expected {
                let end = found.iter().find(|end| end.response == number).unwrap();
                prop_assert_eq!(end.received, responses[number].1);
                let apart = end.at.since(at).max(at.since(end.at));
                // Quanta of the others come first, and at 500 kbit/s each lasts up to 24 ms.
                prop_assert!(apart <= Duration::from_millis(200), "{end:?} {at:?}");
            }
        }
    }
}
