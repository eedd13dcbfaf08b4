//! The fair queue of a link: the bytes of each connection wait in their own lane.
//!
//! Start-time fair queueing (Goyal, Vin and Cheng 1996), twice: among the sessions, and among the connections
//! of each. The one that got the least of the link is served next; one that returns after a pause starts level
//! with the one being served, so idle time gives no credit. Unlike rounds of a fixed quantum it needs no such
//! quantum, and it stays fair while the rate changes.

use super::bucket::Position;
use crate::units::LinkTime;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Weak},
};

/// How many waiting entries are counted when estimating what goes before another. One behind more than this
/// polls a little too early; this bounds the time with thousands of entries.
const LOOKED_AT: usize = 64;

/// A connection's place in a fair queue. The lane is reused once all copies are dropped.
#[derive(Debug, Clone)]
pub(super) struct Place(Arc<usize>);

/// Bytes that wait, since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) since: LinkTime,
    /// As the rate counts them.
    pub(super) bytes: NonZeroU32,
    lane: usize,
}

/// The waiting entries, by the number that their owner gave them.
#[derive(Debug, Default)]
struct Order {
    /// The start tag of the one served last: virtual time.
    time: u64,
    /// Start tags.
    waiting: BinaryHeap<Reverse<(u64, usize)>>,
}

impl Order {
    /// Adds `who`, which had been served up to tag `finish` before; returns its start tag.
    fn push(&mut self, who: usize, finish: u64) -> u64 {
        let start = self.time.max(finish);
        self.waiting.push(Reverse((start, who)));
        start
    }

    /// Removes the next, with its start tag.
    fn pop(&mut self) -> Option<(u64, usize)> {
        let Reverse((start, who)) = self.waiting.pop()?;
        self.time = start;
        Some((start, who))
    }

    fn first(&self) -> Option<usize> {
        self.waiting.peek().map(|Reverse((_, who))| *who)
    }

    /// Some of the entries that are served before `who`, whose start tag is `start`.
    fn before(&self, start: u64, who: usize) -> impl Iterator<Item = usize> {
        let entries = self.waiting.iter().take(LOOKED_AT).map(|Reverse(entry)| *entry);
        entries.filter(move |entry| *entry < (start, who)).map(|(_, of)| of)
    }
}

/// One connection.
#[derive(Debug)]
struct Lane {
    owner: Weak<usize>,
    party: usize,
    waiting: VecDeque<(LinkTime, NonZeroU32)>,
    /// Bytes in `waiting`.
    bytes: u64,
    /// Tags of what waits first, and of what was served last.
    start: u64,
    finish: u64,
    /// Positions on the link that the owner has not read yet, and the last of all.
    booked: VecDeque<Position>,
    last: u64,
}

/// One session.
#[derive(Debug, Default)]
struct LaneOwner {
    name: u64,
    start: u64,
    finish: u64,
    lanes: Order,
}

/// The lanes of a link. Numbers of unused lanes and parties are reused, which is checked when a connection
/// joins.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    lanes: Vec<Lane>,
    parties: Vec<LaneOwner>,
    order: Order,
}

/// What a connection has in the queue and on the link.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backlog {
    /// Bytes that wait in its lane.
    pub(super) waiting: u64,
    /// The end on the link of those that were served before them.
    pub(super) last: u64,
}

impl FairQueue {
    /// A lane for a connection of `party`.
    pub(super) fn join(&mut self, party: u64) -> Place {
        let party = self.party(party);
        let free = self.lanes.iter().position(|lane| !lane.is_used());
        let place = Arc::new(free.unwrap_or(self.lanes.len()));
        let lane = Lane {
            owner: Arc::downgrade(&place),
            party,
            waiting: VecDeque::new(),
            bytes: 0,
            start: 0,
            finish: 0,
            booked: VecDeque::new(),
            last: 0,
        };
        match self.lanes.get_mut(*place) {
            Some(free) => *free = lane,
            None => self.lanes.push(lane),
        }
        Place(place)
    }

