//! Moves of epochs: what was issued so far is void, in constant time (decisions: time; INC-07).

use sekisho_model::{ClientId, Epoch, EpochKind, Event};
use sekisho_store::{Holder, Tx};

use crate::incidents::{EpochScope, fault};
use crate::{Failure, Provider};

/// What came of a wish to move an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochMoved {
    /// What was issued before is void, on every node within a second.
    To(Epoch),
    /// There is no such app.
    UnknownClient,
    /// No account was imported with this tag.
    UnknownTag,
    /// Apps hold tokens only.
    NotOfClients,
    /// A name or reason is missing, too long, or holds control characters.
    BadText(&'static str),
}

impl Provider {
    /// The same as [`Provider::move_epoch`] for whoever may be mistaken.
    pub async fn order_epoch(
        &self,
        (scope, kind): (EpochScope, EpochKind),
        (operator, reason): (&str, &str),
        event: Event,
    ) -> Result<EpochMoved, Failure> {
        if let Some(what) = fault(operator, reason, None) {
            return Ok(EpochMoved::BadText(what));
        }
        if let Some(wrong) = self.no_such_epoch(&scope, kind).await? {
            return Ok(wrong);
        }
        let by = (operator, reason);
        Ok(EpochMoved::To(
            self.move_epoch(scope, kind, by, event).await?,
        ))
    }

    async fn no_such_epoch(
        &self,
        scope: &EpochScope,
        kind: EpochKind,
    ) -> Result<Option<EpochMoved>, Failure> {
        let id = match scope {
            EpochScope::Client(id) => id,
            EpochScope::Cohort(cohort) => {
                let untagged = self.is_untagged(cohort).await?;
                return Ok(untagged.then_some(EpochMoved::UnknownTag));
            }
            EpochScope::Server | EpochScope::User(_) => return Ok(None),
        };
        if kind != EpochKind::Token {
            return Ok(Some(EpochMoved::NotOfClients));
        }
        let known = self.is_client(id).await?;
        Ok((!known).then_some(EpochMoved::UnknownClient))
    }

    /// Whether there is an app of this id.
    pub async fn is_client(&self, id: &ClientId) -> Result<bool, Failure> {
        Ok(self.clients.find(id.as_str()).await?.is_some())
    }

    /// How much a move would void at most; accounts of a cohort.
    pub async fn epoch_reach(&self, scope: &EpochScope, kind: EpochKind) -> Result<u64, Failure> {
        let (scope, now) = (scope.clone(), self.now());
        let count = move |tx: &mut Tx<'_>| match &scope {
            EpochScope::Server => tx.count_held(kind, Holder::Everyone, now),
            EpochScope::Client(id) => tx.count_held(kind, Holder::Client(id), now),
            EpochScope::User(id) => tx.count_held(kind, Holder::User(*id), now),
            EpochScope::Cohort(cohort) => tx.count_cohort(cohort, None),
        };
        Ok(self.store.read(count).await?)
    }

    /// Voids what was issued so far, in constant time however much it is (decisions: time; INC-07).
    pub async fn move_epoch(
        &self,
        scope: EpochScope,
        kind: EpochKind,
        (operator, reason): (&str, &str),
        mut event: Event,
    ) -> Result<Epoch, Failure> {
        let now = self.now();
        let (operator, reason) = (operator.trim().to_owned(), reason.trim().to_owned());
        let epoch = self
            .store
            .write(move |tx| {
                let (epoch, about) = match &scope {
                    EpochScope::Server => (tx.move_server_epoch(kind)?, serde_json::json!("all")),
                    EpochScope::Client(id) => {
                        event.client_id = Some(id.clone());
                        (tx.move_client_epoch(id, kind)?, serde_json::json!("client"))
                    }
                    EpochScope::User(id) => {
                        event.user_id = Some(*id);
                        (tx.move_user_epoch(*id, kind)?, serde_json::json!("user"))
                    }
                    EpochScope::Cohort(cohort) => (
                        tx.mark_cohort(cohort, &[kind], &reason, now)?,
                        serde_json::json!(cohort),
                    ),
                };
                event.detail = serde_json::json!({
                    "number": epoch, "kind": kind, "scope": about,
                    "operator": operator, "reason": reason,
                });
                tx.record(&event)?;
                Ok(epoch)
            })
            .await?;
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        self.spread().await?;
        Ok(epoch)
    }
}
