//! Host names and addresses: look-ups with bounds, and which addresses are of this machine.

mod lookups;
mod this_machine;

pub use lookups::Lookups;
pub use this_machine::is_of_this_machine;
