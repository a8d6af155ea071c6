//! Two samples compared by rank, as ENU-05 asks.

use crate::generator::float;
use crate::report::middle;

/// Two samples compared.
pub struct Comparison {
    medians: [f64; 2],
    /// Probability of so different ranks if the two were of one kind (normal approximation).
    p: f64,
    /// From -1 to 1: how much more often one of them is the larger one.
    delta: f64,
}

impl Comparison {
    pub fn of([some, none]: [Vec<f64>; 2]) -> Self {
        let (n, m) = (float(some.len()), float(none.len()));
        let mut above = 0.0;
        for a in &some {
            for b in &none {
                above += match a.total_cmp(b) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let spread = (n * m * (n + m + 1.0) / 12.0).sqrt();
        let z = (above - n * m / 2.0).abs() / spread;
        Self {
            medians: [middle(some), middle(none)],
            p: two_sided(z),
            delta: 2.0 * above / (n * m) - 1.0,
        }
    }

    fn difference(&self) -> f64 {
        (self.medians[0] - self.medians[1]).abs()
    }

    /// Whether the difference is too small to be noticed from outside.
    pub fn keeps_the_secret(&self) -> bool {
        self.difference() < 2.0 || (self.p > 0.01 && self.delta.abs() < 0.1)
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [some, none] = self.medians;
        let verdict = if self.keeps_the_secret() {
            "kept"
        } else {
            "BROKEN"
        };
        let (difference, p, delta) = (self.difference(), self.p, self.delta);
        write!(
            f,
            "{some:.2} | {none:.2} | {difference:.3} ms | {p:.3} | {delta:.3} | {verdict}"
        )
    }
}

/// Twice the tail of the normal distribution beyond `z` (Abramowitz and Stegun 26.2.17; error below 1e-7).
fn two_sided(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let sum = series
        .iter()
        .rev()
        .fold(0.0, |sum, factor| (sum + factor) * t);
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (2.0 * density * sum).min(1.0)
}
