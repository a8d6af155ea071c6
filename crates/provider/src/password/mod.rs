//! Passwords: Argon2id on a bounded pool, records sealed with a key outside the database
//! (decisions: passwords; PW-05, PW-13..17, PW-20..22).

mod breached;
mod calibration;
mod levels;
mod line;
mod moving;
mod pool;
mod record;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sekisho_model::{Clock, Entropy, KeyRing, Purpose, UserId};
use sekisho_store::PasswordRecord;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub use breached::{BreachedPasswords, FilterProblem, build_filter};
pub use calibration::{calibrated, time_of};
pub use pool::{Held, PoolSettings};
pub use record::Cost;

use crate::Failure;
use crate::rules::password_policy::normalised;
use levels::Levels;
use line::Lane;
use pool::{HashJob, HashPool};
use record::{Made, Phc, Record};

/// Makes and checks password records.
#[derive(Debug)]
pub struct Passwords {
    pool: HashPool,
    cost: Cost,
    keyring: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    breached: RwLock<Option<Arc<BreachedPasswords>>>,
    levels: Levels,
}

/// What came of checking a password.
#[derive(Debug)]
pub enum Checked {
    /// It is right; with a new record if the old one was made at a lower cost (PW-17).
    Right(Option<PasswordRecord>),
    /// It is wrong, or there is nothing it could be right for.
    Wrong,
}

