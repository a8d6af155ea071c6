//! Recovery codes: made, counted, used (REC-05).

use sekisho_guard::{CodeTry, Pass, Ticket};
use sekisho_mail::{LetterBody, RecoveryNews};
use sekisho_model::{
    AuthenticationMethod, BrowserId, BrowserToken, Digest, EventKind, Feature, Outcome, Timestamp,
    UserId,
};
use sekisho_store::{Once, RecoveryFigures, Tx};

use super::sign_in::{Completed, Completion, LoadedFlow, device_class};
use super::standing_session::stands;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::forced_change::ChangeReason;
use crate::rules::recovery_code;
use crate::rules::sign_in::Disguise;
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// What came of a typed recovery code.
#[derive(Debug)]
pub enum RecoveryOutcome {
    /// Signed in.
    SignedIn(Box<Completed>),
    /// It does not work: unknown and used ones are told alike.
    Wrong,
    /// Too many wrong ones; not before then.
    Wait(Timestamp),
    /// The flow is gone: from the start.
    Gone,
}

/// Which set a new one is to take the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaces {
    /// Whichever there is.
    Any,
    /// The one that was made then, or none: a form that is sent again makes no second set.
    MadeAt(Option<Timestamp>),
}

impl Replaces {
    /// Whether another set was made meanwhile.
    fn is_over(self, made_at: Option<Timestamp>) -> bool {
        match self {
            Self::Any => false,
            Self::MadeAt(before) => before != made_at,
        }
    }
}

/// What came of making recovery codes.
#[derive(Clone, PartialEq, Eq)]
pub enum CodesMade {
    /// The new ones, which nobody sees again.
    Codes(Vec<String>),
    /// There is another set than the one that was to be replaced.
    Already,
    /// Both steps have to be proved first.
    Stale,
}

impl std::fmt::Debug for CodesMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Codes(_) => "Codes(…)",
            Self::Already => "Already",
            Self::Stale => "Stale",
        })
    }
}

impl Provider {
    /// How many recovery codes somebody has.
    pub async fn recovery_figures(&self, user: UserId) -> Result<RecoveryFigures, Failure> {
        Ok(self.store.read(move |tx| tx.recovery_figures(user)).await?)
    }

