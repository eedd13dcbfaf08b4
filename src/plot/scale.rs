//! Round numbers for axes.

/// The smallest of 1, 2, 3, 4, 5, 6, 8 times a power of ten that is at least `value` (positive).
pub(super) fn ceiling(value: f64) -> f64 {
    let value = value.max(1e-9);
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|c| *c >= value * 0.999)
        .unwrap_or(value)
}

/// A rate in bit/s, short: `500k`, `2.5M`.
pub(super) fn rate(bits: f64) -> String {
    match bits {
        b if b >= 1e9 => format!("{}G", short(b / 1e9)),
        b if b >= 1e6 => format!("{}M", short(b / 1e6)),
        b if b >= 1e3 => format!("{}k", short(b / 1e3)),
        b => short(b),
    }
}

/// A number with at most one decimal.
pub(super) fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers() {
        assert_eq!(
            [ceiling(3.0), ceiling(20.0), ceiling(21.0), ceiling(7e6)],
            [3.0, 20.0, 30.0, 8e6]
        );
        assert_eq!([rate(999.0), rate(2.5e6), rate(1e9)], ["999", "2.5M", "1G"]);
    }
}
