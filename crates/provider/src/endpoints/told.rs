//! Letters about a change of an account, with the link that says it was somebody else (TD-08, `ux.md` 10.5).

use sekisho_mail::{ChangedHow, LetterBody, RecoveryNews};
use sekisho_model::{Client, Event};
use sekisho_store::{NotMeLink, OutboxLetter, StoreError, Tx};

use super::gathered::Gathered;
use super::not_me::CHANGE_LINK;
use super::sign_in::client_name;
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// A letter to each address, and the link that all of them carry.
pub(crate) struct Told {
    letters: Vec<OutboxLetter>,
    link: NotMeLink,
}

impl Told {
    /// Posts the letters, in the transaction of the event.
    pub(crate) fn post(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.insert_not_me(&self.link)
    }
}

/// Letters about an app, told together with those about others.
pub(crate) struct ToldOfApp {
    letters: Gathered,
    link: NotMeLink,
}

impl ToldOfApp {
    /// See [`Gathered::hold`].
    pub(crate) fn hold(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.letters.hold(tx)
    }

    /// Posts the letters, in the transaction of the event.
    pub(crate) fn post(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        self.letters.post(tx)?;
        tx.insert_not_me(&self.link)
    }
}

impl Provider {
    /// REC-06: every known address is told what happened to the ways back into the account.
    pub(crate) fn told_news(
        &self,
        account: &OpenAccount,
        event: &Event,
        what: RecoveryNews,
    ) -> Told {
        self.told(account, event, |not_me| LetterBody::RecoveryNotice {
            what,
            at: event.at,
            device: Self::device(&event.origin.user_agent),
            ip: event.origin.ip.clone(),
            link: None,
            not_me: Some(not_me),
            apps: Vec::new(),
            again: 0,
            taken: Vec::new(),
        })
    }

    /// TD-07: every address is told that an app may use the account while its person is signed out. `event` is that
    /// it was allowed.
    pub(crate) async fn told_app(
        &self,
        client: &Client,
        event: &Event,
    ) -> Result<Option<ToldOfApp>, Failure> {
        let Some(user) = event.user_id else {
            return Ok(None);
        };
        let Some(account) = self.account(user).await? else {
            return Ok(None);
        };
        let app = client_name(client, account.user.locale);
        let (not_me, link) = self.not_me_link(event, user, CHANGE_LINK);
        let letters =
            self.gathered_to_all(&account, "app_allowed", || LetterBody::RecoveryNotice {
                what: RecoveryNews::AppAllowed,
                at: event.at,
                device: Self::device(&event.origin.user_agent),
                ip: event.origin.ip.clone(),
                link: None,
                not_me: Some(not_me.clone()),
                apps: vec![app.clone()],
                again: 0,
                taken: Vec::new(),
            });
        Ok(Some(ToldOfApp { letters, link }))
    }

    /// REC-06: every known address is told of a new password.
    pub(crate) fn told_password(
        &self,
        account: &OpenAccount,
        event: &Event,
        how: ChangedHow,
    ) -> Told {
        self.told(account, event, |not_me| LetterBody::PasswordChanged {
            name: account.name().map(str::to_owned),
            how,
            at: event.at,
            device: Self::device(&event.origin.user_agent),
            ip: event.origin.ip.clone(),
            not_me: Some(not_me),
        })
    }

    fn told(
        &self,
        account: &OpenAccount,
        event: &Event,
        body: impl Fn(String) -> LetterBody,
    ) -> Told {
        let (address, link) = self.not_me_link(event, account.user.id, CHANGE_LINK);
        Told {
            letters: self.letters_to_all(account, || body(address.clone())),
            link,
        }
    }
}
