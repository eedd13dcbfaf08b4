//! A certificate and a key from files, checked before the first connection.

use crate::{
    local_ca::{Validity, validity},
    units::UnixTime,
};
use chrono::DateTime;
use memchr::memmem;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why a certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file can't be read.
    #[error("--tls: {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A file has something else.
    #[error("--tls: {path} {problem}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to write.
        problem: String,
    },
}

/// The settings of a server with the certificate chain in `certificate` and the key in `key`, both PEM, at Unix time
/// `now`.
pub(super) fn load(
    certificate: &Path,
    key: &Path,
    now: UnixTime,
) -> Result<ServerConfig, CertificateError> {
    let wrong = |path: &Path, problem: &str| CertificateError::Wrong {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let chain = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(certificate, &not_pem(&error)))?;
    let first = chain.first().ok_or_else(|| {
        wrong(
            certificate,
            "has no certificate: write a PEM file with the server's certificate first",
        )
    })?;
    let dates = validity(first)
        .ok_or_else(|| wrong(certificate, "has a certificate that can't be read"))?;
    check_dates(dates, now).map_err(|problem| wrong(certificate, &problem))?;
    let text = bytes(key)?;
    let key_of = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => wrong(key, &no_key(&text)),
        // An old form, whose label does not tell (RFC 1421).
        _ if memmem::find(&text, b"Proc-Type: 4,ENCRYPTED").is_some() => {
            wrong(key, "has a key with a password: write it without one (openssl pkey -in FILE)")
        }
        error => wrong(key, &not_pem(&error)),
    })?;
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key_of).map_err(|error| {
        match error {
            rustls::Error::InconsistentKeys(_) => {
                let problem =
                    format!("is not the key of the certificate in {}", certificate.display());
                wrong(key, &problem)
            }
            rustls::Error::InvalidCertificate(_) => {
                wrong(certificate, "has a certificate that can't be read")
            }
            error => wrong(key, &format!("has a key that can't be used: {error}")),
        }
    })
}

fn not_pem(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            let name = String::from_utf8_lossy(end_marker);
            format!("is not PEM: it ends without `-----END {name}-----`")
        }
        error => format!("is not PEM: {error}"),
    }
}

/// Why the file of a key has none: it may have something else.
fn no_key(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let label = text.split_once("-----BEGIN ").and_then(|(_, rest)| rest.split_once("-----"));
    let other = label.map_or_else(String::new, |(label, _)| format!(", but `{label:.40}`"));
    format!(
        "has no private key without a password{other}: write one as PEM (PKCS #8, PKCS #1 or SEC 1)"
    )
}

fn check_dates(dates: Validity, now: UnixTime) -> Result<(), String> {
    let day = |time: UnixTime| {
        let seconds = i64::try_from(time.since_zero().as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, 0)
            .map_or_else(String::new, |time| time.format("%Y-%m-%d %H:%M UTC").to_string())
    };
    if now > dates.until {
        return Err(format!("expired on {}: renew it, or use --tls local", day(dates.until)));
    }
    if now < dates.from {
        return Err(format!("is not valid before {}: is the clock right?", day(dates.from)));
    }
    Ok(())
}

/// The bytes of a file, without a byte order mark.
fn bytes(path: &Path) -> Result<Vec<u8>, CertificateError> {
    let bytes = fs::read(path)
        .map_err(|cause| CertificateError::Unreadable { path: path.to_owned(), cause })?;
    Ok(bytes.strip_prefix(b"\xef\xbb\xbf").map_or_else(|| bytes.clone(), <[u8]>::to_vec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, process};

    const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

    /// Writes a certificate and its key that are valid until `year`; returns their paths.
    fn files(name: &str, year: i32) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let file = |end: &str, text: String| {
            let path = env::temp_dir().join(format!("vsps-{}-{name}.{end}", process::id()));
            fs::write(&path, text).unwrap();
            path
        };
        let certificate = params.self_signed(&key).unwrap();
        (file("crt", certificate.pem()), file("key", key.serialize_pem()))
    }

    #[test]
    fn each_fault_is_named() {
        let (good, expired, early) = (files("good", 2027), files("old", 2026), files("new", 2040));
        assert!(load(&good.0, &good.1, NOW).is_ok());
        let nowhere = PathBuf::from("/nonexistent.pem");
        let said = [
            (&expired.0, &expired.1),
            (&early.0, &early.1),
            (&good.0, &expired.1),
            (&good.1, &good.1),
            (&good.0, &good.0),
            (&good.0, &nowhere),
        ]
        .map(|(certificate, key)| {
            let text = load(certificate, key, NOW).unwrap_err().to_string();
            text.replace(&format!("{}/vsps-{}-", env::temp_dir().display(), process::id()), "")
        });
        for path in [&good, &expired, &early] {
            fs::remove_file(&path.0).unwrap();
            fs::remove_file(&path.1).unwrap();
        }
        insta::assert_snapshot!(said.join("\n"));
    }

    /// Files that broke on their way, and keys that are no such keys.
    #[test]
    fn each_broken_file_is_named() {
        let (good, other) = (files("whole", 2027), files("other", 2027));
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        let (certificate, key) = (read(&good.0), read(&good.1));
        let without_end = |text: &str| text[..text.find("-----END").unwrap()].to_owned();
        let body = key.lines().nth(1).unwrap();
        let labelled =
            |label: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
        let password = labelled("EC PRIVATE KEY").replacen(
            '\n',
            "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,7A0F6C4C2BD1\n\n",
            1,
        );
        let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        let said = |certificate: &str, key: &str| {
            let paths = ["crt", "key"]
                .map(|end| env::temp_dir().join(format!("vsps-{}-broken.{end}", process::id())));
            fs::write(&paths[0], certificate).unwrap();
            fs::write(&paths[1], key).unwrap();
            let error = load(&paths[0], &paths[1], NOW).unwrap_err().to_string();
            for path in &paths {
                fs::remove_file(path).unwrap();
            }
            error.replace(&format!("{}/vsps-{}-", env::temp_dir().display(), process::id()), "")
        };
        let said: Vec<_> = [
            (&*without_end(&certificate), &*key),
            (&*certificate, &*without_end(&key)),
            ("", &*key),
            (&*certificate, ""),
            (&*certificate, &*read(&other.1)),
            (&*certificate, &*ed25519),
            (&*certificate, &*labelled("ENCRYPTED PRIVATE KEY")),
            (&*certificate, &*password),
            (&*certificate, &*labelled("OPENSSH PRIVATE KEY")),
            (&*certificate, &*labelled("PUBLIC KEY")),
            (&*certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            (&*certificate, "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n"),
        ]
        .into_iter()
        .map(|(certificate, key)| said(certificate, key))
        .collect();
        for path in [&good.0, &good.1, &other.0, &other.1] {
            fs::remove_file(path).unwrap();
        }
        insta::assert_snapshot!(said.join("\n"));
    }
}