    /// The number of the party `name`.
    fn party(&mut self, name: u64) -> usize {
        let mut used = vec![false; self.parties.len()];
        for lane in self.lanes.iter().filter(|lane| lane.is_used()) {
            used[lane.party] = true;
        }
        let mut numbered = self.parties.iter().zip(&used);
        if let Some(at) = numbered.position(|(party, used)| *used && party.name == name) {
            return at;
        }
        let fresh = LaneOwner { name, ..LaneOwner::default() };
        if let Some(at) = used.iter().position(|used| !used) {
            self.parties[at] = fresh;
            return at;
        }
        self.parties.push(fresh);
        self.parties.len() - 1
    }

    /// Whether `place` belongs to this queue.
    pub(super) fn contains(&self, place: &Place) -> bool {
        self.lane(place).is_some()
    }

    fn lane(&self, place: &Place) -> Option<&Lane> {
        self.lanes.get(*place.0).filter(|lane| lane.owner.as_ptr() == Arc::as_ptr(&place.0))
    }

    fn lane_mut(&mut self, place: &Place) -> Option<&mut Lane> {
        let lane = self.lanes.get_mut(*place.0)?;
        (lane.owner.as_ptr() == Arc::as_ptr(&place.0)).then_some(lane)
    }

    /// `bytes` wait at `place` from `since` on.
    pub(super) fn push(&mut self, place: &Place, since: LinkTime, bytes: NonZeroU32) {
        let Some(lane) = self.lane_mut(place) else { return };
        lane.waiting.push_back((since, bytes));
        lane.bytes += u64::from(bytes.get());
        if lane.waiting.len() > 1 {
            return;
        }
        let (finish, party) = (lane.finish, lane.party);
        let Some(party_waits) = self.parties.get_mut(party) else { return };
        if party_waits.lanes.first().is_none() {
            party_waits.start = self.order.push(party, party_waits.finish);
        }
        let start = party_waits.lanes.push(*place.0, finish);
        if let Some(lane) = self.lane_mut(place) {
            lane.start = start;
        }
    }

    /// Takes out what is served next.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        let (party_start, at) = self.order.pop()?;
        let party = self.parties.get_mut(at)?;
        let (start, number) = party.lanes.pop()?;
        let lane = self.lanes.get_mut(number)?;
        let (since, bytes) = lane.waiting.pop_front()?;
        let more = u64::from(bytes.get());
        lane.bytes -= more;
        lane.finish = start + more;
        party.finish = party_start + more;
        if !lane.waiting.is_empty() {
            lane.start = party.lanes.push(number, lane.finish);
        }
        if party.lanes.first().is_some() {
            party.start = self.order.push(at, party.finish);
        }
        Some(Waiting { since, bytes, lane: number })
    }

    /// What was taken out leaves the link at `position`.
    pub(super) fn book(&mut self, served: Waiting, position: Position) {
        if let Some(lane) = self.lanes.get_mut(served.lane) {
            lane.booked.push_back(position);
            lane.last = position.bytes();
        }
    }

    /// The place on the link of the next bytes of `place`, in the order in which they came.
    pub(super) fn booked(&mut self, place: &Place) -> Option<Position> {
        self.lane_mut(place)?.booked.pop_front()
    }

    /// Whether anything waits.
    pub(super) fn is_empty(&self) -> bool {
        self.order.first().is_none()
    }

    /// What of `place` has not left the link yet.
    pub(super) fn backlog(&self, place: &Place) -> Backlog {
        let of = |lane: &Lane| Backlog { waiting: lane.bytes, last: lane.last };
        self.lane(place).map(of).unwrap_or_default()
    }

    /// Bytes that are served before the first of `place`, at least.
    pub(super) fn before(&self, place: &Place) -> u64 {
        let Some(lane) = self.lane(place) else { return 0 };
        let Some(party) = self.parties.get(lane.party) else { return 0 };
        let lanes = party.lanes.before(lane.start, *place.0);
        let others = self.order.before(party.start, lane.party);
        let others = others.filter_map(|party| self.parties.get(party)?.lanes.first());
        lanes.chain(others).map(|lane| self.head(lane)).sum()
    }

    fn head(&self, lane: usize) -> u64 {
        let head = self.lanes.get(lane).and_then(|lane| lane.waiting.front());
        head.map_or(0, |(_, bytes)| bytes.get().into())
    }

    /// Empties the queue, because the link has changed after it had carried `carried` bytes. Bytes not among
    /// them are no longer booked; their senders may not have read the earlier positions yet.
    pub(super) fn clear(&mut self, carried: u64) {
        for lane in &mut self.lanes {
            (lane.bytes, lane.start, lane.finish, lane.last) = (0, 0, 0, 0);
            lane.waiting.clear();
            lane.booked.retain(|position| position.bytes() <= carried);
        }
        for party in &mut self.parties {
            (party.start, party.finish, party.lanes) = (0, 0, Order::default());
        }
        self.order = Order::default();
    }
}

