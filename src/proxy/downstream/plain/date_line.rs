//! The `Date` of responses whose origin sent none (RFC 9110 §6.6.1).

use crate::{proxy::fault::http_date, units::UnixTime};
use std::cell::RefCell;

thread_local! {
    /// The line of the current second: to format it costs more than the rest of a head.
    static LINE: RefCell<(u64, String)> = RefCell::default();
}

/// Appends the field with the time `now` to `head`.
pub(super) fn write_date(head: &mut Vec<u8>, now: UnixTime) {
    LINE.with_borrow_mut(|(second, line)| {
        let current = now.since_zero().as_secs();
        if *second != current {
            (*second, *line) = (current, format!("date: {}\r\n", http_date(now)));
        }
        head.extend_from_slice(line.as_bytes());
    });
}
