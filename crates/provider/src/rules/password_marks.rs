//! Whether an account must choose a new password before anything is issued (INC-08, PW-27, PW-30).

use sekisho_model::{EpochKind, User};

use super::standing::{SharedEpochs, is_current};

/// Whether the password of `user` no longer counts for more than choosing a new one: it was marked
/// itself, or it was chosen before the password epoch of the user, of a cohort or of the server moved.
pub fn must_change(user: &User, marked: bool, shared: &SharedEpochs) -> bool {
    let kind = EpochKind::Password;
    marked || !is_current(user.password_epoch, kind, Some(user), None, shared)
}

#[cfg(test)]
mod tests {
    use sekisho_model::{Cohort, CohortMark, Epoch, Timestamp, UserEpochs};

    use super::*;
    use crate::rules::standing::tests::user;

    fn marks(cohort: Cohort, kinds: &[EpochKind]) -> SharedEpochs {
        SharedEpochs {
            now: Epoch(5),
            cohorts: vec![CohortMark {
                epoch: Epoch(5),
                kinds: kinds.to_vec(),
                cohort,
                reason: String::new(),
                made_at: Timestamp::from_seconds(9),
            }],
            ..SharedEpochs::default()
        }
    }

    #[test]
    fn inc_08_whoever_has_chosen_since_the_mark_is_not_asked_again() {
        let everyone = marks(Cohort::default(), &[EpochKind::Password]);
        for (chosen_under, asked) in [(0, true), (4, true), (5, false), (6, false)] {
            let mut user = user();
            user.password_epoch = Epoch(chosen_under);
            assert_eq!(must_change(&user, false, &everyone), asked);
        }
    }

    #[test]
    fn inc_08_a_mark_asks_only_its_cohort_and_only_if_it_is_about_passwords() {
        let tag = |tag: &str| Cohort {
            tag: Some(tag.to_owned()),
            ..Cohort::default()
        };
        let mut user = user();
        user.cohort_tag = "old-portal".to_owned();
        let password = [EpochKind::Password];
        let asked = |marks: &SharedEpochs| must_change(&user, false, marks);
        assert!(asked(&marks(tag("old-portal"), &password)));
        assert!(!asked(&marks(tag("other"), &password)));
        assert!(!asked(&marks(tag("old-portal"), &[EpochKind::Session])));
    }

    #[test]
    fn pw_30_an_account_can_be_asked_alone() {
        let nothing = SharedEpochs::default();
        let mut user = user();
        assert!(!must_change(&user, false, &nothing));
        assert!(must_change(&user, true, &nothing));
        user.epochs = UserEpochs {
            password: Epoch(1),
            ..UserEpochs::default()
        };
        assert!(must_change(&user, false, &nothing));
    }

    #[test]
    fn pw_30_the_whole_server_can_be_asked() {
        let shared = SharedEpochs {
            now: Epoch(1),
            server: vec![(EpochKind::Password, Epoch(1))],
            ..SharedEpochs::default()
        };
        assert!(must_change(&user(), false, &shared));
    }
}
