use sekisho_mail::RecoveryNews;
use sekisho_model::{EventKind, Locale, Outcome, Timestamp};
use sekisho_store::Tx;

use super::super::counted_password::OwnCheck;
use super::super::standing_session::stands;
use super::super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::password_policy::normalised;
use crate::rules::second_factor::Required;
use crate::{Failure, Provider};

/// What somebody wants of the second step.
#[derive(Clone, Copy)]
pub enum SecondStepWish<'a> {
    /// It is asked for.
    On,
    /// It is not; with the password, which has to stand alone from then on (PW-01).
    Off(&'a str),
}

impl std::fmt::Debug for SecondStepWish<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::On => "On",
            Self::Off(_) => "Off(…)",
        })
    }
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switched {
    /// As it was wished.
    Done,
    /// Both steps have to be proved first.
    Stale,
    /// It stays on, and who says so.
    Required(Required),
    /// It stays off: there is neither a verified address for codes nor anything stronger.
    NoWay,
    /// The password is wrong.
    WrongPassword,
    /// Too many wrong passwords; again from then.
    Wait(Timestamp),
    /// The password is too short to stand alone; how long it has to be.
    TooShort(usize),
}

impl Provider {
    /// Switches the second step of whoever is signed in on or off (S8). Both are told to every address.
    pub async fn switch_second_step(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        wish: SecondStepWish<'_>,
        visit: &Visit,
    ) -> Result<Switched, Failure> {
        self.knowledge.may_issue(self.now())?;
        if !self.proved_both_lately(live, account).await? {
            return Ok(Switched::Stale);
        }
        let refused = match wish {
            SecondStepWish::On => {
                let possible = self.has_second_step(account).await?;
                (!possible).then_some(Switched::NoWay)
            }
            SecondStepWish::Off(password) => {
                self.refuses_off((live, account), password, visit).await?
            }
        };
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let wanted = matches!(wish, SecondStepWish::On);
        if wanted == live.user.second_step {
            return Ok(Switched::Done);
        }
        self.write_switch((live, account), wanted, visit).await
    }

    /// Who says that the second step stays on.
    pub async fn second_step_required(
        &self,
        account: &OpenAccount,
        locale: Locale,
    ) -> Result<Option<Required>, Failure> {
        if self.asks_everybody(&account.user) {
            return Ok(Some(Required::Everybody));
        }
        for app in self.connected_apps(&account.user).await? {
            let found = self.clients.find(app.client_id.as_str()).await?;
            let Some(client) = found.filter(|found| found.client.require_second_step) else {
                continue;
            };
            let name = super::super::sign_in::client_name(&client.client, locale);
            return Ok(Some(Required::App(name)));
        }
        Ok(None)
    }

    async fn refuses_off(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        password: &str,
        visit: &Visit,
    ) -> Result<Option<Switched>, Failure> {
        if let Some(required) = self.second_step_required(account, visit.locale).await? {
            return Ok(Some(Switched::Required(required)));
        }
        let user = live.user.id;
        let record = self.stored_account(user).await?.password;
        let kind = EventKind::SettingChanged;
        let mut failed = self.event(kind, Outcome::WrongPassword, &visit.origin);
        failed.user_id = Some(user);
        failed.session_id = Some(live.session.id);
        failed.detail = serde_json::json!({ "second_step": false });
        let typed = (record.as_ref(), password);
        let checked = self.check_own_password((live, account), typed, failed, visit);
        match checked.await? {
            OwnCheck::Right => {}
            OwnCheck::Wrong => return Ok(Some(Switched::WrongPassword)),
            OwnCheck::Wait(until) => return Ok(Some(Switched::Wait(until))),
            OwnCheck::Closed => return Ok(Some(Switched::Stale)),
        }
        let least = self.settings.password_policy.least(false);
        let length = normalised(password).chars().count();
        Ok((length < least).then_some(Switched::TooShort(least)))
    }

    async fn write_switch(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        wanted: bool,
        visit: &Visit,
    ) -> Result<Switched, Failure> {
        let (user, session) = (live.user.id, live.session.clone());
        self.count_change(user).await?;
        let news = if wanted {
            RecoveryNews::SecondStepOn
        } else {
            RecoveryNews::SecondStepOff
        };
        let mut event = self.event(EventKind::SettingChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "second_step": wanted });
        let told = self.told_news(account, &event, news);
        let work = move |tx: &mut Tx<'_>| {
            if !stands(tx, &session)? {
                return Ok(Switched::Stale);
            }
            tx.set_second_step(user, wanted)?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(Switched::Done)
        };
        let switched = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(switched)
    }
}
