//! A new password without the old one: a link by mail, and what else it takes (REC-01 to REC-06, REC-12,
//! PW-27, THR-11).

use std::sync::Arc;
use std::time::Duration;

use sekisho_guard::{Admission, Concerned, EndpointClass, Pass, ResetMail, Ticket};
use sekisho_mail::{ChangedHow, RecoveryNews};
use sekisho_model::{
    AddressKind, BrowserToken, Digest, EmailAddress, EpochKind, Event, EventKind, Feature,
    KnownBrowser, Origin, Outcome, ResetToken, Timestamp,
};
use sekisho_store::{Account, Once, OutboxLetter, ResetRecord, ResetWait, StoreError, Tx};

use super::new_password::end_all_of;
use super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::rules::password_policy::PasswordRefusal;
use crate::rules::password_reset::{
    Holder, LinkFacts, MissingProof, Standing, WaitFacts, may_be_mailed, missing_proof, standing,
};
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// How long somebody waits before the answer, when very many ask at once.
const DESK_WAIT: Duration = Duration::from_secs(4);

/// What a link opens.
#[derive(Debug)]
pub enum ResetView {
    /// The form.
    Form {
        /// The sign-in address, where the holder of the link knows it anyhow.
        username: Option<String>,
        /// What is asked beside the link.
        missing: MissingProof,
        /// Fewest characters of a new password.
        least_length: usize,
    },
    /// It was used.
    Used,
    /// Its time is over, or there never was such a link.
    Over,
}

/// What came of a new password.
#[derive(Debug)]
pub enum ResetOutcome {
    /// It counts from now on; everything older ended.
    Done,
    /// It does not fit the policy.
    Refused(Vec<PasswordRefusal>),
    /// It is the one that has to be replaced.
    Same,
    /// The recovery code does not work.
    WrongCode,
    /// No recovery code was typed, and the mailbox alone is not enough.
    CodeMissing,
    /// Too many wrong recovery codes; not before then.
    Wait(Timestamp),
    /// A wait at this browser began.
    Waiting(Timestamp),
    /// The link was used.
    Used,
    /// The link's time is over.
    Over,
}

/// What a link is mailed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkFor {
    /// Whoever forgot the password.
    NewPassword,
    /// Somebody whom an operator checked.
    Vouched,
    /// Whoever is held up at a new device (THR-04).
    LettingIn,
}

/// What was typed on the page of a link.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// The link.
    pub token: &'a ResetToken,
    /// The new password.
    pub password: &'a str,
    /// A recovery code; may be empty.
    pub recovery_code: &'a str,
}

/// Everything that is known about a link.
pub(super) struct Found {
    pub(super) reset: ResetRecord,
    pub(super) account: Account,
    pub(super) browser: Option<KnownBrowser>,
    wait: Option<ResetWait>,
}

impl Provider {
    /// Whether somebody with this ticket may come to the pages that change passwords now.
    pub async fn admit(&self, ticket: &Digest, ip: &str) -> Result<Admission, Failure> {
        let (settings, now) = (&self.settings.admission, self.now());
        Ok(self.throttle.admit(ticket, ip, settings, now).await?)
    }

    /// Somebody forgot a password. Answers the same in the same time for everybody: whatever depends on
    /// the account happens afterwards (ENU-01, ENU-03).
    pub async fn reset_asked(
        self: &Arc<Self>,
        address: EmailAddress,
        origin: Origin,
    ) -> Result<(), Failure> {
        self.knowledge.may_issue(self.now())?;
        self.works(Feature::PasswordReset)?;
        self.pass(EndpointClass::Credentials, Concerned::default())?;
        self.link_asked(address, origin, LinkFor::NewPassword).await
    }

    /// Mails a link after the answer.
    pub(super) async fn link_asked(
        self: &Arc<Self>,
        address: EmailAddress,
        origin: Origin,
        wanted: LinkFor,
    ) -> Result<(), Failure> {
        let place = Arc::clone(&self.reset_desk).acquire_owned();
        let Ok(Ok(place)) = tokio::time::timeout(DESK_WAIT, place).await else {
            return Err(Failure::Busy(Duration::from_secs(5)));
        };
        let this = Arc::clone(self);
        let _detached = tokio::spawn(async move {
            if let Err(error) = this.mail_link(&address, &origin, wanted).await {
                tracing::error!(%error, "a link that was asked for could not be mailed");
            }
            drop(place);
        });
        Ok(())
    }

