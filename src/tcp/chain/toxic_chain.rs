//! All toxics of one direction of one connection.

use super::{origin::Origin, queue::Queue, slot::Slot};
use crate::{tcp::toxic::Toxic, units::ProcessTime};
use std::sync::Arc;

/// The toxics of one direction, in the order in which they were added.
#[derive(Debug)]
pub(in crate::tcp) struct Chain {
    origin: Origin,
    slots: Vec<Slot>,
    output: Queue,
}

impl Chain {
    pub(in crate::tcp) fn new(origin: Origin) -> Self {
        Self { origin, slots: Vec::new(), output: Queue::default() }
    }

    /// Becomes the chain of those of `toxics` that are in its direction. Bytes that wait for a toxic that was
    /// removed go on at once.
    pub(in crate::tcp) fn update(&mut self, toxics: &[Arc<Toxic>], now: ProcessTime) {
        let toxics = || toxics.iter().filter(|toxic| toxic.direction == self.origin.direction);
        let mut kept: Vec<Slot> = Vec::new();
        // From the sink to the source, so that bytes of a removed slot find the next queue.
        for mut slot in std::mem::take(&mut self.slots).into_iter().rev() {
            match toxics().find(|toxic| slot.is_of(toxic)) {
                Some(toxic) => {
                    slot.change(toxic, now);
                    kept.push(slot);
                }
                None => {
                    slot.remove(kept.last_mut().map_or(&mut self.output, |next| &mut next.input));
                }
            }
        }
        kept.reverse();
        for toxic in toxics() {
            if !kept.iter().any(|slot| slot.is_of(toxic)) {
                kept.push(Slot::new(toxic, now, &self.origin));
            }
        }
        self.slots = kept;
    }

    /// Whether bytes can go from the source to the sink without it.
    pub(in crate::tcp) fn is_transparent(&self) -> bool {
        self.slots.is_empty() && self.output.is_empty() && self.output.ending().is_none()
    }

    /// Whether packets must not be sent together.
    pub(in crate::tcp) fn cuts(&self) -> bool {
        self.slots.iter().any(Slot::cuts)
    }

    /// Where bytes from the source go.
    pub(in crate::tcp) fn input(&mut self) -> &mut Queue {
        self.slots.first_mut().map_or(&mut self.output, |first| &mut first.input)
    }

    /// What may be sent to the sink.
    pub(in crate::tcp) const fn output(&mut self) -> &mut Queue {
        &mut self.output
    }

    /// Moves everything that is due; returns when to poll again even if nothing arrives and nothing is sent.
    pub(in crate::tcp) fn poll(&mut self, now: ProcessTime) -> Option<ProcessTime> {
        loop {
            let (mut moved, mut wake) = (false, None::<ProcessTime>);
            for at in 0..self.slots.len() {
                let (first, rest) = self.slots.split_at_mut(at + 1);
                let Some(slot) = first.last_mut() else { break };
                let next = rest.first_mut().map_or(&mut self.output, |next| &mut next.input);
                let before = (slot.input.mark(), next.mark());
                let due = slot.poll(now, next);
                moved |= before != (slot.input.mark(), next.mark());
                wake = [wake, due].into_iter().flatten().min();
            }
            if !moved {
                return wake;
            }
        }
    }

    /// Records that the source has nothing to send now.
    pub(in crate::tcp) fn source_empty(&mut self) {
        for slot in &mut self.slots {
            slot.source_empty();
        }
    }
}
