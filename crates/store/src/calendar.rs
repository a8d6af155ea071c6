//! Months, as event partitions need them.

use std::time::Duration;

use sekisho_model::Timestamp;

const DAY: i64 = 86_400 * 1_000_000;

/// A month of the proleptic Gregorian calendar, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    year: i64,
    /// 1 to 12.
    month: i64,
}

impl Month {
    /// The month in which `moment` lies.
    pub(crate) fn of(moment: Timestamp) -> Self {
        // Counts from 0000-03-01 in eras of 400 years, so that the leap day is the last of a year.
        let days = moment.micros().div_euclid(DAY) + 719_468;
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = year_of_era + days.div_euclid(146_097) * 400 + i64::from(month <= 2);
        Self { year, month }
    }

    /// The month after.
    pub(crate) fn next(self) -> Self {
        if self.month == 12 {
            Self {
                year: self.year + 1,
                month: 1,
            }
        } else {
            Self {
                month: self.month + 1,
                ..self
            }
        }
    }

    /// Its first moment: looked for from a day that certainly lies in it.
    pub(crate) fn start(self) -> Timestamp {
        let year = if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        };
        let from_march = (self.month + 9) % 12;
        let day_of_year = (153 * from_march + 2) / 5;
        let year_of_era = year.rem_euclid(400);
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = year.div_euclid(400) * 146_097 + day_of_era - 719_468;
        Timestamp::from_micros(days * DAY)
    }

    /// `2026_11`, as in the names of partitions.
    pub(crate) fn name(self) -> String {
        format!("{:04}_{:02}", self.year, self.month)
    }
}

/// The first moment of the month in which `retention` ago lies: what is older may leave.
pub(crate) fn oldest_kept(now: Timestamp, retention: Duration) -> Timestamp {
    Month::of(now - retention).start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_follow_each_other_without_gap_through_four_centuries() {
        let mut month = Month::of(Timestamp::from_seconds(0));
        assert_eq!(month.name(), "1970_01");
        for _ in 0..400 * 12 {
            let next = month.next();
            assert!(next > month);
            assert_eq!(Month::of(next.start()), next);
            let last = Timestamp::from_micros(next.start().micros() - 1);
            assert_eq!(Month::of(last), month);
            month = next;
        }
        assert_eq!(month.name(), "2370_01");
    }

    #[test]
    fn a_known_day_lies_in_its_month() {
        let leap_day = Timestamp::from_seconds(1_709_164_800);
        assert_eq!(Month::of(leap_day).name(), "2024_02");
        assert_eq!(Month::of(leap_day).start().seconds(), 1_706_745_600);
    }
}