    async fn mail_link(
        &self,
        address: &EmailAddress,
        origin: &Origin,
        wanted: LinkFor,
    ) -> Result<(), Failure> {
        let index = self.address_index(address);
        let mail = ResetMail {
            account: &index,
            ip: &origin.ip,
            recipient_domain: address.domain(),
        };
        if let Pass::Wait { .. } = self.throttle.before_reset_mail(mail, self.now()).await? {
            return Ok(());
        }
        let found = self
            .store
            .read(move |tx| tx.account_by_address(&index))
            .await?;
        let Some(account) = found.filter(|account| account_may_act(account.user.state)) else {
            return Ok(());
        };
        let open = self.open_account(&account)?;
        let mut event = self.event(EventKind::ResetAsked, Outcome::Passed, origin);
        event.detail = match wanted {
            LinkFor::LettingIn => serde_json::json!({ "by": "mail", "wants": "let_in" }),
            LinkFor::NewPassword | LinkFor::Vouched => serde_json::json!({ "by": "mail" }),
        };
        self.post_links((&account, &open), wanted, event).await?;
        Ok(())
    }

    /// PW-27: an operator who checked who asked mails a link to the sign-in address; other addresses are
    /// told. The operator sees neither link nor password. `false` if nothing can be mailed there.
    pub async fn start_reset(&self, address: &EmailAddress, event: Event) -> Result<bool, Failure> {
        let index = self.address_index(address);
        let found = self.store.read(move |tx| tx.account_by_address(&index));
        let Some(account) = found.await?.filter(|a| account_may_act(a.user.state)) else {
            return Ok(false);
        };
        let open = self.open_account(&account)?;
        self.post_links((&account, &open), LinkFor::Vouched, event)
            .await
    }

    /// One link for each mailbox, in place of all earlier ones (REC-01).
    async fn post_links(
        &self,
        (account, open): (&Account, &OpenAccount),
        wanted: LinkFor,
        mut event: Event,
    ) -> Result<bool, Failure> {
        let vouched = wanted == LinkFor::Vouched;
        event.user_id = Some(account.user.id);
        let internal = &self.settings.resets.internal_domains;
        let login = Some((AddressKind::Login, &open.login_address));
        let code = open
            .code_address
            .as_ref()
            .filter(|code| code.canonical() != open.login_address.canonical())
            .map(|code| (AddressKind::Code, code));
        let mailable =
            |(_, address): &(AddressKind, &EmailAddress)| may_be_mailed(address, internal);
        let mut letters = Vec::new();
        let mut links = Vec::new();
        for (mailbox, address) in login.into_iter().chain(code).filter(mailable) {
            if vouched && mailbox == AddressKind::Code {
                let visit = Visit::default();
                let notice = self.recovery_notice(RecoveryNews::ResetStarted, &visit);
                letters.push(self.sealed_letter(&account.user, address, notice));
                continue;
            }
            let (link, letter) = self.link(account, (mailbox, address), wanted, &event.origin);
            links.push(link);
            letters.push(letter);
        }
        if links.is_empty() {
            return Ok(false);
        }
        let user = account.user.id;
        self.store
            .write(move |tx| {
                // Anybody can ask for a link: that ends none for which an operator checked who asked.
                if vouched {
                    tx.close_resets(user)?;
                } else {
                    tx.close_mailed_resets(user)?;
                }
                links.iter().try_for_each(|link| tx.insert_reset(link))?;
                letters.iter().try_for_each(|letter| tx.post(letter))?;
                tx.record(&event)
            })
            .await?;
        metrics::counter!("sekisho_resets_mailed_total").increment(1);
        self.letters_wait.ring();
        Ok(true)
    }

