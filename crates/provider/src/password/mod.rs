//! Passwords: Argon2id on a bounded pool, records sealed with a key outside the database
//! (decisions: passwords; PW-05, PW-13..17, PW-20..22).

mod calibration;
mod pool;
mod record;

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Clock, Entropy, KeyRing, Purpose, UserId};
use sekisho_store::PasswordRecord;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

pub use calibration::{calibrated, time_of};
pub use pool::PoolSettings;
pub use record::Cost;

use crate::Failure;
use crate::rules::password_policy::normalised;
use pool::{HashJob, HashPool};
use record::Phc;

/// Makes and checks password records.
#[derive(Debug)]
pub struct Passwords {
    pool: HashPool,
    cost: Cost,
    keyring: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
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
            pool: HashPool::start(settings),
            cost,
            keyring,
            clock,
            entropy,
        }
    }

    /// Makes a record of `password` for `user`.
    pub async fn record(&self, user: UserId, password: &str) -> Result<PasswordRecord, Failure> {
        let salt = self.entropy.bytes::<16>();
        let output = self.hash(password, salt.to_vec(), self.cost).await?;
        Ok(self.sealed(
            user,
            &Phc {
                cost: self.cost,
                salt: salt.to_vec(),
                output: output.to_vec(),
            },
        ))
    }

    /// Checks `password` against `record`. Without a record the same work is done (ENU-02).
    pub async fn check(
        &self,
        user: UserId,
        record: Option<&PasswordRecord>,
        password: &str,
    ) -> Result<Checked, Failure> {
        let stored = match record {
            Some(record) => Some(self.opened(user, record)?),
            None => None,
        };
        let dummy = || Phc {
            cost: self.cost,
            salt: vec![0; 16],
            output: vec![0; 32],
        };
        let known = stored.is_some();
        let phc = stored.unwrap_or_else(dummy);
        let output = self.hash(password, phc.salt.clone(), phc.cost).await?;
        let same: bool = output.as_slice().ct_eq(&phc.output).into();
        if !(same && known) {
            // An account of old must not be told from one that does not exist.
            if let Some(rest) = self.cost.rest_of(phc.cost) {
                self.hash(password, phc.salt, rest).await?;
            }
            return Ok(Checked::Wrong);
        }
        if !phc.cost.is_weaker_than(self.cost) {
            return Ok(Checked::Right(None));
        }
        let mut renewed = self.record(user, password).await?;
        if let Some(old) = record {
            renewed.changed_at = old.changed_at;
            renewed.must_change = old.must_change;
        }
        Ok(Checked::Right(Some(renewed)))
    }

    async fn hash(
        &self,
        password: &str,
        salt: Vec<u8>,
        cost: Cost,
    ) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let password = Zeroizing::new(normalised(password));
        self.pool
            .run(HashJob {
                password,
                salt,
                cost,
            })
            .await
    }

    fn sealed(&self, user: UserId, phc: &Phc) -> PasswordRecord {
        let owner = user.to_string();
        let text = Zeroizing::new(phc.to_string());
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

    fn opened(&self, user: UserId, record: &PasswordRecord) -> Result<Phc, Failure> {
        let bytes = self
            .keyring
            .open(Purpose::Password, &user.to_string(), &record.sealed)
            .map_err(|_unsealable| Failure::Sealed("password record"))?;
        let bytes = Zeroizing::new(bytes);
        str::from_utf8(&bytes)
            .ok()
            .and_then(Phc::parse)
            .ok_or(Failure::Corrupt("password record"))
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
            passwords.opened(user(1), &a).unwrap().output,
            passwords.opened(user(1), &b).unwrap().output
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
