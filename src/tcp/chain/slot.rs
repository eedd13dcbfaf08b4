//! One toxic on one connection, with the bytes that wait for it.

use super::{chunk::Ending, origin::Origin, queue::Queue, stage::Stage};
use crate::{tcp::toxic::Toxic, units::ProcessTime};
use rand::RngExt as _;
use std::sync::Arc;

/// The place of one toxic in a chain.
#[derive(Debug)]
pub(super) struct Slot {
    toxic: Arc<Toxic>,
    origin: Origin,
    /// Drawn once: the toxic affects the connection while its toxicity is above.
    draw: f32,
    stage: Stage,
    pub(super) input: Queue,
    /// Whether the end has passed.
    ended: bool,
}

impl Slot {
    /// The slot of `toxic` on the connection of `origin`.
    pub(super) fn new(toxic: &Arc<Toxic>, now: ProcessTime, origin: &Origin) -> Self {
        let seed = origin.seed.named(&toxic.name);
        let origin = Origin { seed, ..*origin };
        let draw = seed.named("toxicity").stream().random();
        let mut slot = Self {
            toxic: Arc::clone(toxic),
            origin,
            draw,
            stage: Stage::Pass,
            input: Queue::default(),
            ended: false,
        };
        if slot.affects() {
            slot.stage = Stage::new(&toxic.attributes, now, &origin);
        }
        slot
    }

    pub(super) fn is_of(&self, toxic: &Toxic) -> bool {
        self.toxic.id == toxic.id
    }

    /// Does what `toxic`, a later version of the same one, says.
    pub(super) fn change(&mut self, toxic: &Arc<Toxic>, now: ProcessTime) {
        if Arc::ptr_eq(&self.toxic, toxic) {
            return;
        }
        let before = std::mem::replace(&mut self.toxic, Arc::clone(toxic));
        let passes = matches!(self.stage, Stage::Pass);
        if !self.affects() {
            self.release_held();
            self.stage = Stage::Pass;
        } else if passes {
            self.stage = Stage::new(&toxic.attributes, now, &self.origin);
        } else if before.attributes != toxic.attributes {
            self.release_held();
            let stage = std::mem::replace(&mut self.stage, Stage::Pass);
            self.stage = stage.changed(&toxic.attributes, now, &self.origin);
        }
    }

    /// Moves what is due to `output`; returns when to poll again.
    pub(super) fn poll(&mut self, now: ProcessTime, output: &mut Queue) -> Option<ProcessTime> {
        if self.ended {
            // The connection is about to end: what still arrives is of no use.
            self.input.discard();
            return None;
        }
        let wake = self.stage.poll(now, &mut self.input, output);
        self.ended = output.mark().1;
        wake
    }

    /// Records that nothing waits for it.
    pub(super) fn source_empty(&mut self) {
        if self.input.is_empty() {
            self.stage.source_empty();
        }
    }

    /// Whether its packets must not be sent together.
    pub(super) const fn cuts(&self) -> bool {
        self.stage.cuts()
    }

    /// Ends the slot: what waits goes to `next`, behind what waits there.
    pub(super) fn remove(mut self, next: &mut Queue) {
        self.stage.release(next);
        if self.stage.closes_when_removed() {
            next.end(Ending::Closed);
        }
        if !self.ended {
            self.input.move_to(next);
        }
    }

    /// What the stage holds goes back to the front of the queue.
    fn release_held(&mut self) {
        let mut held = Queue::default();
        self.stage.release(&mut held);
        self.input.move_to(&mut held);
        self.input = held;
    }

    fn affects(&self) -> bool {
        self.draw < self.toxic.toxicity
    }
}