impl Passwords {
    /// Starts the pool. New records are made at `cost`.
    pub fn new(
        settings: PoolSettings,
        cost: Cost,
        keyring: Arc<KeyRing>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            pool: HashPool::start(settings, cost),
            cost,
            keyring,
            clock,
            entropy,
            breached: RwLock::default(),
            levels: Levels::default(),
        }
    }

    /// Whether the operator's list has `password`; two short reads.
    pub(crate) fn is_leaked(&self, password: &str) -> bool {
        let normal = Zeroizing::new(normalised(password));
        self.breached().is_some_and(|list| list.knows(&normal))
    }

    /// Asks this list of leaked passwords about new ones (PW-10).
    #[must_use]
    pub fn knowing(self, breached: Option<BreachedPasswords>) -> Self {
        self.know(breached);
        self
    }

    /// Asks another list from now on: the operator built a new one.
    pub fn know(&self, breached: Option<BreachedPasswords>) {
        let mut known = self
            .breached
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *known = breached.map(Arc::new);
    }

    /// The list that is asked, if there is one.
    pub(crate) fn breached(&self) -> Option<Arc<BreachedPasswords>> {
        let known = self.breached.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Makes a record of `password` for `user`.
    pub async fn record(&self, user: UserId, password: &str) -> Result<PasswordRecord, Failure> {
        let salt = self.entropy.bytes::<16>();
        let normal = Zeroizing::new(normalised(password).into_bytes());
        let job = HashJob::of(normal, &salt, self.cost);
        let hashed = self.pool.run(job, Lane::Making).await?;
        let phc = Phc {
            cost: self.cost,
            salt: salt.to_vec(),
            output: hashed.only().to_vec(),
        };
        let made = Made::Here;
        Ok(self.sealed(user, &Record { phc, made }))
    }

    /// Checks `password` against `record`. Without a record the same work is done (ENU-02).
    pub async fn check(
        &self,
        user: UserId,
        record: Option<&PasswordRecord>,
        password: &str,
    ) -> Result<Checked, Failure> {
        self.check_in(Lane::SignIn, (user, record), password).await
    }

    /// The same for who chooses a new password, behind those who sign in. They proved who they are and learn nothing
    /// from a time: a wrong one, as a new password is, waits for no slower scheme (PW-20).
    pub(crate) async fn check_old(
        &self,
        user: UserId,
        record: &PasswordRecord,
        password: &str,
    ) -> Result<Checked, Failure> {
        self.check_in(Lane::Making, (user, Some(record)), password)
            .await
    }

    async fn check_in(
        &self,
        lane: Lane,
        (user, record): (UserId, Option<&PasswordRecord>),
        password: &str,
    ) -> Result<Checked, Failure> {
        let stored = match record {
            Some(record) => Some(self.opened(user, record)?),
            None => None,
        };
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobodys());
        let forms = stored.forms(password);
        let cut = stored.may_be_cut(&forms);
        let tried = u32::try_from(forms.len()).unwrap_or(1);
        let (same, beyond) = self.tried(lane, &stored, forms).await?;
        if !(same && known) {
            if lane == Lane::SignIn {
                self.level(beyond, tried).await;
            }
            return Ok(Checked::Wrong);
        }
        let as_dear = !stored.phc.cost.is_weaker_than(self.cost);
        if cut || (as_dear && matches!(stored.made, Made::Here)) {
            return Ok(Checked::Right(None));
        }
        let renewed = if as_dear && stored.is_over_ours(tried) {
            let made = Made::Here;
            Ok(self.sealed(user, &Record { made, ..stored }))
        } else {
            self.record(user, password).await
        };
        Self::renewed(record, renewed)
    }

    /// The password was right: a house that is full renews the record another time.
    fn renewed(
        old: Option<&PasswordRecord>,
        renewed: Result<PasswordRecord, Failure>,
    ) -> Result<Checked, Failure> {
        let mut renewed = match renewed {
            Ok(renewed) => renewed,
            Err(Failure::Busy(_)) => return Ok(Checked::Right(None)),
            Err(failure) => return Err(failure),
        };
        if let Some(old) = old {
            renewed.changed_at = old.changed_at;
            renewed.must_change = old.must_change;
        }
        Ok(Checked::Right(Some(renewed)))
    }

    /// Whether one of `forms` is right, and what one took beyond a hash at the present cost. A record of
    /// another cost is checked and the present cost is paid as well, in one turn: whoever waits longer in a full
    /// house would be known to have an account (PW-20).
    async fn tried(
        &self,
        lane: Lane,
        stored: &Record,
        forms: Vec<Zeroizing<Vec<u8>>>,
    ) -> Result<(bool, Duration), Failure> {
        let scheme = stored.scheme();
        let other_cost = stored.phc.cost != self.cost;
        let kind = (scheme.is_some() || other_cost).then(|| stored.kind());
        let hashed = self
            .pool
            .run(
                HashJob {
                    forms,
                    scheme,
                    salt: stored.phc.salt.clone(),
                    cost: stored.phc.cost,
                    beside: other_cost.then_some(self.cost),
                },
                lane,
            )
            .await?;
        if let Some(kind) = kind {
            self.levels.note(kind, hashed.beyond);
        }
        let expected = stored.phc.output.as_slice();
        let right = |output: &Zeroizing<Vec<u8>>| bool::from(output.as_slice().ct_eq(expected));
        // Every one is compared, whether or not one was right.
        let right = hashed
            .outputs
            .iter()
            .fold(false, |any, one| any | right(one));
        Ok((right, hashed.beyond))
    }

    /// What is computed for an account that does not exist.
    fn nobodys(&self) -> Record {
        Record {
            phc: Phc {
                cost: self.cost,
                salt: vec![0; 16],
                output: vec![0; 32],
            },
            made: Made::Here,
        }
    }

    /// PW-20: a wrong password is answered when the slowest imported scheme would have been done, or the
    /// time would tell which accounts still have one. The right password waits for nothing.
    #[expect(
        clippy::disallowed_methods,
        reason = "waits out a difference in time; moves with no clock of a test"
    )]
    async fn level(&self, beyond: Duration, tried: u32) {
        let slowest = self.levels.slowest(Self::RETRY_AFTER);
        let rest = slowest.saturating_sub(beyond) * tried;
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }

    /// Begins no hash until what it gives is dropped: shows what a server does without (PW-21).
    pub fn hold(&self) -> Held {
        self.pool.hold()
    }

    fn sealed(&self, user: UserId, record: &Record) -> PasswordRecord {
        let owner = user.to_string();
        let text = Zeroizing::new(record.to_string());
        let sealed = self
            .keyring
            .seal(Purpose::Password, &owner, text.as_bytes(), &*self.entropy);
        PasswordRecord {
            // Of the bytes themselves: the current key may change between two looks at the ring.
            key_id: sealed.key_id().unwrap_or_else(|| self.keyring.current()),
            sealed,
            changed_at: self.clock.now(),
            must_change: false,
        }
    }

    fn opened(&self, user: UserId, record: &PasswordRecord) -> Result<Record, Failure> {
        let text = self.opened_text(user, record)?;
        Record::parse(&text).ok_or(Failure::Corrupt("password record"))
    }

    fn opened_text(
        &self,
        user: UserId,
        record: &PasswordRecord,
    ) -> Result<Zeroizing<String>, Failure> {
        let bytes = self
            .keyring
            .open(Purpose::Password, &user.to_string(), &record.sealed)
            .map_err(|_unsealable| Failure::Sealed("password record"))?;
        String::from_utf8(bytes)
            .map(Zeroizing::new)
            .map_err(|_not_text| Failure::Corrupt("password record"))
    }

    /// How long a caller is asked to wait when the pool is full.
    pub const RETRY_AFTER: Duration = Duration::from_secs(2);
}

