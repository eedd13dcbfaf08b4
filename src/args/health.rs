//! Options of `vsps health`.

use super::ListenAddress;
use clap::Args;

/// Which proxy is asked, and for what.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  vsps health
  vsps health --ready --admin 8081")]
pub struct HealthArgs {
    /// The control plane, as in `vsps run --admin` [default: 127.0.0.1:8081].
    #[arg(long, value_name = "ADDR", env = "VSPS_ADMIN")]
    pub admin: Option<ListenAddress>,
    /// The token of the control plane, as in `vsps run --admin-token`.
    #[arg(long, value_name = "TOKEN", env = "VSPS_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Also asks whether it accepts players: not while it stops.
    #[arg(long)]
    pub ready: bool,
}
