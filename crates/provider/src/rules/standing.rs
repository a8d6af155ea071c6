//! Whether something issued earlier still counts: epochs of server, client and user, the account's
//! state, the grant (decisions: time; SES-09, RT-02, IN-02).

use sekisho_model::{ClientId, Epoch, EpochKind, Grant, User, UserEpochs, UserState};

/// Epochs that do not belong to one user, as this node last heard of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedEpochs {
    /// The highest number given out: what is issued now carries it.
    pub now: Epoch,
    /// Moves for everyone.
    pub server: Vec<(EpochKind, Epoch)>,
    /// Moves for one client.
    pub clients: Vec<(ClientId, EpochKind, Epoch)>,
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
}

/// Whether a thing of `kind`, issued under `epoch` for a user, has not been voided.
pub fn is_current(
    epoch: Epoch,
    kind: EpochKind,
    user: &UserEpochs,
    client: Option<&ClientId>,
    shared: &SharedEpochs,
) -> bool {
    epoch >= user.of(kind) && epoch >= shared.applying(kind, client)
}

/// Whether the account may be acted for at all (AZ-19).
pub const fn account_may_act(state: UserState) -> bool {
    match state {
        UserState::Active => true,
        UserState::Disabled => false,
    }
}

/// RT-02, AZ-19: whether tokens may be issued on `grant` for its user now; the grant itself is checked
/// by the rule of the grant type.
pub fn may_issue_for(user: &User, grant: &Grant, shared: &SharedEpochs) -> bool {
    let client = Some(&grant.client_id);
    account_may_act(user.state)
        && is_current(grant.epoch, EpochKind::Token, &user.epochs, client, shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ses_09_a_move_voids_what_was_issued_before_and_nothing_after() {
        let user = UserEpochs {
            session: Epoch(5),
            ..UserEpochs::default()
        };
        let shared = SharedEpochs::default();
        let current = |epoch| is_current(Epoch(epoch), EpochKind::Session, &user, None, &shared);
        assert!(!current(4));
        assert!(current(5));
        assert!(is_current(Epoch(4), EpochKind::Token, &user, None, &shared));
    }

    #[test]
    fn a_client_s_move_voids_only_its_own() {
        let (a, b) = (ClientId::new("a"), ClientId::new("b"));
        let shared = SharedEpochs {
            now: Epoch(9),
            server: vec![],
            clients: vec![(a.clone(), EpochKind::Token, Epoch(9))],
        };
        let user = UserEpochs::default();
        assert!(!is_current(
            Epoch(8),
            EpochKind::Token,
            &user,
            Some(&a),
            &shared
        ));
        assert!(is_current(
            Epoch(8),
            EpochKind::Token,
            &user,
            Some(&b),
            &shared
        ));
        assert!(is_current(
            shared.now,
            EpochKind::Token,
            &user,
            Some(&a),
            &shared
        ));
    }
}
