//! The dates of a certificate, read from its DER (RFC 5280 §4.1).
//!
//! rustls checks the dates of the certificates of its peers, but not of its own. This reader needs six fields of a
//! certificate, in less code than a parser of all of them.

use crate::units::UnixTime;
use chrono::{NaiveDate, NaiveDateTime};

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `version`, which is explicitly tagged.
const VERSION: u8 = 0xa0;

/// From when to when a certificate is valid, as Unix times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second. Times before 1970 count as 1970.
    pub from: UnixTime,
    /// The last second.
    pub until: UnixTime,
}

/// The validity of the certificate in `der`; `None` = it is not a certificate.
#[must_use]
pub fn validity(der: &[u8]) -> Option<Validity> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if let Some((_, rest)) = element(fields, VERSION) {
        fields = rest;
    }
    let (_serial, fields) = element(fields, INTEGER)?;
    let (_algorithm, fields) = element(fields, SEQUENCE)?;
    let (_issuer, fields) = element(fields, SEQUENCE)?;
    let (validity, _) = element(fields, SEQUENCE)?;
    let (from, rest) = time(validity)?;
    let (until, _) = time(rest)?;
    Some(Validity { from, until })
}

/// The content of the element with `tag` at the start of `bytes`, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, bytes) = bytes.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, bytes) = length(bytes)?;
    bytes.split_at_checked(length)
}

/// A length (X.690 §8.1.3), and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, bytes) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), bytes));
    }
    let count = usize::from(first & 0x7f);
    // Longer than 16 MiB is no certificate.
    if !(1..=3).contains(&count) {
        return None;
    }
    let (digits, bytes) = bytes.split_at_checked(count)?;
    let value = digits.iter().fold(0, |value, digit| (value << 8) | usize::from(*digit));
    Some((value, bytes))
}

/// A date (RFC 5280 §4.1.2.5), and what follows it.
fn time(bytes: &[u8]) -> Option<(UnixTime, &[u8])> {
    let (text, rest, form) = match element(bytes, UTC_TIME) {
        Some((text, rest)) => (text, rest, "%y%m%d%H%M%SZ"),
        None => {
            let (text, rest) = element(bytes, GENERALIZED_TIME)?;
            (text, rest, "%Y%m%d%H%M%SZ")
        }
    };
    let text = std::str::from_utf8(text).ok()?;
    let mut time = NaiveDateTime::parse_from_str(text, form).ok()?;
    // RFC 5280: two digits from 50 on are of the last century; chrono begins it at 70.
    if form.starts_with("%y") && text.get(..2)?.parse::<u32>().ok()? >= 50 {
        let first = NaiveDate::from_ymd_opt(2050, 1, 1)?.and_hms_opt(0, 0, 0)?;
        if time >= first {
            time = time.checked_sub_months(chrono::Months::new(1200))?;
        }
    }
    Some((UnixTime::from_secs(u64::try_from(time.and_utc().timestamp()).unwrap_or(0)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(from: (i32, u8, u8), until: (i32, u8, u8)) -> Validity {
        let mut params = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let certificate = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        validity(certificate.der()).unwrap()
    }

    #[test]
    fn dates_of_both_forms() {
        let read = of((2024, 2, 29), (2051, 1, 1));
        assert_eq!(read.from, UnixTime::from_secs(1_709_164_800));
        assert_eq!(read.until, UnixTime::from_secs(2_556_144_000));
        assert_eq!(of((1965, 1, 1), (1999, 12, 31)).from, UnixTime::ZERO);
        assert_eq!(of((1965, 1, 1), (1999, 12, 31)).until, UnixTime::from_secs(946_598_400));
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        let whole = {
            let params = rcgen::CertificateParams::new(["a.test".to_owned()]).unwrap();
            let key = rcgen::KeyPair::generate().unwrap();
            params.self_signed(&key).unwrap().der().to_vec()
        };
        assert!(validity(&whole).is_some());
        for length in 0..whole.len() {
            assert_eq!(validity(&whole[..length]), None, "the first {length} bytes");
        }
        assert_eq!(validity(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]), None);
    }
}
