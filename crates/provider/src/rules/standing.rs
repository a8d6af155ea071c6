//! Whether something issued earlier still counts: epochs of server, client and user, the account's
//! state, the grant (decisions: time; SES-09, RT-02, IN-02).

use sekisho_model::{ClientId, CohortMark, Epoch, EpochKind, Grant, User, UserState};

/// Epochs that do not belong to one user, as this node last heard of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedEpochs {
    /// The highest number given out: what is issued now carries it.
    pub now: Epoch,
    /// Moves for everyone.
    pub server: Vec<(EpochKind, Epoch)>,
    /// Moves for one client.
    pub clients: Vec<(ClientId, EpochKind, Epoch)>,
    /// Moves for cohorts.
    pub cohorts: Vec<CohortMark>,
}

impl SharedEpochs {
    /// The highest move of `kind` that applies to something of `client`.
    pub fn applying(&self, kind: EpochKind, client: Option<&ClientId>) -> Epoch {
        let server = self
            .server
            .iter()
            .filter(|(k, _)| *k == kind)
            .map(|(_, epoch)| *epoch);
        let of_client = self
            .clients
            .iter()
            .filter(|(id, k, _)| *k == kind && Some(id) == client)
            .map(|(_, _, epoch)| *epoch);
        server.chain(of_client).max().unwrap_or_default()
    }

    /// The highest move of `kind` for `user`: the user's own, or that of a cohort the user is in.
    fn of_user(&self, kind: EpochKind, user: &User) -> Epoch {
        let marks = self.cohorts.iter();
        marks
            .filter(|mark| mark.kinds.contains(&kind) && mark.applies_to(user))
            .map(|mark| mark.epoch)
            .fold(user.epochs.of(kind), Ord::max)
    }
}

/// Whether a thing of `kind`, issued under `epoch` for a user (or for none, as machines have it), has
/// not been voided.
pub fn is_current(
    epoch: Epoch,
    kind: EpochKind,
    user: Option<&User>,
    client: Option<&ClientId>,
    shared: &SharedEpochs,
) -> bool {
    epoch >= shared.applying(kind, client)
        && user.is_none_or(|user| epoch >= shared.of_user(kind, user))
}

/// Whether the account may be acted for at all (AZ-19).
pub const fn account_may_act(state: UserState) -> bool {
    match state {
        UserState::Active => true,
        UserState::Disabled => false,
    }
}

/// RT-02, AZ-19, REC-16: whether tokens may be issued on `grant` for its user now; the grant itself is checked
/// by the rule of the grant type.
pub fn may_issue_for(user: &User, grant: &Grant, shared: &SharedEpochs) -> bool {
    let client = Some(&grant.client_id);
    account_may_act(user.state)
        && user.leaves_at.is_none()
        && is_current(grant.epoch, EpochKind::Token, Some(user), client, shared)
}

#[cfg(test)]
pub(crate) mod tests {
    use sekisho_model::{
        AlertSetting, Cohort, Locale, SeededEntropy, Subject, Timestamp, UserEpochs, UserId,
    };

    use super::*;

    /// Somebody for whom nothing was voided.
    pub(crate) fn user() -> User {
        let (at, entropy) = (Timestamp::from_seconds(1), SeededEntropy::new(1));
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
            cohort_tag: String::new(),
            password_at: Some(at),
            password_epoch: Epoch(0),
            password_imported: false,
            leaves_at: None,
        }
    }

    #[test]
    fn ses_09_a_move_voids_what_was_issued_before_and_nothing_after() {
        let mut user = user();
        user.epochs.session = Epoch(5);
        let shared = SharedEpochs::default();
        let current = |epoch, kind| is_current(Epoch(epoch), kind, Some(&user), None, &shared);
        assert!(!current(4, EpochKind::Session));
        assert!(current(5, EpochKind::Session));
        assert!(current(4, EpochKind::Token));
    }

    #[test]
    fn ses_09_a_cohort_s_move_voids_what_its_members_hold_and_nobody_else() {
        let mark = CohortMark {
            epoch: Epoch(9),
            kinds: vec![EpochKind::Session],
            cohort: Cohort {
                tag: Some("old-portal".to_owned()),
                ..Cohort::default()
            },
            reason: String::new(),
            made_at: Timestamp::from_seconds(9),
        };
        let shared = SharedEpochs {
            now: Epoch(9),
            cohorts: vec![mark],
            ..SharedEpochs::default()
        };
        let member = User {
            cohort_tag: "old-portal".to_owned(),
            ..user()
        };
        let outsider = user();
        let current = |epoch, kind, user| is_current(Epoch(epoch), kind, user, None, &shared);
        assert!(!current(8, EpochKind::Session, Some(&member)));
        assert!(current(9, EpochKind::Session, Some(&member)));
        assert!(current(8, EpochKind::Token, Some(&member)));
        assert!(current(8, EpochKind::Session, Some(&outsider)));
        // Machines are in no cohort.
        assert!(current(8, EpochKind::Session, None));
    }

    #[test]
    fn a_client_s_move_voids_only_its_own() {
        let (a, b) = (ClientId::new("a"), ClientId::new("b"));
        let shared = SharedEpochs {
            now: Epoch(9),
            clients: vec![(a.clone(), EpochKind::Token, Epoch(9))],
            ..SharedEpochs::default()
        };
        let user = user();
        let current =
            |epoch, client| is_current(epoch, EpochKind::Token, Some(&user), Some(client), &shared);
        assert!(!current(Epoch(8), &a));
        assert!(current(Epoch(8), &b));
        assert!(current(shared.now, &a));
    }
}
