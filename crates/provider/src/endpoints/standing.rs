//! Whether a grant still counts. Asked at every use of its tokens; remembered for two seconds at most
//! (IN-02 allows five), and only until an epoch moves.

use std::sync::Arc;
use std::time::Duration;

use sekisho_model::{Epoch, Grant, GrantId, Timestamp, User, UserId};

use crate::accounts::OpenAccount;
use crate::rules::standing::may_issue_for;
use crate::{Failure, Provider};

/// What was found, and when: what is remembered of an account is of no use once any epoch moved, because the
/// account's own are part of it.
#[derive(Debug)]
pub(crate) struct Standing {
    read_at: Timestamp,
    /// What this node knew before it read.
    since: Epoch,
    found: Option<(Grant, User)>,
}

pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(2);

/// An opened account, and when it was read.
#[derive(Debug)]
pub(crate) struct Profile {
    read_at: Timestamp,
    since: Epoch,
    account: Arc<OpenAccount>,
}

impl Provider {
    /// The opened account whose claims userinfo gives; at most as old as a standing.
    pub(crate) async fn profile(&self, user: UserId) -> Result<Option<Arc<OpenAccount>>, Failure> {
        let (now, since) = (self.now(), self.knowledge.epoch_now());
        let fresh = |profile: &Arc<Profile>| {
            profile.since == since && now.since(profile.read_at) < REMEMBERED_FOR
        };
        if let Some(profile) = self.profiles.get(&user).filter(fresh) {
            return Ok(Some(Arc::clone(&profile.account)));
        }
        let Some(account) = self.account(user).await?.map(Arc::new) else {
            return Ok(None);
        };
        let profile = Profile {
            read_at: now,
            since,
            account: Arc::clone(&account),
        };
        self.profiles.insert(user, Arc::new(profile));
        Ok(Some(account))
    }

    /// The grant, if everything it depends on still stands: itself, its user, every epoch.
    pub(crate) async fn standing_grant(&self, id: GrantId) -> Result<Option<Grant>, Failure> {
        let (now, since) = (self.now(), self.knowledge.epoch_now());
        let remembered = self
            .standings
            .get(&id)
            .filter(|s| s.since == since && now.since(s.read_at) < REMEMBERED_FOR);
        let standing = if let Some(standing) = remembered {
            standing
        } else {
            let found = self.store.read(move |tx| tx.grant_standing(id)).await?;
            let standing = Arc::new(Standing {
                read_at: now,
                since,
                found,
            });
            self.standings.insert(id, Arc::clone(&standing));
            standing
        };
        Ok(standing.found.as_ref().and_then(|(grant, user)| {
            let stands =
                grant.revoked_at.is_none() && may_issue_for(user, grant, &self.knowledge.shared());
            stands.then(|| grant.clone())
        }))
    }

    /// Forgets what was known of a grant, because this node just changed it.
    pub(crate) fn forget_standing(&self, id: GrantId) {
        self.standings.invalidate(&id);
    }
}
