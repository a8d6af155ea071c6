use std::time::Duration;

use sekisho_model::{Client, Confirmation, Digest, Grant, RefreshRecord, RefreshToken, Timestamp};
use sekisho_store::{StoreError, Tx};

use crate::Provider;

/// The refresh token beside a grant's first tokens, as it will be kept.
pub(super) struct FirstRefresh {
    digest: Digest,
    idle: Duration,
    whole: Duration,
    bound_to: Option<Confirmation>,
}

impl Provider {
    /// How `token` is kept. DP-08: that of a public client is bound as its access token is; a confidential one
    /// authenticates.
    pub(super) fn first_refresh(
        &self,
        token: &RefreshToken,
        client: &Client,
        confirmation: Option<&Confirmation>,
    ) -> FirstRefresh {
        let lifetimes = self.settings.lifetimes;
        FirstRefresh {
            digest: token.digest(),
            idle: lifetimes.refresh_idle,
            whole: lifetimes.refresh,
            bound_to: confirmation.filter(|_| client.is_public()).cloned(),
        }
    }
}

impl FirstRefresh {
    /// Keeps it.
    pub(super) fn insert(
        &self,
        tx: &mut Tx<'_>,
        grant: &Grant,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tx.insert_refresh(&RefreshRecord {
            digest: self.digest,
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            issued_at: now,
            idle_until: now + self.idle,
            expires_at: now + self.whole,
            used_at: None,
            bound_to: self.bound_to.clone(),
            successor: None,
        })
    }
}
