//! The networks an account may be signed in to from (S14): chosen by its person, or cleared by an operator.

use sekisho_mail::RecoveryNews;
use sekisho_model::{Event, EventKind, KeyRing, Outcome, Sealed};
use sekisho_store::Account;

use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::networks::{AllowedNetworks, NetworksRefusal};
use crate::{Failure, Provider};

/// What came of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworksChosen {
    /// It counts from the next sign-in on.
    Saved,
    /// Password and second step first.
    Stale,
    /// It is not taken.
    Refused(NetworksRefusal),
}

impl Provider {
    /// Takes the list a person typed, tells both addresses, and records it. Only after a fresh sign-in
    /// with both steps (SES-10).
    pub async fn choose_networks(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        typed: &str,
        visit: &Visit,
    ) -> Result<NetworksChosen, Failure> {
        if !self.proved_both_lately(live, account).await? {
            return Ok(NetworksChosen::Stale);
        }
        let list = match AllowedNetworks::read(typed) {
            Ok(list) => list,
            Err(refusal) => return Ok(NetworksChosen::Refused(refusal)),
        };
        let left = self.recovery_figures(live.user.id).await?.left;
        if let Err(refusal) = list.can_be_chosen(&visit.origin.ip, left) {
            return Ok(NetworksChosen::Refused(refusal));
        }
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.session_id = Some(live.session.id);
        self.set_networks(account, &list, event).await?;
        Ok(NetworksChosen::Saved)
    }

    /// Puts a list in place of the former one, whoever chose it.
    pub async fn set_networks(
        &self,
        account: &OpenAccount,
        list: &AllowedNetworks,
        mut event: Event,
    ) -> Result<(), Failure> {
        if account.networks == *list {
            return Ok(());
        }
        let user = account.user.id;
        let found = self.store.read(move |tx| tx.account(user)).await?;
        let stored = found.ok_or(Failure::Corrupt("account"))?;
        let sealed = if list.is_everywhere() {
            None
        } else {
            Some(self.sealed_networks(&stored, list)?)
        };
        let count = list.lines().len();
        event.user_id = Some(user);
        put(&mut event, "networks", count.into());
        let what = if list.is_everywhere() {
            RecoveryNews::NetworksCleared
        } else {
            RecoveryNews::NetworksSet {
                count: u64::try_from(count).unwrap_or(u64::MAX),
            }
        };
        let told = self.told_news(account, &event, what);
        self.store
            .write(move |tx| {
                tx.set_networks(user, sealed.as_ref())?;
                told.post(tx)?;
                tx.record(&event)
            })
            .await?;
        self.letters_wait.ring();
        Ok(())
    }

    fn sealed_networks(
        &self,
        account: &Account,
        list: &AllowedNetworks,
    ) -> Result<Sealed, Failure> {
        let owner = account.user.id.to_string();
        let key = self.data_key(account)?;
        let text = list.text();
        Ok(KeyRing::seal_under(
            &key,
            &owner,
            text.as_bytes(),
            &*self.entropy,
        ))
    }
}

fn put(event: &mut Event, name: &str, value: serde_json::Value) {
    match event.detail.as_object_mut() {
        Some(detail) => drop(detail.insert(name.to_owned(), value)),
        None => event.detail = serde_json::json!({ name: value }),
    }
}