#[cfg(test)]
mod tests {
    use sekisho_model::{ManualClock, SeededEntropy, Timestamp};

    use super::*;

    fn passwords(memory_kib: u32) -> Passwords {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let ring = Arc::new(KeyRing::ephemeral(&*entropy));
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_seconds(1)));
        let cost = Cost {
            memory_kib,
            iterations: 2,
            parallelism: 1,
        };
        Passwords::new(PoolSettings::default(), cost, ring, clock, entropy)
    }

    fn user(n: u64) -> UserId {
        UserId::new(Timestamp::from_seconds(1), &SeededEntropy::new(n))
    }

    #[tokio::test]
    async fn pw_06_canonically_equal_passwords_verify_and_others_do_not() {
        let passwords = passwords(19456);
        let record = passwords.record(user(1), "がんばれ é").await.unwrap();
        let right = passwords
            .check(user(1), Some(&record), "か\u{3099}んばれ e\u{301}")
            .await
            .unwrap();
        assert!(matches!(right, Checked::Right(None)));
        for wrong in ["がんばれ é ", "がんばれ e", "GANBARE"] {
            assert!(matches!(
                passwords
                    .check(user(1), Some(&record), wrong)
                    .await
                    .unwrap(),
                Checked::Wrong
            ));
        }
    }

    #[tokio::test]
    async fn pw_15_swapped_records_fail_for_both_users() {
        let passwords = passwords(19456);
        let one = passwords.record(user(1), "one").await.unwrap();
        assert!(matches!(
            passwords.check(user(2), Some(&one), "one").await,
            Err(Failure::Sealed(_))
        ));
    }

    #[tokio::test]
    async fn pw_04_a_password_is_never_cut() {
        let passwords = passwords(19456);
        let long = "p".repeat(128);
        let record = passwords.record(user(1), &long).await.unwrap();
        let longer = format!("{long}x");
        assert!(matches!(
            passwords
                .check(user(1), Some(&record), &longer)
                .await
                .unwrap(),
            Checked::Wrong
        ));
    }

    #[tokio::test]
    async fn pw_14_two_records_of_one_password_differ() {
        let passwords = passwords(19456);
        let (a, b) = (
            passwords.record(user(1), "p").await.unwrap(),
            passwords.record(user(1), "p").await.unwrap(),
        );
        assert_ne!(
            passwords.opened(user(1), &a).unwrap().phc.output,
            passwords.opened(user(1), &b).unwrap().phc.output
        );
    }

    #[tokio::test]
    async fn enu_02_without_a_record_the_same_work_is_done_and_nothing_passes() {
        let passwords = passwords(19456);
        assert!(matches!(
            passwords.check(user(1), None, "anything").await.unwrap(),
            Checked::Wrong
        ));
    }

    #[tokio::test]
    async fn pw_17_a_cheaper_record_is_renewed_when_its_password_comes() {
        let old = passwords(19456);
        let record = old.record(user(1), "p").await.unwrap();
        let dearer = Passwords {
            cost: Cost {
                memory_kib: 20000,
                ..old.cost
            },
            ..old
        };
        let Checked::Right(Some(renewed)) =
            dearer.check(user(1), Some(&record), "p").await.unwrap()
        else {
            panic!("expected a new record");
        };
        assert!(matches!(
            dearer.check(user(1), Some(&renewed), "p").await.unwrap(),
            Checked::Right(None)
        ));
        // A node that was calibrated to less leaves what another has made.
        let cheaper = passwords(19456);
        let record = cheaper.sealed(user(1), &dearer.opened(user(1), &renewed).unwrap());
        assert!(matches!(
            cheaper.check(user(1), Some(&record), "p").await.unwrap(),
            Checked::Right(None)
        ));
    }
}
