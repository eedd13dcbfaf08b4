//! Live streams in virtual time: when segments exist, and a viewer who keeps a distance from the live edge.

mod edge;
mod viewer;

pub use crate::player::CatchUp;
pub use edge::LiveEdge;
pub use viewer::LiveViewer;
