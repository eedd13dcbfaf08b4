//! `--catch-up`: the share by which playback may be faster or slower.

/// The most that is accepted.
const MOST: f64 = 0.5;

/// Reads the share.
pub(super) fn catch_up(text: &str) -> Result<f64, String> {
    let share = text.trim().parse().ok().filter(|share| (0.0..=MOST).contains(share));
    share.ok_or_else(|| format!("it is not from 0 to {MOST}; write 0.1 for rates of 0.9 to 1.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_from_0_to_a_half() {
        assert_eq!(
            (catch_up("0"), catch_up("0.05"), catch_up("0.5")),
            (Ok(0.0), Ok(0.05), Ok(0.5))
        );
        for text in ["-0.1", "0.51", "5 %", "NaN", ""] {
            assert!(catch_up(text).unwrap_err().contains("write 0.1"), "{text}");
        }
    }
}