    fn link(
        &self,
        account: &Account,
        (mailbox, address): (AddressKind, &EmailAddress),
        wanted: LinkFor,
        origin: &Origin,
    ) -> (ResetRecord, OutboxLetter) {
        let (now, life) = (self.now(), self.settings.resets.link_life);
        let token = ResetToken::generate(&*self.entropy);
        let record = ResetRecord {
            digest: token.digest(),
            user_id: account.user.id,
            mailbox,
            vouched: wanted == LinkFor::Vouched,
            epoch: self.knowledge.epoch_now(),
            password_at: account.user.password_at,
            created_at: now,
            expires_at: now + life,
            used_at: None,
        };
        let body = self.link_letter(&token, wanted, (&record, origin));
        (record, self.sealed_letter(&account.user, address, body))
    }

    /// What the page of a link shows. Looking uses nothing up: scanners of mail open every link.
    pub async fn reset_view(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<ResetView, Failure> {
        let found = match self.found_reset(token, visit).await? {
            Ok(found) => found,
            Err(Standing::Used) => return Ok(ResetView::Used),
            Err(_) => return Ok(ResetView::Over),
        };
        let open = self.open_account(&found.account)?;
        let known = found.reset.mailbox == AddressKind::Login;
        Ok(ResetView::Form {
            least_length: self.least_password_length(&open),
            missing: self.missing(&found, &open),
            username: known.then(|| open.login_address.to_string()),
        })
    }

    pub(super) async fn found_reset(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<Result<Found, Standing>, Failure> {
        let digest = token.digest();
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let work = move |tx: &mut Tx<'_>| {
            let Some(reset) = tx.reset(&digest)? else {
                return Ok(None);
            };
            let user = reset.user_id;
            let Some(account) = tx.account(user)? else {
                return Ok(None);
            };
            Ok(Some(Found {
                reset,
                account,
                browser: tx.browser_among(user, &tokens)?,
                wait: tx.reset_wait(user)?,
            }))
        };
        let Some(found) = self.store.read(work).await? else {
            return Ok(Err(Standing::Over));
        };
        let (reset, user) = (&found.reset, &found.account.user);
        let kind = EpochKind::Password;
        let same_epoch = self
            .knowledge
            .is_current(reset.epoch, kind, Some(user), None);
        let facts = LinkFacts {
            used_at: reset.used_at,
            expires_at: reset.expires_at,
            same_password: same_epoch && reset.password_at == user.password_at,
            account_acts: account_may_act(user.state),
        };
        Ok(match standing(facts, self.now()) {
            Standing::Open => Ok(found),
            other => Err(other),
        })
    }

    pub(super) fn missing(&self, found: &Found, open: &OpenAccount) -> MissingProof {
        let user = &found.account.user;
        let holder = Holder {
            mailbox: found.reset.mailbox,
            login: &open.login_address,
            code: open.code_address.as_ref(),
            second_step: user.second_step || self.settings.codes.for_everyone,
            vouched: found.reset.vouched,
            browser: found.browser.as_ref().map(|browser| browser.id),
            wait: found.wait.map(|wait| WaitFacts {
                browser: wait.browser_id,
                since: wait.asked_at,
                same_password: wait.password_at == user.password_at,
            }),
        };
        let wait = self.settings.resets.known_browser_wait;
        missing_proof(&holder, wait, self.now())
    }

    /// Sets the new password. REC-02: this step itself checks the link and what else is asked; no earlier
    /// page can stand in for it.
    pub async fn choose_by_link(
        &self,
        choice: Choice<'_>,
        visit: &Visit,
    ) -> Result<ResetOutcome, Failure> {
        self.knowledge.may_issue(self.now())?;
        self.works(Feature::PasswordReset)?;
        self.pass(EndpointClass::Credentials, Concerned::default())?;
        let found = match self.found_reset(choice.token, visit).await? {
            Ok(found) => found,
            Err(Standing::Used) => return Ok(ResetOutcome::Used),
            Err(_) => return Ok(ResetOutcome::Over),
        };
        let open = self.open_account(&found.account)?;
        self.pass_person(EndpointClass::Credentials, &open.user)?;
        let reasons = self.judged(&open, choice.password).await?;
        if !reasons.is_empty() {
            return Ok(ResetOutcome::Refused(reasons));
        }
        let missing = self.missing(&found, &open);
        if missing == MissingProof::None {
            return self
                .set_by_link(&found, &open, (choice.password, None), visit)
                .await;
        }
        if choice.recovery_code.trim().is_empty() {
            return Ok(ResetOutcome::CodeMissing);
        }
        let (user, browser) = (open.user.id, found.browser.as_ref().map(|b| b.id));
        let account = self.account_key(user);
        let pass = self.before_recovery_code(&account, browser, visit);
        let ticket = match pass.await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(ResetOutcome::Wait(until)),
        };
        let Some(code) = self.recovery_digest(user, choice.recovery_code) else {
            return self.wrong_recovery_code(&open, visit).await;
        };
        self.set_by_link(
            &found,
            &open,
            (choice.password, Some((code, ticket))),
            visit,
        )
        .await
    }

