//! Records that come from elsewhere and go elsewhere: wrapping at import (PW-18), hashes in an export.

use std::time::Duration;

use sekisho_model::UserId;
use sekisho_store::PasswordRecord;
use zeroize::Zeroizing;

use super::Passwords;
use super::pool::HashJob;
use super::record::{Made, Phc, Record};
use crate::Failure;
use crate::rules::legacy_hash::{ForeignHash, Scheme};

impl Passwords {
    /// How many hashes [`Passwords::take_over`] may compute at once.
    pub fn width(&self) -> usize {
        self.pool.width()
    }

    /// Makes the record of a hash another system made. Argon2id at our floor is kept as it is, everything
    /// weaker is hashed again at once, so that the raw digest never lies anywhere (PW-18).
    pub async fn take_over(
        &self,
        user: UserId,
        foreign: ForeignHash,
    ) -> Result<PasswordRecord, Failure> {
        if let Some(record) = Record::as_good_as_ours(&foreign) {
            return Ok(self.sealed(user, &record));
        }
        let salt = self.entropy.bytes::<16>().to_vec();
        let job = HashJob::of(foreign.digest, &salt, self.cost);
        let hashed = self.pool.run_patiently(job).await?;
        let phc = Phc {
            cost: self.cost,
            salt,
            output: hashed.only().to_vec(),
        };
        let made = Made::Over(Box::new(foreign.scheme));
        Ok(self.sealed(user, &Record { phc, made }))
    }

    /// The record another server of ours exported; `None` if it is none, or weaker than our floor.
    pub fn take_back(&self, user: UserId, text: &str) -> Option<(PasswordRecord, Option<Scheme>)> {
        let record = Record::parse_moved(text)?;
        Some((self.sealed(user, &record), record.scheme()))
    }

    /// Whether [`Passwords::take_back`] takes it, and sign-ins with it fit in the memory for hashes.
    pub fn takes_back(&self, text: &str) -> bool {
        Record::parse_moved(text).is_some_and(|record| {
            let scheme = record.scheme();
            scheme.is_none_or(|scheme| self.has_memory_for(&scheme))
        })
    }

    /// A record without its seal: whoever reads it can try guesses.
    pub fn unsealed(
        &self,
        user: UserId,
        record: &PasswordRecord,
    ) -> Result<Zeroizing<String>, Failure> {
        self.opened_text(user, record)
    }

    /// Whether sign-ins with `scheme` fit in the memory for hashes (PW-21).
    pub fn has_memory_for(&self, scheme: &Scheme) -> bool {
        self.pool.holds(scheme, self.cost)
    }

    /// Measures how long `scheme` takes, for [`Passwords::check`] to level (PW-20). The best of `times`: the others
    /// were disturbed.
    pub async fn expect_foreign(&self, scheme: Scheme, times: u32) -> Result<Duration, Failure> {
        let made = Made::Over(Box::new(scheme));
        let phc = self.nobodys().phc;
        let record = Record { phc, made };
        let mut least = Duration::MAX;
        for _ in 0..times {
            let password = Zeroizing::new(b"measured at the start".to_vec());
            let job = HashJob {
                scheme: record.scheme(),
                ..HashJob::of(password, &record.phc.salt, self.cost)
            };
            let hashed = self.pool.run_patiently(job).await?;
            least = least.min(hashed.beyond);
        }
        self.levels.note(record.kind(), least);
        Ok(least)
    }
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;
    use std::sync::Arc;
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    use sekisho_model::{Entropy, KeyRing, ManualClock, SeededEntropy, Timestamp};

    use super::super::pool::HashPool;
    use super::super::{Checked, Cost, PoolSettings};
    use super::*;
    use crate::rules::legacy_hash::{HashFunction, PlainHash, SaltSide};

