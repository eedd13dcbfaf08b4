//! Who gets what treatment: ordered rules turn a classified request into a plan.

mod plan;

pub use plan::{Cut, Ending, Hang, Plan, Planned};