    async fn wrong_recovery_code(
        &self,
        open: &OpenAccount,
        visit: &Visit,
    ) -> Result<ResetOutcome, Failure> {
        let mut event = self.event(EventKind::RecoveryCodes, Outcome::WrongCode, &visit.origin);
        event.user_id = Some(open.user.id);
        self.store.write(move |tx| tx.record(&event)).await?;
        Ok(ResetOutcome::WrongCode)
    }

    /// Tells of a recovery code that is used up.
    async fn letters_of_code(
        &self,
        open: &OpenAccount,
        visit: &Visit,
    ) -> Result<Vec<OutboxLetter>, Failure> {
        let left = self.recovery_figures(open.user.id).await?.left;
        let left = left.saturating_sub(1);
        let what = RecoveryNews::CodeUsed { left };
        Ok(self.letters_to_all(open, || self.recovery_notice(what, visit)))
    }

    async fn set_by_link(
        &self,
        found: &Found,
        open: &OpenAccount,
        (password, code): (&str, Option<(Digest, Ticket)>),
        visit: &Visit,
    ) -> Result<ResetOutcome, Failure> {
        let (account, now) = (&found.account, self.now());
        let (code, ticket) = code.map_or((None, None), |(code, ticket)| (Some(code), Some(ticket)));
        let record = match self.record_unless_same(account, password).await {
            Ok(Some(record)) => record,
            other => {
                // The recovery code was not compared: it is no try (PW-21).
                if let Some(ticket) = ticket {
                    self.throttle.give_back(ticket).await;
                }
                return other.map(|_same| ResetOutcome::Same);
            }
        };
        let letters = match &code {
            Some(_) => self.letters_of_code(open, visit).await?,
            None => Vec::new(),
        };
        let mut event = self.event(EventKind::PasswordChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(open.user.id);
        event.detail = serde_json::json!({
            "how": "link", "recovery_code": code.is_some(), "vouched": found.reset.vouched,
        });
        let told = self.told_password(open, &event, ChangedHow::ResetLink);
        let reset = found.reset.clone();
        let index = self.address_index(&open.login_address);
        let write = move |tx: &mut Tx<'_>| {
            let user = reset.user_id;
            // The account's own row is looked at again: another link may have been faster.
            let present = tx
                .account(user)?
                .and_then(|account| account.user.password_at);
            if present != reset.password_at || tx.take_reset(&reset.digest, now)? == Once::Again {
                return Ok(Written::Late);
            }
            if let Some(code) = &code
                && tx.take_recovery_code(user, code, now)? == Once::Again
            {
                // `Err` rolls the link back: it stays usable with a right code.
                return Err(StoreError::Conflict);
            }
            tx.set_password(user, &record)?;
            tx.end_password_runs(&index)?;
            end_all_of(tx, user, now)?;
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(Written::Done)
        };
        match self.store.write(write).await {
            Ok(Written::Done) => {}
            Ok(Written::Late) => return Ok(ResetOutcome::Used),
            Err(StoreError::Conflict) => return self.wrong_recovery_code(open, visit).await,
            Err(error) => return Err(error.into()),
        }
        if let Some(ticket) = ticket {
            self.throttle.after_success(ticket).await;
        }
        metrics::counter!("sekisho_resets_done_total").increment(1);
        self.after_password_change().await?;
        Ok(ResetOutcome::Done)
    }
}

/// What a transaction came to.
enum Written {
    Done,
    Late,
}
