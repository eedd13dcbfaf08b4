//! The command line of `vsps ca`.

use clap::Subcommand;

/// What to do with the local CA, which signs the certificates of `vsps run --tls local`.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Prints the certificate of the local CA (PEM). Makes the CA if there is none.
    #[command(
        after_help = "Example: curl --cacert $(vsps ca show --path) https://127.0.0.1:8080/demo/"
    )]
    Show {
        /// Prints the path of the certificate's file instead.
        #[arg(long)]
        path: bool,
    },
    /// Makes this machine trust the local CA, as far as the user may, and says what to do for the rest
    /// and on phones and televisions.
    #[command(after_help = "Example: vsps ca install")]
    Install,
}
