//! The effects of rules, as plain data; [`Plan`](super::Plan) holds them in slots.
//!
//! Every effect is displayed as it is written in a rule, for logs and lists.

mod answer;
mod connection;
mod corruption;
mod cut;
mod framing;
mod hang;
mod header_edit;
mod pace;
mod point;
mod replacement;

pub use answer::{Goal, Redirect, RetryAfter, Status};
pub use connection::{Closing, Refusal, Reload};
pub use corruption::{Corruption, Damage};
pub use cut::{Cut, Ending, Length};
pub use framing::Framing;
pub use hang::Hang;
pub use header_edit::{Cors, HeaderEdit, RangeFault, Skew};
pub use pace::{Coalesce, Drip, Stall};
pub(super) use point::HINT as POINT_HINT;
pub use point::Point;
pub use replacement::Replacement;
