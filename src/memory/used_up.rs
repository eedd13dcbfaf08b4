//! Why memory is not given.

/// Why memory is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsedUp {
    /// The budget of the process is used up.
    #[error(
        "the memory budget of vsps is used up; try again, or start vsps with a larger --memory-budget"
    )]
    Process,
    /// The client has its share.
    #[error(
        "this client's share of the memory budget, half of it, is used up; try again, or start vsps with a larger \
         --memory-budget"
    )]
    Client,
}
