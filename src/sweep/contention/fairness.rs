//! How evenly something is shared.

/// Jain's fairness index (Jain, Chiu, Hawe 1984): (Σ*x*)² ÷ (*n*·Σ*x*²), from 1 ÷ *n* (one has all) to 1 (all
/// have the same). Values below 0 count as 0; 1 if all are 0.
#[must_use]
pub fn jain(values: &[f64]) -> f64 {
    let values = values.iter().map(|value| value.max(0.0));
    let (count, sum, squares) = values.fold((0.0, 0.0, 0.0), |(count, sum, squares), value| {
        (count + 1.0, sum + value, squares + value * value)
    });
    if squares > 0.0 { sum * sum / (count * squares) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_between_a_share_and_one() {
        assert_eq!(jain(&[3.0, 3.0, 3.0]), 1.0);
        assert_eq!(jain(&[5.0, 0.0, -2.0, 0.0]), 0.25);
        assert!((jain(&[1.0, 2.0]) - 0.9).abs() < 1e-12);
        assert_eq!((jain(&[]), jain(&[0.0, -1.0])), (1.0, 1.0));
    }
}
