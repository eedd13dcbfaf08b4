//! Model predictive control: MPC and RobustMPC.

mod plan_search;
mod rung_selection;

pub use rung_selection::{Mpc, MpcConfig};
