//! Medians and spreads.

use serde::{Deserialize, Serialize};

/// A ratio whose p10 and p90 lie further apart than this, relative to the median, deserves a warning.
pub const WIDE_SPREAD: f64 = 0.10;

/// The median of repeated measurements, and the range that holds the middle 80 % of them.
///
/// Medians and not means: a sample that was interrupted is wrong by any amount, and always in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The median.
    pub median: f64,
    /// The value below which a tenth of the measurements lie.
    pub p10: f64,
    /// The value above which a tenth of the measurements lie.
    pub p90: f64,
}

impl Summary {
    /// The summary of `values`, or `None` where there are none.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            median: quantile(&sorted, 0.5)?,
            p10: quantile(&sorted, 0.1)?,
            p90: quantile(&sorted, 0.9)?,
        })
    }

    /// (p90 − p10) / median.
    pub fn spread(&self) -> f64 {
        (self.p90 - self.p10) / self.median
    }
}

/// The quantile `q` of sorted values, interpolated linearly between its two neighbours.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    Some(sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64))
}

/// How many times faster the subject was in each round: baseline time over subject time, per item.
pub fn ratios(subject: &[f64], baseline: &[f64]) -> Vec<f64> {
    subject.iter().zip(baseline).map(|(subject, baseline)| baseline / subject).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let summary = Summary::of(&[5.0, 1.0, 3.0, 2.0, 4.0]).unwrap();
        assert_eq!(summary.median, 3.0);
        assert!((summary.p10 - 1.4).abs() < 1e-12 && (summary.p90 - 4.6).abs() < 1e-12);
        assert!((summary.spread() - 3.2 / 3.0).abs() < 1e-12);
        assert_eq!(Summary::of(&[1.0, 2.0]).unwrap().median, 1.5);
        let one = Summary::of(&[7.0]).unwrap();
        assert_eq!((one.median, one.p10, one.p90, one.spread()), (7.0, 7.0, 7.0, 0.0));
        assert!(Summary::of(&[]).is_none());
    }

    #[test]
    fn one_interrupted_sample_does_not_move_the_median() {
        let mut values = vec![10.0; 9];
        values.push(1e9);
        assert_eq!(Summary::of(&values).unwrap().median, 10.0);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // The machine slows down by half after the first round; each round's ratio does not notice.
        assert_eq!(ratios(&[10.0, 20.0, 20.0], &[30.0, 60.0, 60.0]), [3.0, 3.0, 3.0]);
    }
}