impl Lane {
    /// Whether a connection has it, or bytes in it are still to be served.
    fn is_used(&self) -> bool {
        self.owner.strong_count() > 0 || !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Queues `count` pieces of `bytes` at each place.
    fn fill(queue: &mut FairQueue, places: &[&Place], count: usize, bytes: u32) {
        for place in places {
            for _ in 0..count {
                queue.push(place, LinkTime::ZERO, NonZeroU32::new(bytes).unwrap());
            }
        }
    }

    /// The lanes of the next `count` pieces.
    fn next(queue: &mut FairQueue, count: usize) -> Vec<usize> {
        (0..count).map(|_| queue.pop().unwrap().lane).collect()
    }

    #[test]
    fn parties_take_turns_and_their_lanes_within() {
        let mut queue = FairQueue::default();
        let (a, b, c) = (queue.join(1), queue.join(1), queue.join(2));
        fill(&mut queue, &[&a, &b, &c], 4, 1000);
        assert_eq!(next(&mut queue, 8), [0, 2, 1, 2, 0, 2, 1, 2]);
        assert_eq!(next(&mut queue, 4), [0, 1, 0, 1]);
        assert!(queue.is_empty());
    }

    #[test]
    fn bytes_count_and_not_pieces() {
        let mut queue = FairQueue::default();
        let (a, b) = (queue.join(1), queue.join(1));
        fill(&mut queue, &[&a], 2, 3000);
        fill(&mut queue, &[&b], 6, 1000);
        assert_eq!(next(&mut queue, 8), [0, 1, 1, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn a_pause_earns_nothing() {
        let mut queue = FairQueue::default();
        let (a, b) = (queue.join(1), queue.join(1));
        fill(&mut queue, &[&a], 20, 1000);
        next(&mut queue, 10);
        fill(&mut queue, &[&b], 5, 1000);
        assert_eq!(queue.before(&a), 1000);
        let ten = next(&mut queue, 10);
        assert_eq!(ten.iter().filter(|lane| **lane == 0).count(), 5, "{ten:?}");
    }

    #[test]
    fn lanes_are_given_anew_once_they_are_empty() {
        let mut queue = FairQueue::default();
        let (a, b) = (queue.join(1), queue.join(2));
        fill(&mut queue, &[&a], 1, 1000);
        drop((a, b));
        let c = queue.join(3);
        assert_eq!((*c.0, queue.lanes.len(), queue.parties.len()), (1, 2, 2));
        next(&mut queue, 1);
        let d = queue.join(3);
        assert_eq!((*d.0, queue.lanes.len(), queue.parties.len()), (0, 2, 2));
    }

    #[test]
    fn what_has_left_before_a_change_is_told_after_it() {
        let mut queue = FairQueue::default();
        let place = queue.join(1);
        fill(&mut queue, &[&place], 3, 1000);
        for end in [1000, 2000] {
            let served = queue.pop().unwrap();
            queue.book(served, Position::new(end));
        }
        queue.clear(1500);
        assert!(queue.is_empty());
        assert_eq!(queue.booked(&place).map(Position::bytes), Some(1000));
        assert!(queue.booked(&place).is_none());
    }
}
