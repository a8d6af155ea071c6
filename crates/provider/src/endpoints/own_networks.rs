//! The networks an account may be signed in to from (S14): chosen by its person, or cleared by an operator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_mail::RecoveryNews;
use sekisho_model::{BrowserSession, Event, EventKind, Feature, KeyRing, Outcome, Sealed};
use sekisho_store::{Account, Tx};

use super::standing_session::stands;
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
        self.works(Feature::AllowedNetworks)?;
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
        if account.networks != list {
            self.count_change(live.user.id).await?;
        }
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.session_id = Some(live.session.id);
        let by = Some(live.session.clone());
        let put = self.put_networks((account, &list), event, by).await?;
        Ok(if put {
            NetworksChosen::Saved
        } else {
            NetworksChosen::Stale
        })
    }

    /// An operator puts a list in place of the former one.
    pub async fn set_networks(
        &self,
        account: &OpenAccount,
        list: &AllowedNetworks,
        event: Event,
    ) -> Result<(), Failure> {
        let put = self.put_networks((account, list), event, None);
        put.await.map(drop)
    }

    /// `false`, with nothing written, if the session it is done in does not count any more.
    async fn put_networks(
        &self,
        (account, list): (&OpenAccount, &AllowedNetworks),
        mut event: Event,
        by: Option<BrowserSession>,
    ) -> Result<bool, Failure> {
        if account.networks == *list {
            return Ok(true);
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
        // What a denial puts back (TD-08): as it lies in the account, sealed under the same key.
        let before = stored.networks.as_ref();
        let before = before.map(|before| URL_SAFE_NO_PAD.encode(before.as_bytes()));
        put(&mut event, "networks_before", before.into());
        let what = if list.is_everywhere() {
            RecoveryNews::NetworksCleared
        } else {
            RecoveryNews::NetworksSet {
                count: u64::try_from(count).unwrap_or(u64::MAX),
            }
        };
        let told = self.told_news(account, &event, what);
        let work = move |tx: &mut Tx<'_>| {
            if let Some(session) = &by
                && !stands(tx, session)?
            {
                return Ok(false);
            }
            tx.set_networks(user, sealed.as_ref())?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(true)
        };
        let put = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(put)
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