    const BCRYPT: &str = "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i";
    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    fn passwords() -> Passwords {
        let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(1));
        let ring = Arc::new(KeyRing::ephemeral(&*entropy));
        let clock = Arc::new(ManualClock::starting_at(Timestamp::from_seconds(1)));
        let pool = PoolSettings {
            max_wait: Duration::from_mins(1),
            ..PoolSettings::default()
        };
        Passwords::new(pool, Cost::FLOOR, ring, clock, entropy)
    }

    fn user() -> UserId {
        UserId::new(Timestamp::from_seconds(1), &SeededEntropy::new(1))
    }

    fn md5_of(text: &str) -> ForeignHash {
        let function = HashFunction::Md5;
        let scheme = Scheme::Plain {
            function,
            before: Vec::new().into(),
            after: Vec::new().into(),
        };
        let digest = scheme.digest(text.as_bytes()).unwrap();
        PlainHash {
            digest: &STANDARD_NO_PAD.encode(digest.as_slice()),
            function,
            salt: b"",
            side: SaltSide::Before,
        }
        .read()
        .unwrap()
    }

    async fn check(passwords: &Passwords, record: &PasswordRecord, typed: &str) -> Checked {
        let checked = passwords.check(user(), Some(record), typed).await;
        checked.unwrap()
    }

    #[tokio::test]
    async fn pw_18_a_legacy_hash_is_wrapped_and_replaced_when_its_password_comes() {
        let passwords = passwords();
        let bcrypt = ForeignHash::parse(BCRYPT).unwrap();
        for (foreign, raw) in [
            (bcrypt, "0YHzrHM6tf"),
            (md5_of("abc"), "kAFQmDzST7DWlj99KOF"),
        ] {
            let record = passwords.take_over(user(), foreign).await.unwrap();
            let text = passwords.unsealed(user(), &record).unwrap();
            assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
            assert!(!text.contains(raw), "{raw}");
            wrong_ones_fail(&passwords, &record, &text).await;
            let renewed = renewed(&passwords, &record, "abc").await;
            assert!(!passwords.unsealed(user(), &renewed).unwrap().contains(' '));
            let again = check(&passwords, &renewed, "abc").await;
            assert!(matches!(again, Checked::Right(None)));
        }
    }

    async fn wrong_ones_fail(passwords: &Passwords, record: &PasswordRecord, text: &str) {
        for wrong in ["abd", MD5, BCRYPT, "kAFQmDzST7DWlj99KOF/cg", "", text] {
            let checked = check(passwords, record, wrong).await;
            assert!(matches!(checked, Checked::Wrong), "{wrong}");
        }
    }

    async fn renewed(passwords: &Passwords, old: &PasswordRecord, typed: &str) -> PasswordRecord {
        let Checked::Right(Some(renewed)) = check(passwords, old, typed).await else {
            panic!("expected a new record");
        };
        renewed
    }

    #[tokio::test]
    async fn pw_18_argon2id_at_the_floor_is_kept_and_anything_cheaper_wrapped() {
        let passwords = passwords();
        let with_salt = |salt: usize, kind: &str, m: u32, length: usize| {
            let salt = STANDARD_NO_PAD.encode(vec![7; salt]);
            let digest = STANDARD_NO_PAD.encode(vec![9; length]);
            format!("${kind}$v=19$m={m},t=2,p=1${salt}${digest}")
        };
        let text = |kind: &str, m: u32, length: usize| with_salt(16, kind, m, length);
        for (hash, kept) in [
            (text("argon2id", 19_456, 32), true),
            (text("argon2id", 65_536, 32), true),
            (text("argon2id", 19_455, 32), false),
            (text("argon2id", 19_456, 16), false),
            (text("argon2i", 65_536, 32), false),
            // PW-14: a short salt is not kept.
            (with_salt(8, "argon2id", 65_536, 32), false),
            (with_salt(15, "argon2id", 65_536, 32), false),
        ] {
            let foreign = ForeignHash::parse(&hash).unwrap();
            let record = passwords.take_over(user(), foreign).await.unwrap();
            let stored = passwords.unsealed(user(), &record).unwrap();
            assert_eq!(*stored == format!("{hash} raw"), kept, "{hash}");
            assert_eq!(stored.contains("memory_kib"), !kept, "{hash}");
            assert!(passwords.take_back(user(), &stored).is_some());
        }
        let weak = text("argon2id", 19_455, 32);
        assert!(passwords.take_back(user(), &weak).is_none());
        assert!(passwords.take_back(user(), BCRYPT).is_none());
    }

    #[tokio::test]
    async fn pw_18_a_hash_like_ours_becomes_ours_and_is_made_anew_only_for_a_password_of_two_forms()
    {
        let passwords = passwords();
        for (typed, kept) in [("correct horse", true), ("か\u{3099}", false)] {
            let argon2 = argon2::Argon2::default();
            let salt = b"sixteen bytes of";
            let hash = argon2.hash_password_with_salt(typed.as_bytes(), salt);
            let hash = hash.unwrap().to_string();
            let foreign = ForeignHash::parse(&hash).unwrap();
            let record = passwords.take_over(user(), foreign).await.unwrap();
            let renewed = renewed(&passwords, &record, typed).await;
            let text = passwords.unsealed(user(), &renewed).unwrap();
            assert_eq!(*text == hash, kept, "{typed}");
            let again = check(&passwords, &renewed, typed).await;
            assert!(matches!(again, Checked::Right(None)));
        }
    }

    #[tokio::test]
    async fn pw_05_a_hash_over_raw_bytes_takes_them_first_and_nfc_second() {
        let passwords = passwords();
        let (composed, decomposed) = ("が\u{e9}", "か\u{3099}e\u{301}");
        for made_of in [composed, decomposed] {
            let record = passwords.take_over(user(), md5_of(made_of)).await.unwrap();
            let as_made = check(&passwords, &record, made_of).await;
            assert!(matches!(as_made, Checked::Right(Some(_))), "{made_of}");
        }
        let record = passwords.take_over(user(), md5_of(composed)).await.unwrap();
        let renewed = renewed(&passwords, &record, decomposed).await;
        for typed in [composed, decomposed] {
            let checked = check(&passwords, &renewed, typed).await;
            assert!(matches!(checked, Checked::Right(None)), "{typed}");
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "measures")]
    async fn pw_20_nobody_answers_faster_than_the_slowest_imported_scheme() {
        let passwords = passwords();
        let slow = BCRYPT.replace("$06$", "$11$");
        let scheme = ForeignHash::parse(&slow).unwrap().scheme;
        let least = passwords.expect_foreign(scheme, 2).await.unwrap();
        assert!(least > Duration::from_millis(5), "{least:?}");
        let own = passwords.record(user(), "own").await.unwrap();
        let quick = passwords.take_over(user(), md5_of("abc")).await.unwrap();
        for record in [None, Some(&own), Some(&quick)] {
            let begun = std::time::Instant::now();
            let checked = passwords.check(user(), record, "wrong").await.unwrap();
            assert!(matches!(checked, Checked::Wrong));
            assert!(begun.elapsed() >= least, "{:?} {least:?}", begun.elapsed());
        }
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "measures")]
    async fn inc_09_who_chooses_a_new_password_waits_for_no_slow_scheme_of_others() {
        let passwords = passwords();
        let slowest = Passwords::RETRY_AFTER * 20;
        passwords.levels.note("slow".to_owned(), slowest);
        let own = passwords.record(user(), "own").await.unwrap();
        let begun = std::time::Instant::now();
        for new in ["new", "か\u{3099}んばれ"] {
            let checked = passwords.check_old(user(), &own, new).await.unwrap();
            assert!(matches!(checked, Checked::Wrong));
        }
        assert!(
            begun.elapsed() < Passwords::RETRY_AFTER,
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test]
    async fn pw_04_what_bcrypt_does_not_look_at_never_becomes_the_password() {
        let passwords = passwords();
        let long = "p".repeat(80);
        let Scheme::Bcrypt { cost, salt, over } = ForeignHash::parse(BCRYPT).unwrap().scheme else {
            panic!("no bcrypt");
        };
        let scheme = Scheme::Bcrypt { cost, salt, over };
        let foreign = |password: &str| ForeignHash {
            digest: scheme.digest(password.as_bytes()).unwrap(),
            scheme: scheme.clone(),
        };
        let record = passwords.take_over(user(), foreign(&long)).await.unwrap();
        // A slip of the finger behind the 72nd byte opens, as it always did, and changes nothing.
        let slip = "p".repeat(79) + "x";
        for typed in [slip, "p".repeat(72), long.clone()] {
            let checked = check(&passwords, &record, &typed).await;
            assert!(matches!(checked, Checked::Right(None)), "{typed}");
        }
        let short = "p".repeat(71);
        let record = passwords.take_over(user(), foreign(&short)).await.unwrap();
        renewed(&passwords, &record, &short).await;
    }

    #[tokio::test]
    async fn pw_17_a_right_password_opens_also_when_nobody_has_time_to_renew_it() {
        let passwords = passwords();
        let record = passwords.take_over(user(), md5_of("abc")).await.unwrap();
        let settings = PoolSettings {
            max_wait: Duration::ZERO,
            ..PoolSettings::default()
        };
        let full = Passwords {
            pool: HashPool::start(settings, Cost::FLOOR),
            ..self::passwords()
        };
        let _held = full.hold();
        let checked = Passwords::renewed(Some(&record), full.record(user(), "abc").await);
        assert!(matches!(checked, Ok(Checked::Right(None))));
    }

    #[tokio::test]
    async fn pw_15_a_wrapped_record_opens_for_its_own_account_only() {
        let passwords = passwords();
        let record = passwords.take_over(user(), md5_of("abc")).await.unwrap();
        let other = UserId::new(Timestamp::from_seconds(1), &SeededEntropy::new(2));
        let checked = passwords.check(other, Some(&record), "abc").await;
        assert!(matches!(checked, Err(Failure::Sealed(_))));
    }
}
