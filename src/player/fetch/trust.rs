//! Which servers are trusted over https.

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use std::{path::Path, sync::LazyLock};

/// With the platform's roots, read once. Without any, https fails and http works.
static PLATFORM: LazyLock<(RootCertStore, ClientConfig)> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    (roots.clone(), config(roots))
});

/// The certificate authorities whose servers are trusted. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trust(pub(super) ClientConfig);

impl Default for Trust {
    /// Those of the platform.
    fn default() -> Self {
        Self(PLATFORM.1.clone())
    }
}

impl Trust {
    /// Those of the platform, and the certificates in a PEM file.
    ///
    /// # Errors
    /// When there are none in it, or one cannot be used.
    pub fn with_file(path: &Path) -> Result<Self, String> {
        let mut roots = PLATFORM.0.clone();
        let before = roots.len();
        let certificates =
            CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.len() == before {
            return Err("has no certificate".to_owned());
        }
        Ok(Self(config(roots)))
    }
}

fn config(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
}
