//! Model predictive control: MPC, RobustMPC and FastMPC.

mod fast_mpc;
mod plan_search;
mod prediction;
mod rung_selection;

pub use fast_mpc::FastMpc;
pub use rung_selection::{Mpc, MpcConfig};
