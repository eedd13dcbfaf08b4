//! How much was carried when: transfers that overlap, taken apart into cells of time.
//!
//! Of a transfer is known how many bytes came between two times, not when. Within a cell (a time in which no transfer starts
//! or ends) the rate is taken as constant, and responses under way together as sharing it equally. The rates that
//! explain the bytes best are found by expectation maximisation (Shepp and Vardi 1982, for emission tomography): each
//! transfer's bytes are distributed over its cells in proportion to the rates so far, and the sums are the next rates.

use std::collections::BTreeSet;

/// Rounds of the distribution. Rates change by less than a thousandth after about twenty.
const ROUNDS: usize = 40;
/// The most pairs of a transfer and a cell; with more of them, each transfer counts as even.
const MOST_PAIRS: usize = 2_000_000;

/// The bytes of one response, with times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transfer {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) bytes: f64,
    /// The share of the time in which the network limited it, from 0 to 1.
    pub(super) limited: f64,
}

/// A time in which the same transfers are under way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Seconds.
    pub(super) from: f64,
    /// Seconds.
    pub(super) to: f64,
    /// The bytes that arrived in it.
    pub(super) bytes: f64,
    /// The seconds of it that stand behind the bytes.
    pub(super) busy: f64,
}

/// The cells of `transfers`, in order. Nothing passes in `silences`.
pub(super) fn cells(transfers: &[Transfer], silences: &[(f64, f64)]) -> Vec<Cell> {
    let edges = edges(transfers, silences);
    let mut cells: Vec<Cell> = edges
        .windows(2)
        .map(|pair| Cell { from: seconds(pair[0]), to: seconds(pair[1]), bytes: 0.0, busy: 0.0 })
        .collect();
    let spans: Vec<_> = transfers
        .iter()
        .map(|transfer| {
            let first = edges.partition_point(|edge| *edge < nanos(transfer.from));
            let end = edges.partition_point(|edge| *edge < nanos(transfer.to));
            first..end.min(cells.len())
        })
        .collect();
    let pairs: usize = spans.iter().map(ExactSizeIterator::len).sum();
    let rounds = if pairs > MOST_PAIRS { 1 } else { ROUNDS };
    // Of each cell: the greatest share of a transfer in it, and the sum of all shares.
    let mut shares = vec![(0.0_f64, 0.0_f64); cells.len()];
    for (transfer, span) in transfers.iter().zip(&spans) {
        for (greatest, sum) in shares.get_mut(span.clone()).unwrap_or_default() {
            *greatest = greatest.max(transfer.limited);
            *sum += transfer.limited;
        }
    }
    for (cell, (greatest, _)) in cells.iter_mut().zip(&shares) {
        let middle = f64::midpoint(cell.from, cell.to);
        let silent = silences.partition_point(|(_, to)| *to <= middle);
        let silent = silences.get(silent).is_some_and(|(from, _)| *from < middle);
        cell.busy = if silent { 0.0 } else { (cell.to - cell.from) * greatest };
    }
    let mut rates = vec![1.0_f64; cells.len()];
    for _ in 0..rounds {
        for cell in &mut cells {
            cell.bytes = 0.0;
        }
        for (transfer, span) in transfers.iter().zip(&spans) {
            distribute(transfer, span.clone(), &rates, &shares, &mut cells);
        }
        for (rate, cell) in rates.iter_mut().zip(&cells) {
            *rate = if cell.busy > 0.0 { cell.bytes / cell.busy } else { 0.0 };
        }
    }
    cells
}

/// The times at which a transfer or a silence starts or ends, in order, in nanoseconds.
fn edges(transfers: &[Transfer], silences: &[(f64, f64)]) -> Vec<u64> {
    let spans = transfers.iter().map(|transfer| (transfer.from, transfer.to));
    let times = spans.chain(silences.iter().copied());
    let edges: BTreeSet<u64> = times.flat_map(|(from, to)| [nanos(from), nanos(to)]).collect();
    edges.into_iter().collect()
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

/// Adds the bytes of `transfer` to the cells that it spans, in proportion to its share of their rates.
fn distribute(
    transfer: &Transfer,
    span: std::ops::Range<usize>,
    rates: &[f64],
    shares: &[(f64, f64)],
    cells: &mut [Cell],
) {
    let part = |at: usize, cells: &[Cell]| {
        let (_, sum) = shares[at];
        if sum > 0.0 { rates[at] * cells[at].busy * transfer.limited / sum } else { 0.0 }
    };
    let whole: f64 = span.clone().map(|at| part(at, cells)).sum();
    if whole <= 0.0 {
        return;
    }
    for at in span {
        let share = part(at, cells) / whole;
        cells[at].bytes += transfer.bytes * share;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(from: f64, to: f64, bytes: f64) -> Transfer {
        Transfer { from, to, bytes, limited: 1.0 }
    }

    fn rates(cells: &[Cell]) -> Vec<f64> {
        cells.iter().map(|cell| (cell.bytes / cell.busy).round()).collect()
    }

    /// A link of 10 B/s: one transfer alone for a second, then two.
    #[test]
    fn transfers_that_overlap_share_the_rate() {
        let cells = cells(&[transfer(0.0, 2.0, 15.0), transfer(1.0, 2.0, 5.0)], &[]);
        assert_eq!(rates(&cells), [10.0, 10.0]);
        assert_eq!(cells.iter().map(|cell| cell.bytes).sum::<f64>(), 20.0);
    }

    #[test]
    fn nothing_passes_in_a_silence() {
        let cells = cells(&[transfer(0.0, 4.0, 30.0)], &[(1.0, 2.0)]);
        let bytes: Vec<_> = cells.iter().map(|cell| cell.bytes.round()).collect();
        assert_eq!(bytes, [10.0, 0.0, 20.0]);
    }

    #[test]
    fn only_the_limited_time_counts() {
        let slow = Transfer { limited: 0.5, ..transfer(0.0, 2.0, 10.0) };
        assert_eq!(rates(&cells(&[slow], &[])), [10.0]);
        // It says nothing when the network did not limit it at all.
        let rule = Transfer { limited: 0.0, ..transfer(0.0, 2.0, 10.0) };
        assert_eq!(cells(&[rule], &[])[0].busy, 0.0);
    }

    #[test]
    fn a_thousand_transfers_at_once_end() {
        let all: Vec<_> = (0..3000).map(|n| transfer(f64::from(n) * 1e-3, 10.0, 1.0)).collect();
        let bytes: f64 = cells(&all, &[]).iter().map(|cell| cell.bytes).sum();
        assert!((bytes - 3000.0).abs() < 1e-6);
    }
}
