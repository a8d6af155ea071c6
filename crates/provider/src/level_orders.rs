//! How a level that is wanted is decided beside what others decided, in whatever transaction (INC-05).

use sekisho_guard::Concerned;
use sekisho_model::{Event, Level, LevelDecision, OperatorTokenId, Standing, Timestamp};
use sekisho_store::{StoreError, Tx};

use crate::begun_levels::void_trust;
use crate::incidents::{Decided, LevelOrder, detail, fault, known, names_need_proof};

/// An order that nothing stands against but what others decided.
#[derive(Debug, Clone)]
pub(crate) struct SettledOrder {
    made: LevelDecision,
    may_lower: bool,
    proved: Option<OperatorTokenId>,
    event: Event,
}

impl LevelOrder {
    /// What is wrong with it whatever others decided.
    pub(crate) fn refused(&self, now: Timestamp) -> Option<Decided> {
        let from = self.from.map_or(now, |from| from.max(now));
        if self.until.is_some_and(|until| until <= from) {
            return Some(Decided::EndsBeforeItBegins);
        }
        fault(&self.operator, &self.reason, Some(&self.text)).map(Decided::BadText)
    }

    pub(crate) fn settled(self, now: Timestamp, event: Event) -> SettledOrder {
        let made = LevelDecision {
            number: 0,
            at: now,
            operator: self.operator.trim().to_owned(),
            scope: self.scope,
            level: self.level,
            reason: self.reason.trim().to_owned(),
            from: self.from.map_or(now, |from| from.max(now)),
            until: self.until,
            text: self.text,
            standing: Standing::InForce,
            confirms: None,
        };
        SettledOrder {
            made,
            may_lower: self.may_lower,
            proved: self.proved,
            event,
        }
    }
}

impl SettledOrder {
    /// Whether this level or a higher one holds for all already. Whoever would decide beside it waits.
    pub(crate) fn is_reached(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        tx.lock_levels()?;
        let level = known(tx)?.level(Concerned::default(), self.made.at);
        Ok(level >= self.made.level)
    }

    /// Decides beside what others decided; the record and the event are one transaction.
    pub(crate) fn decide(&self, tx: &mut Tx<'_>) -> Result<Decided, StoreError> {
        let now = self.made.at;
        tx.lock_levels()?;
        let situation = known(tx)?;
        if !self.may_lower && situation.lowers(&self.made, now) {
            return Ok(Decided::WouldLower);
        }
        let waits = situation.needs_two(&self.made, now);
        if waits && self.proved.is_none() && names_need_proof(tx, now)? {
            return Ok(Decided::NeedsToken);
        }
        let (standing, decided): (_, fn(i64) -> Decided) = if waits {
            (Standing::Asked, Decided::Waits)
        } else {
            (Standing::InForce, Decided::InForce)
        };
        let made = LevelDecision {
            standing,
            ..self.made.clone()
        };
        let number = tx.decide_level(&made)?;
        // Trust is void from the first level on (decisions: trusted browser), not only while it lasts.
        if !waits && made.level >= Level::Watch && made.from <= now {
            let _epoch = void_trust(tx, &made)?;
        }
        tx.record(&Event {
            detail: detail(&made, number, self.proved),
            ..self.event.clone()
        })?;
        Ok(decided(number))
    }
}
