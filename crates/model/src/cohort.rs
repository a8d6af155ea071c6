//! Cohorts: sets of accounts told by what is true of them, however many they are.

use serde::{Deserialize, Serialize};

use crate::{Epoch, EpochKind, Timestamp, User, UserId};

/// The accounts for which every given condition holds; without any, all accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cohort {
    /// Accounts made before.
    pub made_before: Option<Timestamp>,
    /// Accounts whose password was chosen before (INC-08), and those that have none.
    pub password_before: Option<Timestamp>,
    /// Accounts imported under this name.
    pub tag: Option<String>,
    /// One of several equal shares.
    pub wave: Option<Wave>,
}

/// A share of all accounts: the `number`th of `of`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// From 1.
    number: u8,
    /// How many shares there are.
    of: u8,
}

impl Wave {
    /// The `number`th of `of` shares, if there is such a one.
    pub const fn new(number: u8, of: u8) -> Option<Self> {
        if number >= 1 && number <= of {
            Some(Self { number, of })
        } else {
            None
        }
    }

    /// The last bytes of the ids in it: from the first to before the second. Ids end in random bytes,
    /// so that shares are of nearly equal size.
    pub fn last_bytes(self) -> (u16, u16) {
        let (number, of) = (u16::from(self.number), u16::from(self.of));
        let border = |share: u16| (share * 256).div_ceil(of);
        (border(number.saturating_sub(1)), border(number))
    }

    fn contains(self, user: UserId) -> bool {
        let (from, before) = self.last_bytes();
        (from..before).contains(&u16::from(user.last_byte()))
    }
}

impl std::fmt::Display for Wave {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// A move of epochs for a cohort (decisions: time). One record voids what any number of accounts hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CohortMark {
    /// To which number they moved; also its name.
    pub epoch: Epoch,
    /// What it voids.
    pub kinds: Vec<EpochKind>,
    /// For whom.
    pub cohort: Cohort,
    /// Why, in the operator's words.
    pub reason: String,
    /// When.
    pub made_at: Timestamp,
}

impl Cohort {
    /// Whether every condition holds for `user` as the account is now.
    pub fn contains(&self, user: &User) -> bool {
        self.holds_for(user, false)
    }

    fn holds_for(&self, user: &User, obeyed: bool) -> bool {
        let before = |at: Option<Timestamp>, border| at.is_none_or(|at| at < border);
        let Self {
            made_before,
            password_before,
            tag,
            wave,
        } = self;
        made_before.is_none_or(|border| before(Some(user.created_at), border))
            && password_before.is_none_or(|border| obeyed || before(user.password_at, border))
            && tag.as_ref().is_none_or(|tag| *tag == user.cohort_tag)
            && wave.is_none_or(|wave| wave.contains(user.id))
    }
}

impl CohortMark {
    /// Whether the mark is about `user`. Who has chosen a new password since counts as one of those
    /// whose password was old: what was void must not live again because they obeyed.
    pub fn applies_to(&self, user: &User) -> bool {
        self.cohort
            .holds_for(user, user.password_epoch >= self.epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AlertSetting, Locale, SeededEntropy, Subject, UserEpochs, UserState};

    fn user(seed: u64) -> User {
        let at = Timestamp::from_seconds(100);
        let entropy = SeededEntropy::new(seed);
        User {
            id: UserId::new(at, &entropy),
            subject: Subject::generate(&entropy),
            state: UserState::Active,
            locale: Locale::Ja,
            locale_chosen: true,
            zone: "Asia/Tokyo".to_owned(),
            alert: AlertSetting::NewDevice,
            second_step: true,
            created_at: at,
            epochs: UserEpochs::default(),
            cohort_tag: "old-portal".to_owned(),
            password_at: Some(at),
            password_epoch: Epoch(3),
            password_imported: false,
            leaves_at: None,
        }
    }

    fn mark(cohort: Cohort) -> CohortMark {
        CohortMark {
            epoch: Epoch(7),
            kinds: vec![EpochKind::Password],
            cohort,
            reason: String::new(),
            made_at: Timestamp::from_seconds(200),
        }
    }

    #[test]
    fn inc_08_a_cohort_is_whoever_fits_every_condition() {
        let (early, late) = (Timestamp::from_seconds(100), Timestamp::from_seconds(101));
        let fits = |json: serde_json::Value| {
            let cohort: Cohort = serde_json::from_value(json).unwrap();
            mark(cohort).applies_to(&user(1))
        };
        assert!(fits(serde_json::json!({})));
        assert!(fits(serde_json::json!({ "made_before": late })));
        assert!(!fits(serde_json::json!({ "made_before": early })));
        assert!(fits(serde_json::json!({ "password_before": late })));
        assert!(!fits(serde_json::json!({ "password_before": early })));
        assert!(fits(serde_json::json!({ "tag": "old-portal" })));
        assert!(!fits(serde_json::json!({ "tag": "other" })));
        assert!(!fits(
            serde_json::json!({ "tag": "old-portal", "made_before": early })
        ));
    }

    #[test]
    fn an_account_without_a_password_is_among_the_old_ones() {
        let nobody = User {
            password_at: None,
            ..user(1)
        };
        let border = Some(Timestamp::from_seconds(1));
        assert!(
            mark(Cohort {
                password_before: border,
                ..Cohort::default()
            })
            .applies_to(&nobody)
        );
    }

    #[test]
    fn ses_09_what_a_mark_voided_stays_void_after_the_change_it_asked_for() {
        let border = Some(Timestamp::from_seconds(150));
        let mark = mark(Cohort {
            password_before: border,
            ..Cohort::default()
        });
        let obeyed = User {
            password_at: Some(Timestamp::from_seconds(300)),
            password_epoch: Epoch(7),
            ..user(1)
        };
        assert!(mark.applies_to(&user(1)));
        assert!(mark.applies_to(&obeyed));
    }

    #[test]
    fn inc_08_every_account_is_in_exactly_one_wave() {
        for of in [1, 2, 3, 7, 10, 100, 255] {
            let waves: Vec<Wave> = (1..=of)
                .filter_map(|number| Wave::new(number, of))
                .collect();
            assert_eq!(waves.len(), usize::from(of));
            for seed in 0..500 {
                let id = user(seed).id;
                assert_eq!(waves.iter().filter(|wave| wave.contains(id)).count(), 1);
            }
        }
        assert_eq!(Wave::new(0, 5), None);
        assert_eq!(Wave::new(6, 5), None);
    }
}
