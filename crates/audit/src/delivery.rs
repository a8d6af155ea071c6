//! Whether the mail servers take our letters (OTP-27). Pure.

use std::fmt;
use std::time::Duration;

use sekisho_store::DeliveryFigures;

/// Over which time the rate is told.
pub const LOOKED_BACK: Duration = Duration::from_hours(1);
/// So few letters say nothing: a first try may be put off by any server.
const FEW: u64 = 3;
/// One in so many letters that do not arrive is bad.
const ONE_IN: u64 = 10;

/// How delivery goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryRate(pub DeliveryFigures);

impl DeliveryRate {
    /// Letters that were not taken, of all; in percent, rounded down.
    pub fn percent_failing(self) -> u64 {
        let (failing, all) = (self.failing(), self.failing().saturating_add(self.0.sent));
        failing
            .saturating_mul(100)
            .checked_div(all)
            .unwrap_or_default()
    }

    /// Whether somebody should look into it: codes, links and alerts do not arrive.
    pub fn is_bad(self) -> bool {
        let all = self.failing().saturating_add(self.0.sent);
        self.failing() >= FEW && self.failing().saturating_mul(ONE_IN) >= all
    }

    const fn failing(self) -> u64 {
        self.0.deferred.saturating_add(self.0.refused)
    }
}

impl fmt::Display for DeliveryRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DeliveryFigures {
            sent,
            deferred,
            refused,
        } = self.0;
        write!(
            f,
            "{sent} sent, {deferred} deferred, {refused} refused in the last hour ({} % not taken)",
            self.percent_failing()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otp_27_the_rate_is_bad_when_a_tenth_is_not_taken() {
        for (sent, deferred, refused, percent, bad) in [
            (0, 0, 0, 0, false),
            (1000, 0, 0, 0, false),
            // One letter put off by a grey list is nobody's trouble.
            (0, 1, 0, 100, false),
            (1, 2, 0, 66, false),
            (0, 3, 0, 100, true),
            (27, 1, 2, 10, true),
            (28, 1, 2, 9, false),
            (90, 0, 10, 10, true),
        ] {
            let rate = DeliveryRate(DeliveryFigures {
                sent,
                deferred,
                refused,
            });
            assert_eq!(
                (rate.percent_failing(), rate.is_bad()),
                (percent, bad),
                "{rate}"
            );
        }
    }

    #[test]
    fn otp_27_the_operator_reads_the_numbers() {
        let rate = DeliveryRate(DeliveryFigures {
            sent: 8,
            deferred: 1,
            refused: 1,
        });
        let told = rate.to_string();
        assert_eq!(
            told,
            "8 sent, 1 deferred, 1 refused in the last hour (20 % not taken)"
        );
    }
}
