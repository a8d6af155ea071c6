use sekisho_model::{FactorId, FactorKind};
use sekisho_store::{Once, Tx};
use serde_json::json;

use super::super::visit::{LiveSession, Visit};
use super::Held;
use crate::accounts::OpenAccount;
use crate::rules::second_factor::clean_name;
use crate::{Failure, Provider};

/// What came of another name for a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renamed {
    /// It has the name.
    Done,
    /// Both steps have to be proved first.
    Stale,
    /// It needs a name of 1 to 60 characters.
    Name,
    /// There is none with this id, or it was used at this very moment.
    Unknown,
}

impl Provider {
    /// Gives a passkey another name. Asked for like its removal: a thief must not put labels on what the owner
    /// would remove.
    pub async fn rename_passkey(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        (id, name): (FactorId, &str),
        visit: &Visit,
    ) -> Result<Renamed, Failure> {
        if !self.proved_both_lately(live, account).await? {
            return Ok(Renamed::Stale);
        }
        let Some(name) = clean_name(name) else {
            return Ok(Renamed::Name);
        };
        let user = live.user.id;
        let stored = self.stored_account(user).await?;
        let factors = self.store.read(move |tx| tx.factors_of(user)).await?;
        let is_meant = |one: &&sekisho_model::Factor| one.id == id;
        let found = factors.iter().find(is_meant);
        let Some(factor) = found.filter(|one| one.kind == FactorKind::Passkey) else {
            return Ok(Renamed::Unknown);
        };
        let held = self.opened_factor(&stored, factor)?;
        let renamed = Held {
            name,
            secret: held.secret.clone(),
            passkey: held.passkey.clone(),
        };
        let new = self.sealed_factor(&stored, id, &renamed)?;
        let facts = json!({ "step": "renamed", "factor": factor.kind.name() });
        let (event, read) = (self.factor_event(live, facts, visit), factor.sealed.clone());
        let work = move |tx: &mut Tx<'_>| {
            if tx.change_factor((user, id), (&read, &new))? == Once::Again {
                return Ok(Renamed::Unknown);
            }
            tx.record(&event)?;
            Ok(Renamed::Done)
        };
        Ok(self.store.write(work).await?)
    }
}
