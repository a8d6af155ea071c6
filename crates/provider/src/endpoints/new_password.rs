//! Choosing a new password in the middle of a sign-in, after everything was proved and before anything is
//! issued (PW-29, PW-30, INC-08).

use std::time::Duration;

use sekisho_audit::flow_mark;
use sekisho_guard::EndpointClass;
use sekisho_mail::{ChangedHow, LetterBody};
use sekisho_model::{
    AuthenticationMethod, BrowserToken, Digest, EpochKind, EventKind, Outcome, PreAuthToken,
    ResetToken, UserId,
};
use sekisho_store::{Account, Hold, Once, OutboxLetter, PasswordRecord, StoreError, Tx};

use super::authorize::Next;
use super::sign_in::{Completed, Completion, LoadedFlow};
use super::standing_session::counts_before_move;
use super::visit::{NewCookies, Visit};
use crate::accounts::OpenAccount;
use crate::password::{Checked, Passwords};
use crate::rules::forced_change::{self, ChangeReason};
use crate::rules::password_policy::PasswordRefusal;
use crate::rules::sign_in::ChangeStage;
use crate::rules::standing::account_may_act;
use crate::{Failure, PasswordContext, Provider};

/// What came of a new password at a sign-in.
#[derive(Debug)]
pub enum ChangeOutcome {
    /// It counts from now on, and the sign-in goes on.
    Completed(Box<Completed>),
    /// It does not fit the policy.
    Refused(Vec<PasswordRefusal>),
    /// It is the old one.
    Same,
    /// The flow is gone, or another request was faster: from the start.
    Gone,
}

/// How long a new password waits for its turn to be hashed.
const HASH_WAIT: Duration = Duration::from_secs(15);

impl Provider {
    /// Why the right password leads to a new one, if it does. What was chosen here was judged when it
    /// was chosen; only leaks come to light later.
    pub(crate) async fn change_reason(
        &self,
        account: &Account,
        typed: &str,
    ) -> Result<Option<ChangeReason>, Failure> {
        let marked = self.must_change_password(account);
        let judged = if marked {
            Vec::new()
        } else if account.user.password_imported {
            self.judge_imported(account, typed).await?
        } else if self.passwords.is_leaked(typed) {
            vec![PasswordRefusal::Breached]
        } else {
            Vec::new()
        };
        Ok(forced_change::reason(&account.user, marked, &judged))
    }

    /// Judged once: what fits may stay, and is not asked about again.
    async fn judge_imported(
        &self,
        account: &Account,
        typed: &str,
    ) -> Result<Vec<PasswordRefusal>, Failure> {
        let judged = self.judged(&self.open_account(account)?, typed).await?;
        if judged.is_empty() {
            let user = account.user.id;
            let fits = self.store.write(move |tx| tx.imported_password_fits(user));
            fits.await?;
        }
        Ok(judged)
    }

    /// What the policy says about a password of this account.
    pub(crate) async fn judged(
        &self,
        account: &OpenAccount,
        password: &str,
    ) -> Result<Vec<PasswordRefusal>, Failure> {
        let context = self.password_context(account, None);
        self.judge_new_password(password, &context).await
    }

