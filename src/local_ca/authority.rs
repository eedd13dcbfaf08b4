//! The authority: its certificate and key, and the certificates that it signs.

use super::{
    dates::{Validity, validity},
    error::LocalCaError,
};
use crate::units::UnixTime;
use chrono::{DateTime, Datelike as _};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use std::{
    fmt,
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

pub(super) const CERTIFICATE: &str = "certificate.pem";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is valid: about ten years.
const CA_LIFETIME: Duration = DAY.saturating_mul(3650);
/// How long the certificates that it signs are valid. Apple's systems accept no more than 398 days.
const LEAF_LIFETIME: Duration = DAY.saturating_mul(397);

/// A certificate for a server, and its key.
#[derive(Debug)]
pub struct Leaf {
    /// The certificate, followed by that of the authority.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    pub key: PrivateKeyDer<'static>,
}

/// A local certificate authority.
pub struct LocalCa {
    folder: PathBuf,
    pem: String,
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl LocalCa {
    /// Makes an authority at Unix time `now`: PEM texts of its certificate and its key.
    pub(super) fn make(now: UnixTime) -> Result<(String, String), rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = params(&key);
        set_dates(&mut params, now, CA_LIFETIME);
        Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
    }

    /// The authority in `folder` whose certificate and key have these PEM texts, checked at Unix time `now`.
    pub(super) fn read(
        folder: &Path,
        pem: String,
        key: &str,
        now: UnixTime,
    ) -> Result<Self, LocalCaError> {
        let invalid = |problem: &str| LocalCaError::Invalid {
            path: folder.to_owned(),
            problem: problem.to_owned(),
        };
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| invalid("certificate.pem has no certificate"))?;
        let Validity { from, until } =
            validity(&certificate).ok_or_else(|| invalid("certificate.pem has no certificate"))?;
        if now > until {
            return Err(invalid("the certificate has expired"));
        }
        if now + DAY < from {
            return Err(invalid("the certificate is not valid yet: the clock may be wrong"));
        }
        let key = KeyPair::from_pem(key).map_err(|_| invalid("key.pem has no usable key"))?;
        let public = key.public_key_raw();
        if !certificate.windows(public.len()).any(|bytes| bytes == public) {
            return Err(invalid("certificate.pem and key.pem do not belong together"));
        }
        let issuer = Issuer::new(params(&key), key);
        Ok(Self { folder: folder.to_owned(), pem, certificate, issuer })
    }

    /// The PEM text of its certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }

    /// The file with its certificate.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(CERTIFICATE)
    }

    /// Signs a certificate for `names` (host names and IP addresses), valid from a day before Unix time `now` on.
    ///
    /// # Errors
    /// When a name can't be in a certificate.
    pub fn sign(&self, names: &[String], now: UnixTime) -> Result<Leaf, LocalCaError> {
        let signed = || -> Result<Leaf, rcgen::Error> {
            let key = KeyPair::generate()?;
            let mut params = CertificateParams::new(names)?;
            set_dates(&mut params, now, LEAF_LIFETIME);
            params.distinguished_name = DistinguishedName::new();
            // A common name has at most 64 characters (RFC 5280 Appendix A.1). Clients read the alternative names.
            let first = names.first().filter(|name| name.len() <= 64);
            let common = first.map_or("vsps", String::as_str);
            params.distinguished_name.push(DnType::CommonName, common);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            let certificate = params.signed_by(&key, &self.issuer)?;
            let key = PrivatePkcs8KeyDer::from(key.serialize_der());
            let chain = vec![certificate.der().clone(), self.certificate.clone()];
            Ok(Leaf { chain, key: key.into() })
        };
        signed().map_err(|error| LocalCaError::Sign {
            name: names.first().cloned().unwrap_or_default(),
            problem: error.to_string(),
        })
    }
}

impl fmt::Debug for LocalCa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key.
        f.debug_struct("LocalCa").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// The certificate of the authority with `key`, without its dates. Its name contains a part of the key, because clients
/// confuse two authorities of the same name.
fn params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut name = "vsps local CA ".to_owned();
    for byte in params.key_identifier(key).iter().take(4) {
        // Writing to a String can't fail.
        let _ = write!(name, "{byte:02x}");
    }
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "vsps");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Sets the first and the last day of a certificate made at Unix time `now`. It begins a day early, for clients whose
/// clock is late.
fn set_dates(params: &mut CertificateParams, now: UnixTime, lifetime: Duration) {
    let day = |time: UnixTime| {
        let seconds = i64::try_from(time.since_zero().as_secs()).unwrap_or_default();
        let date = DateTime::from_timestamp(seconds, 0).unwrap_or_default().date_naive();
        // Both are in range: a month has at most 31 days.
        rcgen::date_time_ymd(date.year(), date.month() as u8, date.day() as u8)
    };
    let from = now.saturating_sub(DAY);
    params.not_before = day(from);
    params.not_after = day(from + lifetime);
}
