use std::io::IsTerminal as _;
use std::time::Duration;

use sekisho_model::Timestamp;

use super::output;

/// How often a line is written where lines stay.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// How often the line of a terminal changes.
const LIVE_EVERY: Duration = Duration::from_millis(500);

/// Tells how far it is, how fast it goes and how long it will take.
pub(super) struct Meter {
    length: Option<u64>,
    every: Duration,
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
            every: if live { LIVE_EVERY } else { PLAIN_EVERY },
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
        if now.since(self.shown_at) < self.every {
            return;
        }
        self.shown_at = now;
        output::progress(&line(self.length, begun, (records, bytes), now));
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

fn line(
    length: Option<u64>,
    begun: Beginning,
    (records, bytes): (i64, u64),
    now: Timestamp,
) -> String {
    let took = now.since(begun.at);
    let rate = per_second(records - begun.records, took);
    let Some(length) = length.filter(|length| *length > 0) else {
        return format!("{records} records, {rate} a second");
    };
    let share = bytes.min(length) * 100 / length;
    let (done, left) = (
        bytes.saturating_sub(begun.bytes),
        length.saturating_sub(bytes),
    );
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let left = (u128::from(millis) * u128::from(left))
        .checked_div(u128::from(done))
        .and_then(|millis| u64::try_from(millis).ok())
        .map_or_else(String::new, |millis| {
            format!(", about {} left", words(Duration::from_millis(millis)))
        });
    format!("{share} %, {records} records, {rate} a second{left}")
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
        let told = |length, done, now| line(length, begun, done, at(now));
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
            line(Some(1_000_000), later, (1500, 750_000), at(110)),
            "75 %, 1500 records, 50 a second, about 10 s left"
        );
        assert_eq!(words(Duration::from_secs(10_000)), "2 h 46 min");
    }
}
