use std::io::IsTerminal as _;
use std::time::Duration;

use sekisho_model::Timestamp;

use super::output;

/// How often a line is written where lines stay.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// How often the line of a terminal changes.
const LIVE_EVERY: Duration = Duration::from_millis(500);
/// Signs a bar is wide.
const BAR: usize = 26;

/// Tells how far it is, how fast it goes and how long it will take.
pub(super) struct Meter {
    length: Option<u64>,
    live: bool,
    shown_at: Timestamp,
    begun: Option<Beginning>,
    first_at: Timestamp,
    before: i64,
}

/// Where measuring began: what was done by an earlier run does not count.
#[derive(Clone, Copy)]
struct Beginning {
    at: Timestamp,
    records: i64,
    bytes: u64,
}

impl Meter {
    /// For a file of `length` bytes of which `before` records were done by an earlier run.
    pub(super) fn new(length: Option<u64>, before: i64, now: Timestamp) -> Self {
        let live = std::io::stderr().is_terminal();
        let from_the_first = Beginning {
            at: now,
            records: 0,
            bytes: 0,
        };
        Self {
            length,
            live,
            shown_at: now,
            begun: (before == 0).then_some(from_the_first),
            first_at: now,
            before,
        }
    }

    pub(super) fn show(&mut self, records: i64, bytes: u64, now: Timestamp) {
        let begun = *self.begun.get_or_insert(Beginning {
            at: now,
            records,
            bytes,
        });
        let every = if self.live { LIVE_EVERY } else { PLAIN_EVERY };
        if now.since(self.shown_at) < every {
            return;
        }
        self.shown_at = now;
        let standing = standing(self.length, begun, (records, bytes), now);
        output::progress(&if self.live {
            standing.as_bar()
        } else {
            standing.in_words()
        });
    }

    pub(super) fn end(&self, records: i64, now: Timestamp) {
        output::progress_ends();
        let took = now.since(self.first_at);
        let done = records - self.before;
        let rate = per_second(done, took);
        output::done(&format!(
            "{done} records in {}, {rate} a second.",
            words(took)
        ));
    }
}

/// Where it stands, to be told in one line.
struct Standing {
    /// Of a hundred, if it is known how much there is.
    share: Option<u64>,
    records: i64,
    rate: i64,
    left: Option<Duration>,
}

fn standing(
    length: Option<u64>,
    begun: Beginning,
    (records, bytes): (i64, u64),
    now: Timestamp,
) -> Standing {
    let took = now.since(begun.at);
    let length = length.filter(|length| *length > 0);
    let done = bytes.saturating_sub(begun.bytes);
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let left = length.and_then(|length| {
        let left = u128::from(length.saturating_sub(bytes));
        let millis = (u128::from(millis) * left).checked_div(u128::from(done))?;
        u64::try_from(millis).ok()
    });
    Standing {
        share: length.map(|length| bytes.min(length) * 100 / length),
        records,
        rate: per_second(records - begun.records, took),
        left: left.map(Duration::from_millis),
    }
}

impl Standing {
    /// Where lines stay.
    fn in_words(&self) -> String {
        let Self { records, rate, .. } = self;
        let share = self.share.map(|share| format!("{share} %, "));
        let left = self
            .left
            .map(|left| format!(", about {} left", words(left)));
        format!(
            "{}{records} records, {rate} a second{}",
            share.unwrap_or_default(),
            left.unwrap_or_default()
        )
    }

    /// On a terminal.
    fn as_bar(&self) -> String {
        let mut parts = Vec::new();
        if let Some(share) = self.share {
            let full = usize::try_from(share).unwrap_or(0) * BAR / 100;
            let (full, open) = ("#".repeat(full), "·".repeat(BAR.saturating_sub(full)));
            parts.push(format!("Importing  [{full}{open}]  {share:>3} %"));
        } else {
            parts.push("Importing".to_owned());
        }
        parts.push(format!("{} records", grouped(self.records)));
        parts.push(format!("{}/s", grouped(self.rate)));
        parts.extend(self.left.map(|left| format!("{} left", words(left))));
        parts.join("  ")
    }
}

/// A number with a comma after each thousand.
fn grouped(number: i64) -> String {
    let digits = number.max(0).to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn per_second(records: i64, took: Duration) -> i64 {
    let millis = i64::try_from(took.as_millis()).unwrap_or(i64::MAX).max(1);
    records.saturating_mul(1000) / millis
}

fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds / 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_share_rate_and_time_left() {
        let at = Timestamp::from_seconds;
        let begun = Beginning {
            at: at(0),
            records: 0,
            bytes: 0,
        };
        let told = |length, done, now| standing(length, begun, done, at(now)).in_words();
        assert_eq!(
            told(Some(1_000_000), (1000, 250_000), 20),
            "25 %, 1000 records, 50 a second, about 60 s left"
        );
        assert_eq!(told(None, (1000, 9), 20), "1000 records, 50 a second");
        assert_eq!(told(Some(10), (0, 0), 0), "0 %, 0 records, 0 a second");
        let later = Beginning {
            at: at(100),
            records: 1000,
            bytes: 500_000,
        };
        assert_eq!(
            standing(Some(1_000_000), later, (1500, 750_000), at(110)).in_words(),
            "75 %, 1500 records, 50 a second, about 10 s left"
        );
        assert_eq!(words(Duration::from_secs(10_000)), "2 h 46 min");
    }

    #[test]
    fn on_a_terminal_it_is_a_bar() {
        let told = |share, records, left| Standing {
            share,
            records,
            rate: 1_930,
            left,
        };
        let ten = Some(Duration::from_secs(10));
        assert_eq!(
            told(Some(62), 29_804, ten).as_bar(),
            "Importing  [################··········]   62 %  29,804 records  1,930/s  10 s left"
        );
        let full = told(Some(100), 4_000_000, None).as_bar();
        assert!(full.contains(&"#".repeat(26)) && !full.contains('·'));
        assert!(full.ends_with("4,000,000 records  1,930/s"), "{full}");
        let unknown = told(None, 7, None).as_bar();
        assert_eq!(unknown, "Importing  7 records  1,930/s");
    }
}
