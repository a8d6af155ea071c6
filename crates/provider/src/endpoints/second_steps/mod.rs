//! How the second step is chosen: on and off, authenticator apps, passkeys, and what happens when one is lost
//! (OTP-26, S8).

mod app;
mod ceremony;
mod loss;
mod passkeys;
mod removal;
mod renaming;
mod switch;

use std::time::Duration;

use sekisho_guard::EndpointClass;
use sekisho_model::{
    Event, EventKind, Factor, FactorId, FactorKind, FactorLoss, KeyRing, Outcome, Sealed,
    Timestamp, User, UserId,
};
use sekisho_store::Account;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use app::AppCode;
pub use app::{AppAdded, AppEnrolment};
pub(crate) use loss::BegunLoss;
pub use loss::{KeepOutcome, LossAsked};
pub use passkeys::PasskeyAdded;
pub(crate) use passkeys::PasskeyUse;
pub use removal::Removed;
pub use renaming::Renamed;
pub use switch::{SecondStepWish, Switched};

use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::fresh_sign_in::{Wanted, is_fresh, wanted};
use crate::{Failure, Provider};

/// How long somebody may take to add an app or a passkey, or to answer with one.
const PATIENCE: Duration = Duration::from_mins(15);

/// The stronger second steps of an account, for its owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondSteps {
    /// The authenticator app.
    pub app: Option<FactorView>,
    /// The passkeys, oldest first.
    pub passkeys: Vec<FactorView>,
    /// A loss that was reported.
    pub loss: Option<FactorLoss>,
}

impl SecondSteps {
    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.app.is_none() && self.passkeys.is_empty()
    }
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorView {
    /// Its id.
    pub id: FactorId,
    /// Which kind.
    pub kind: FactorKind,
    /// What its owner calls it; empty for an app.
    pub name: String,
    /// When it was added.
    pub made_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// Whether other devices of the person have it too, as the passkey itself said when it was last used.
    pub is_synced: Option<bool>,
}

/// What lies sealed of one.
#[derive(Serialize, Deserialize)]
struct Held {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secret: Vec<u8>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    passkey: Value,
}

impl Held {
    /// WebAuthn §6.1.3: the backup state of a passkey.
    fn is_synced(&self) -> Option<bool> {
        self.passkey.pointer("/cred/backup_state")?.as_bool()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.secret);
    }
}

impl Provider {
    /// The stronger second steps of an account.
    pub async fn second_steps(&self, user: UserId) -> Result<SecondSteps, Failure> {
        let (account, factors, loss) = self
            .store
            .read(move |tx| {
                Ok((
                    tx.account(user)?,
                    tx.factors_of(user)?,
                    tx.factor_loss(user)?,
                ))
            })
            .await?;
        let now = self.now();
        let mut shown = SecondSteps {
            loss: loss.filter(|loss| now < loss.ends_at && !factors.is_empty()),
            ..SecondSteps::default()
        };
        for factor in &factors {
            let account = account.as_ref().ok_or(Failure::Corrupt("account"))?;
            let held = self.opened_factor(account, factor)?;
            let view = FactorView {
                id: factor.id,
                kind: factor.kind,
                name: held.name.clone(),
                is_synced: held.is_synced(),
                made_at: factor.made_at,
                last_used_at: factor.last_used_at,
            };
            match factor.kind {
                FactorKind::Totp => shown.app = Some(view),
                FactorKind::Passkey => shown.passkeys.push(view),
            }
        }
        Ok(shown)
    }

    /// Whether the account has anything to prove a second step with.
    pub async fn has_second_step(&self, account: &OpenAccount) -> Result<bool, Failure> {
        if account.code_address.is_some() {
            return Ok(true);
        }
        let user = account.user.id;
        let factors = self.store.read(move |tx| tx.factors_of(user)).await?;
        Ok(!factors.is_empty())
    }

    /// Whether the session proved both steps lately, whatever the person chose: what a thief with the password
    /// must not change. Who has nothing to prove a second step with proves the password.
    pub async fn is_fresh(
        &self,
        live: &LiveSession,
        account: &OpenAccount,
    ) -> Result<bool, Failure> {
        let wanted = self.wanted_of(account).await?;
        Ok(is_fresh(&live.session, wanted, self.now()))
    }

    /// What has to be proved before something of the account is changed.
    pub(crate) async fn wanted_of(&self, account: &OpenAccount) -> Result<Wanted, Failure> {
        let everybody = self.asks_everybody(&account.user);
        Ok(wanted(self.has_second_step(account).await?, everybody))
    }

    /// The same for what a frozen house does not do either.
    pub(crate) async fn proved_both_lately(
        &self,
        live: &LiveSession,
        account: &OpenAccount,
    ) -> Result<bool, Failure> {
        self.pass_person(EndpointClass::Credentials, &live.user)?;
        self.is_fresh(live, account).await
    }

    /// Whether everybody is asked for the second step, this person among them: always, or at the level in force.
    pub fn asks_everybody(&self, user: &User) -> bool {
        self.settings.codes.for_everyone || self.tightened(None, Some(user)).code_for_everyone
    }

    fn opened_factor(&self, account: &Account, factor: &Factor) -> Result<Held, Failure> {
        let key = self.data_key(account)?;
        let place = place(account.user.id, factor.id);
        let plain = KeyRing::open_under(&key, &place, &factor.sealed)?;
        serde_json::from_slice(&plain).map_err(|_unreadable| Failure::Corrupt("factor"))
    }

    fn sealed_factor(
        &self,
        account: &Account,
        id: FactorId,
        held: &Held,
    ) -> Result<Sealed, Failure> {
        let key = self.data_key(account)?;
        let plain = serde_json::to_vec(held).map_err(|_unwritable| Failure::Corrupt("factor"))?;
        let plain = zeroize::Zeroizing::new(plain);
        let place = place(account.user.id, id);
        Ok(KeyRing::seal_under(&key, &place, &plain, &*self.entropy))
    }

    async fn stored_account(&self, user: UserId) -> Result<Account, Failure> {
        let found = self.store.read(move |tx| tx.account(user)).await?;
        found.ok_or(Failure::Corrupt("account"))
    }

    fn factor_event(&self, live: &LiveSession, detail: Value, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::FactorChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.session_id = Some(live.session.id);
        event.detail = detail;
        event
    }
}

/// What a sealed factor is bound to: it opens in no other row.
fn place(user: UserId, id: FactorId) -> String {
    format!("{user}/factor/{id}")
}

/// What an enrolment of a session is parked under.
fn enrolment(live: &LiveSession, what: &str) -> String {
    let digest = &live.session.digest;
    sekisho_model::Digest::keyed(digest.as_bytes(), &[b"factor", what.as_bytes()]).to_base64url()
}