    /// Makes a new set in place of the old one; it is shown once and kept as digests.
    pub async fn make_recovery_codes(
        &self,
        (live, account): (&LiveSession, &OpenAccount),
        replaces: Replaces,
        visit: &Visit,
    ) -> Result<CodesMade, Failure> {
        if !self.proved_both_lately(live, account).await? {
            return Ok(CodesMade::Stale);
        }
        let (now, user) = (self.now(), live.user.id);
        if replaces.is_over(self.recovery_figures(user).await?.made_at) {
            return Ok(CodesMade::Already);
        }
        self.count_change(user).await?;
        let codes: Vec<String> = (0..recovery_code::SET)
            .map(|_| recovery_code::spelled(self.entropy.bytes()))
            .collect();
        let digests: Vec<Digest> = codes
            .iter()
            .filter_map(|code| self.recovery_digest(user, code))
            .collect();
        let mut event = self.event(EventKind::RecoveryCodes, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "made": digests.len() });
        let told = self.told_news(account, &event, RecoveryNews::CodesMade);
        let session = live.session.clone();
        let work = move |tx: &mut Tx<'_>| {
            if !stands(tx, &session)? {
                return Ok(CodesMade::Stale);
            }
            if replaces.is_over(tx.recovery_figures(user)?.made_at) {
                return Ok(CodesMade::Already);
            }
            tx.replace_recovery_codes(user, &digests, now)?;
            told.post(tx)?;
            tx.record(&event)?;
            Ok(CodesMade::Codes(codes.clone()))
        };
        let made = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(made)
    }

    /// What is stored of a typed code; `None` if it cannot be one.
    pub(crate) fn recovery_digest(&self, user: UserId, typed: &str) -> Option<Digest> {
        let code = recovery_code::normalised(typed)?;
        Some(recovery_code::digest(&self.address_key, user, &code))
    }

    pub(crate) fn recovery_notice(&self, what: RecoveryNews, visit: &Visit) -> LetterBody {
        LetterBody::RecoveryNotice {
            what,
            at: self.now(),
            device: Self::device(&visit.origin.user_agent),
            ip: visit.origin.ip.clone(),
            link: None,
            not_me: None,
            apps: Vec::new(),
            again: 0,
            taken: Vec::new(),
        }
    }

    /// THR-08: recovery codes count like mailed ones, before they are compared.
    pub(crate) async fn before_recovery_code(
        &self,
        account: &Digest,
        browser: Option<BrowserId>,
        visit: &Visit,
    ) -> Result<Pass, Failure> {
        self.works(Feature::RecoveryCodes)?;
        let attempt = CodeTry {
            account,
            device: device_class(browser),
            ip: &visit.origin.ip,
        };
        Ok(self.throttle.before_code_try(attempt, self.now()).await?)
    }

    /// A recovery code in the place of the mailed one.
    pub async fn sign_in_recovery_code(
        &self,
        mut flow: LoadedFlow,
        typed: &str,
        visit: &Visit,
    ) -> Result<RecoveryOutcome, Failure> {
        let Some(stage) = flow.pending.code_stage().cloned() else {
            return Ok(RecoveryOutcome::Gone);
        };
        let now = self.now();
        if now >= stage.closes_at {
            return Ok(RecoveryOutcome::Gone);
        }
        let (user, budget) = (stage.user_id, self.code_budget(&stage));
        let pass = self.before_recovery_code(&budget, stage.known_browser, visit);
        let ticket = match pass.await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(RecoveryOutcome::Wait(until)),
        };
        if stage.disguise == Disguise::Decoy {
            self.recovery_of_decoy(&stage, visit).await?;
            return Ok(RecoveryOutcome::Wrong);
        }
        let tokens: Vec<Digest> = visit.browsers.iter().map(BrowserToken::digest).collect();
        let (account, browser) = self
            .store
            .read(move |tx| Ok((tx.account(user)?, tx.browser_among(user, &tokens)?)))
            .await?;
        let Some(account) = account.filter(|account| account_may_act(account.user.state)) else {
            return Ok(RecoveryOutcome::Gone);
        };
        let epoch = flow.pending.epoch;
        let (kind, owner) = (sekisho_model::EpochKind::Session, Some(&account.user));
        if !self.knowledge.is_current(epoch, kind, owner, None) {
            return Ok(RecoveryOutcome::Gone);
        }
        let marked = self.must_change_password(&account);
        let open = self.open_account(&account)?;
        if !self.use_recovery_code(&open, typed, ticket, visit).await? {
            return Ok(RecoveryOutcome::Wrong);
        }
        flow.pending.recovery_used = true;
        let completion = Completion {
            account: open,
            browser,
            methods: vec![AuthenticationMethod::Pwd, AuthenticationMethod::Otp],
            trust: false,
            spent_challenge: Some((stage.challenge.clone(), stage.closes_at)),
            change: stage.change.or(marked.then_some(ChangeReason::Marked)),
        };
        let completed = self.complete_sign_in(flow, completion, visit).await?;
        Ok(completed.map_or(RecoveryOutcome::Gone, |completed| {
            RecoveryOutcome::SignedIn(Box::new(completed))
        }))
    }

    /// Uses a code up and tells every address; `false`, with an event, if it does not work.
    async fn use_recovery_code(
        &self,
        account: &OpenAccount,
        typed: &str,
        ticket: Ticket,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let (now, user) = (self.now(), account.user.id);
        let mut event = self.event(EventKind::RecoveryCodes, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        let digest = self.recovery_digest(user, typed);
        let figures = self.recovery_figures(user).await?;
        let left = figures.left.saturating_sub(1);
        let told = self.told_news(account, &event, RecoveryNews::CodeUsed { left });
        let spent = self
            .store
            .write(move |tx| {
                let use_of_code = match &digest {
                    Some(digest) => tx.take_recovery_code(user, digest, now)?,
                    None => Once::Again,
                };
                if use_of_code == Once::Again {
                    event.outcome = Outcome::WrongCode;
                } else {
                    event.detail = serde_json::json!({ "left": left });
                    told.post(tx)?;
                }
                tx.record(&event)?;
                Ok(use_of_code == Once::First)
            })
            .await?;
        if spent {
            self.throttle.after_success(ticket).await;
            self.letters_wait.ring();
        }
        Ok(spent)
    }
}
