use sekisho_audit::alert_rules::{self, Browser, SignInFacts};
use sekisho_mail::{Device, Letter, LetterBody, Proof, Sender, SignIn};
use sekisho_model::{
    AuthenticationMethod, Client, Digest, EmailAddress, EventKind, KnownBrowser, LetterId,
    LetterKind, Locale, Outcome, PreAuthToken, Timestamp, User, UserId,
};
use sekisho_store::{HistoryFilter, Hold, LetterState, OutboxLetter, StoreError, Tx};

use super::super::gathered::Gathered;
use super::super::visit::Visit;
use super::complete::Completion;
use super::flow::LoadedFlow;
use crate::accounts::OpenAccount;
use crate::{Failure, Provider};

/// The client's name in a language.
pub(crate) fn client_name(client: &Client, locale: Locale) -> String {
    match (locale, &client.client_name_ja) {
        (Locale::Ja, Some(name)) => name.clone(),
        (Locale::Ja | Locale::En, _) => client.client_name.clone(),
    }
}

/// Letters that leave when a sign-in closes unfinished: the password was right, and nothing followed (ux 10.4).
pub(super) struct PasswordKnown {
    hold: Hold,
    /// What the browser was bound by before: letters that wait for it stay the only ones.
    former: Option<Digest>,
    letters: Vec<OutboxLetter>,
}

impl PasswordKnown {
    /// In the transaction in which the second step is asked for.
    pub(super) fn post(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.hold_letters(&self.hold, self.former.as_ref(), &self.letters)
    }
}

/// What takes those letters back: the cookie that a sign-in is bound to, of whoever's account it is.
pub(crate) const fn hold(flow: &LoadedFlow, user: UserId) -> Hold {
    Hold {
        user,
        key: flow.pending.binding,
    }
}

/// TD-01: a cookie that another kind of browser shows is no sign of an old friend.
pub(super) fn seen_before(known: Option<&KnownBrowser>, visit: &Visit) -> Browser {
    let same = |known: &KnownBrowser| {
        Device::of(&known.user_agent) == Device::of(&visit.origin.user_agent)
    };
    if known.is_some_and(same) {
        Browser::Known
    } else {
        Browser::New
    }
}

impl Provider {
    /// What the owner is told if a sign-in at its second step is not finished until it closes.
    pub(super) fn password_known(
        &self,
        account: &OpenAccount,
        flow: &LoadedFlow,
        closes_at: Timestamp,
        visit: &Visit,
    ) -> PasswordKnown {
        let notice = alert_rules::after_missing_code();
        let body = || LetterBody::PasswordKnown {
            at: self.now(),
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
        };
        let to = notice.recipients(Some(&account.login_address), account.code_address.as_ref());
        let letter = |address| OutboxLetter {
            next_attempt_at: closes_at,
            ..self.sealed_letter(&account.user, address, body())
        };
        PasswordKnown {
            hold: hold(flow, account.user.id),
            former: visit.pre_auth.as_ref().map(PreAuthToken::digest),
            letters: to.into_iter().map(letter).collect(),
        }
    }

    /// Seals a letter to `user` at `to`, ready for the outbox.
    pub(crate) fn sealed_letter(
        &self,
        user: &User,
        to: &EmailAddress,
        body: LetterBody,
    ) -> OutboxLetter {
        self.sealed_letter_to(to, (user.locale, &user.zone), body)
    }

    /// Seals a letter that is read beside a page: where the person chose no language, it is that of the page.
    pub(super) fn letter_beside(
        &self,
        user: &User,
        to: &EmailAddress,
        body: LetterBody,
        visit: &Visit,
    ) -> OutboxLetter {
        let locale = user.chosen_locale().unwrap_or(visit.locale);
        self.sealed_letter_to(to, (locale, &user.zone), body)
    }

    /// Seals a letter to somebody who need not have an account, in a language and time zone.
    pub(crate) fn sealed_letter_to(
        &self,
        to: &EmailAddress,
        (locale, zone): (Locale, &str),
        body: LetterBody,
    ) -> OutboxLetter {
        let now = self.now();
        let id = LetterId::new(now, &*self.entropy);
        let (kind, not_after) = (body.kind(), body.not_after());
        let letter = Letter {
            to: to.to_string(),
            locale,
            zone: zone.to_owned(),
            sender: Sender {
                service: self.settings.service_name.clone(),
                host: self.settings.issuer_host().to_owned(),
                code_in_subject: self.settings.code_in_subject,
            },
            place: body.ip().and_then(|ip| self.place_words(ip, locale)),
            body,
        };
        OutboxLetter {
            id,
            kind,
            sealed: sekisho_audit::outbox::seal_letter(&letter, id, &self.keyring, &*self.entropy),
            created_at: now,
            not_after,
            attempts: 0,
            next_attempt_at: now,
            state: LetterState::Waiting,
            last_error: None,
            lane: self.settings.mail_lanes.of(to),
        }
    }

    pub(crate) fn device(user_agent: &str) -> Device {
        Device::of(user_agent)
    }

    /// The letters a sign-in gives rise to (S12, TD-07).
    pub(super) async fn letters_after(
        &self,
        flow: &LoadedFlow,
        completion: &Completion,
        not_me: String,
        visit: &Visit,
    ) -> Result<Gathered, Failure> {
        let account = &completion.account;
        let failures_before = self.failures_before(account.user.id).await?;
        let facts = SignInFacts {
            setting: account.user.alert,
            browser: seen_before(completion.browser.as_ref(), visit),
            failures_before,
        };
        let Some(notice) = alert_rules::after_sign_in(&facts) else {
            return Ok(Gathered::nothing(account.user.id));
        };
        let sign_in = SignIn {
            at: self.now(),
            proof: proof(completion),
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
            app: self.app_view(flow, visit).await?.map(|app| app.name),
            name: account.name().map(str::to_owned),
            failures_before,
            not_me: Some(not_me),
            more: Vec::new(),
            and_others: false,
        };
        let body = || match notice.kind {
            LetterKind::NewDevice => LetterBody::NewDevice(sign_in.clone()),
            _ => LetterBody::SignInAlert(sign_in.clone()),
        };
        let to = notice.recipients(Some(&account.login_address), account.code_address.as_ref());
        Ok(self.told_together(account, notice.kind.name(), &to, body))
    }

    /// Wrong passwords since the last success, as far as the twenty newest tries tell.
    async fn failures_before(&self, user: UserId) -> Result<u32, Failure> {
        let filter = HistoryFilter {
            kinds: vec![EventKind::SignIn],
            ..HistoryFilter::default()
        };
        let recent = self
            .store
            .read(move |tx| tx.history_of(user, &filter, None, 20))
            .await?;
        let wrong = recent
            .iter()
            .take_while(|event| event.outcome != Outcome::Passed)
            .filter(|event| event.outcome == Outcome::WrongPassword);
        Ok(u32::try_from(wrong.count()).unwrap_or(u32::MAX))
    }
}

fn proof(completion: &Completion) -> Proof {
    let with = |method| completion.methods.contains(&method);
    if with(AuthenticationMethod::Hwk) || with(AuthenticationMethod::Swk) {
        Proof::PasswordAndPasskey
    } else if with(AuthenticationMethod::Otp) {
        Proof::PasswordAndCode
    } else if completion
        .browser
        .as_ref()
        .is_some_and(|browser| browser.trusted_until.is_some())
    {
        Proof::PasswordInTrustedBrowser
    } else {
        Proof::Password
    }
}
