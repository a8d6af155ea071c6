//! Mail domains that take only so many letters a minute. Four million resets on one day must neither
//! get the sender blocked there nor hold up everybody else's codes (S13).

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use sekisho_model::{EmailAddress, Timestamp};
use sekisho_store::{LetterRoom, OutboxLetter};
use thiserror::Error;

const MINUTE: Duration = Duration::from_mins(1);
/// Letters of this time may leave at once.
const BURST: Duration = Duration::from_secs(1);

/// How many letters a minute one node sends to a mail domain: `isp.example 3000`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainRate {
    /// The domain, in lower case.
    pub domain: String,
    /// Letters a minute, at least 1.
    pub per_minute: u32,
}

/// Why a text is no [`DomainRate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write a mail domain and letters a minute, as in \"isp.example 3000\"")]
pub struct NoDomainRate;

impl FromStr for DomainRate {
    type Err = NoDomainRate;

    fn from_str(text: &str) -> Result<Self, NoDomainRate> {
        let (domain, rate) = text.split_once(' ').ok_or(NoDomainRate)?;
        let address =
            EmailAddress::parse(&format!("x@{domain}")).map_err(|_refused| NoDomainRate)?;
        match rate.trim().parse() {
            Ok(per_minute @ 1..=6_000_000) => Ok(Self {
                domain: address.domain().to_lowercase(),
                per_minute,
            }),
            _ => Err(NoDomainRate),
        }
    }
}

/// The mail domains with a rate. A letter's lane is its domain if that has a rate, else the empty text.
#[derive(Debug, Clone, Default)]
pub struct Lanes(BTreeMap<String, u32>);

impl Lanes {
    /// Of a domain named twice the last rate counts.
    pub fn new(rates: impl IntoIterator<Item = DomainRate>) -> Self {
        let rates = rates.into_iter();
        Self(rates.map(|rate| (rate.domain, rate.per_minute)).collect())
    }

    /// The lane of a letter to `to`.
    pub fn of(&self, to: &EmailAddress) -> String {
        let domain = to.domain().to_lowercase();
        let has_rate = self.0.contains_key(&domain);
        if has_rate { domain } else { String::new() }
    }
}

/// Keeps each lane at its rate.
#[derive(Debug)]
pub(crate) struct Pace(BTreeMap<String, Walker>);

#[derive(Debug)]
struct Walker {
    /// Time one letter takes up.
    step: Duration,
    /// How far ahead of the clock letters may be sent.
    reach: Duration,
    /// Up to here the time is taken.
    taken: Timestamp,
}

impl Pace {
    pub(crate) fn new(lanes: &Lanes) -> Self {
        let walker = |per_minute: u32| {
            let step = MINUTE / per_minute.max(1);
            Walker {
                step,
                reach: step.max(BURST),
                taken: Timestamp::from_micros(0),
            }
        };
        let lanes = lanes.0.iter();
        Self(
            lanes
                .map(|(lane, rate)| (lane.clone(), walker(*rate)))
                .collect(),
        )
    }

    /// What may be claimed now, `total` in all.
    pub(crate) fn room(&self, total: u32, now: Timestamp) -> LetterRoom {
        let lanes = self.0.iter();
        LetterRoom {
            total,
            lanes: lanes
                .map(|(lane, walker)| (lane.clone(), walker.room(now)))
                .collect(),
        }
    }

    /// Counts letters that were claimed.
    pub(crate) fn count(&mut self, letters: &[OutboxLetter], now: Timestamp) {
        for letter in letters {
            if let Some(walker) = self.0.get_mut(&letter.lane) {
                walker.taken = walker.taken.max(now) + walker.step;
            }
        }
    }

    /// How long until a lane that is used up has room again.
    pub(crate) fn next_room(&self, now: Timestamp) -> Option<Duration> {
        let used_up = self.0.values().filter(|walker| walker.room(now) == 0);
        used_up
            .map(|walker| (walker.ahead(now) + walker.step).saturating_sub(walker.reach))
            .min()
    }
}

impl Walker {
    fn ahead(&self, now: Timestamp) -> Duration {
        self.taken.since(now)
    }

    fn room(&self, now: Timestamp) -> u32 {
        let free = self.reach.saturating_sub(self.ahead(now));
        let letters = free.as_micros() / self.step.as_micros().max(1);
        u32::try_from(letters).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
