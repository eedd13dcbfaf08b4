//! TLS with players: certificates, the handshake, and what it costs on the network.
//!
//! It is a layer around an accepted socket, and does not depend on what accepted it.

mod certificate_files;
mod local_certificates;
mod server;

pub use certificate_files::CertificateError;
pub use server::TlsServer;