    /// What a new password is judged by that is chosen in the middle of a sign-in; `None` if `flow` is not so far.
    pub async fn change_context(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<PasswordContext>, Failure> {
        let Some(stage) = flow.pending.change_stage() else {
            return Ok(None);
        };
        match self.account(stage.user_id).await? {
            Some(open) => self.context_for_app(&open, flow, visit).await.map(Some),
            None => Ok(None),
        }
    }

    /// What a new password is judged by that is chosen with a link; `None` if the link does not work.
    pub async fn reset_context(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<Option<PasswordContext>, Failure> {
        let Ok(found) = self.found_reset(token, visit).await? else {
            return Ok(None);
        };
        let open = self.open_account(&found.account)?;
        Ok(Some(self.password_context(&open, None)))
    }

    async fn context_for_app(
        &self,
        open: &OpenAccount,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<PasswordContext, Failure> {
        let app = self.app_view(flow, visit).await?;
        Ok(self.password_context(open, app.as_ref().map(|app| &*app.name)))
    }

    /// A record of a new password, in the share of hashes that new passwords have.
    pub(crate) async fn new_record(
        &self,
        user: UserId,
        password: &str,
    ) -> Result<PasswordRecord, Failure> {
        let _turn = self.hash_turn().await?;
        self.passwords.record(user, password).await
    }

    /// Whether `password` is the one the account has.
    pub(crate) async fn is_present_password(
        &self,
        account: &Account,
        password: &str,
    ) -> Result<bool, Failure> {
        let Some(record) = &account.password else {
            return Ok(false);
        };
        let _turn = self.hash_turn().await?;
        let checked = self
            .passwords
            .check_old(account.user.id, record, password)
            .await?;
        Ok(matches!(checked, Checked::Right(_)))
    }

    /// The record of a new password; `None` if somebody who must choose another one types the old one.
    pub(crate) async fn record_unless_same(
        &self,
        account: &Account,
        password: &str,
    ) -> Result<Option<PasswordRecord>, Failure> {
        let asked = self.must_change_password(account);
        if asked && self.is_present_password(account, password).await? {
            return Ok(None);
        }
        self.new_record(account.user.id, password).await.map(Some)
    }

    async fn hash_turn(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        let busy = || {
            metrics::counter!("sekisho_reset_hashes_refused_total").increment(1);
            Failure::Busy(Passwords::RETRY_AFTER)
        };
        match tokio::time::timeout(HASH_WAIT, self.reset_hashes.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Everything was proved, and the code is spent; the person is led to a new password.
    pub(crate) async fn lead_to_change(
        &self,
        mut flow: LoadedFlow,
        completion: Completion,
        reason: ChangeReason,
        visit: &Visit,
    ) -> Result<Option<Completed>, Failure> {
        let (now, user) = (self.now(), completion.account.user.id);
        let mut event = self.event(EventKind::ResetAsked, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = serde_json::json!({ "reason": reason.name(), "flow": flow_mark(&flow.id) });
        let spent = completion.spent_challenge;
        let held = Hold {
            user,
            key: flow.pending.binding,
        };
        let first = self
            .store
            .write(move |tx| {
                if let Some((challenge, until)) = &spent
                    && tx.spend_challenge(challenge, now, *until)? == Once::Again
                {
                    return Ok(Once::Again);
                }
                tx.drop_held(&held)?;
                tx.record(&event)?;
                Ok(Once::First)
            })
            .await?;
        let cookie = PreAuthToken::generate(&*self.entropy);
        let stage = ChangeStage {
            user_id: user,
            methods: completion.methods,
            trust: completion.trust,
            reason,
            least_length: self.least_password_length(&completion.account),
        };
        flow.pending.proved_but_must_change(stage, cookie.digest());
        if first == Once::Again || !self.save_flow(&flow).await? {
            return Ok(None);
        }
        Ok(Some(Completed {
            cookies: NewCookies {
                pre_auth: Some(cookie),
                ..NewCookies::default()
            },
            next: Next::Change(flow.id),
        }))
    }

    /// The new password. What the old one opened ends; the sign-in goes on under the new epoch.
    pub async fn choose_at_sign_in(
        &self,
        mut flow: LoadedFlow,
        password: &str,
        visit: &Visit,
    ) -> Result<ChangeOutcome, Failure> {
        let Some(stage) = flow.pending.change_stage().cloned() else {
            return Ok(ChangeOutcome::Gone);
        };
        let user = stage.user_id;
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let (account, browser) = self
            .store
            .read(move |tx| Ok((tx.account(user)?, tx.browser_among(user, &tokens)?)))
            .await?;
        let Some(account) = account.filter(|account| account_may_act(account.user.state)) else {
            return Ok(ChangeOutcome::Gone);
        };
        let (kind, owner) = (EpochKind::Session, Some(&account.user));
        let epoch = flow.pending.epoch;
        if !self.knowledge.is_current(epoch, kind, owner, None) {
            return Ok(ChangeOutcome::Gone);
        }
        if self.must_change_password(&account)
            && !AuthenticationMethod::prove_second_step(&stage.methods)
        {
            // INC-08: voided since, and nothing but the voided password was proved.
            return Ok(ChangeOutcome::Gone);
        }
        self.pass_person(EndpointClass::Credentials, &account.user)?;
        let open = self.open_account(&account)?;
        let context = self.context_for_app(&open, &flow, visit).await?;
        let reasons = self.judge_new_password(password, &context).await?;
        if !reasons.is_empty() {
            return Ok(ChangeOutcome::Refused(reasons));
        }
        if self.is_present_password(&account, password).await? {
            return Ok(ChangeOutcome::Same);
        }
        if !self
            .replace_at_sign_in(&mut flow, &account, password, visit)
            .await?
        {
            return Ok(ChangeOutcome::Gone);
        }
        let Some(open) = self.account(user).await? else {
            return Ok(ChangeOutcome::Gone);
        };
        let completion = Completion {
            account: open,
            browser,
            methods: stage.methods,
            trust: stage.trust,
            spent_challenge: None,
            change: None,
        };
        let completed = self.complete_sign_in(flow, completion, visit).await?;
        Ok(completed.map_or(ChangeOutcome::Gone, |completed| {
            ChangeOutcome::Completed(Box::new(completed))
        }))
    }

    /// In one transaction: the password, the end of everything older, event and letters. `false` if the
    /// password changed meanwhile, or the sign-in was voided.
    async fn replace_at_sign_in(
        &self,
        flow: &mut LoadedFlow,
        account: &Account,
        password: &str,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let now = self.now();
        let (user, old) = (account.user.id, account.password.clone());
        let Some(old) = old else { return Ok(false) };
        let record = self.new_record(user, password).await?;
        let mut event = self.event(EventKind::PasswordChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = serde_json::json!({ "how": "sign_in", "flow": flow_mark(&flow.id) });
        let began_under = flow.pending.epoch;
        let told = self.told_password(&self.open_account(account)?, &event, ChangedHow::Forced);
        let epoch = self
            .store
            .write(move |tx| {
                // SES-09: what was voided must not go on under a later number.
                if !counts_before_move(tx, began_under, user)? {
                    return Ok(None);
                }
                if tx.replace_password(user, &old.sealed, &record)? == Once::Again {
                    return Ok(None);
                }
                let epoch = end_all_of(tx, user, now)?;
                told.post(tx)?;
                tx.record(&event)?;
                Ok(Some(epoch))
            })
            .await?;
        let Some(epoch) = epoch else { return Ok(false) };
        flow.pending.epoch = epoch;
        self.after_password_change().await?;
        Ok(true)
    }

    /// A letter to each address the account has, each once.
    pub(crate) fn letters_to_all(
        &self,
        account: &OpenAccount,
        body: impl Fn() -> LetterBody,
    ) -> Vec<OutboxLetter> {
        account
            .addresses()
            .into_iter()
            .map(|address| self.sealed_letter(&account.user, address, body()))
            .collect()
    }

    /// This node knows at once what the change ended.
    pub(crate) async fn after_password_change(&self) -> Result<(), Failure> {
        self.letters_wait.ring();
        self.standings.invalidate_all();
        self.sessions_ended.notify_one();
        self.spread().await
    }
}

/// PW-12, REC-03: sessions, token families, trusted browsers, links and waits of a user end with the
/// password they hung on. Answers the epoch from which on things count.
pub(crate) fn end_all_of(
    tx: &mut Tx<'_>,
    user: UserId,
    now: sekisho_model::Timestamp,
) -> Result<sekisho_model::Epoch, StoreError> {
    let epoch = void_all_of(tx, user)?;
    tx.end_sessions_of(user, now)?;
    Ok(epoch)
}

/// The same but for the records of sessions: one of them may go on under the new epoch.
pub(crate) fn void_all_of(
    tx: &mut Tx<'_>,
    user: UserId,
) -> Result<sekisho_model::Epoch, StoreError> {
    let mut epoch = tx.epoch_now()?;
    for kind in [EpochKind::Session, EpochKind::Token, EpochKind::Browser] {
        epoch = tx.move_user_epoch(user, kind)?;
    }
    tx.close_resets(user)?;
    tx.end_reset_wait(user)?;
    Ok(epoch)
}
