//! The sign-in mailbox was proved: a lost address is reported, with three days in which every address is told and
//! anybody who reads one of them can stop it (REC-04, REC-06).

use sekisho_guard::EndpointClass;
use sekisho_mail::{LetterBody, RecoveryNews};
use sekisho_model::{
    CodeAddressLoss, Event, EventKind, KeepAddressToken, Outcome, ProofPurpose, Timestamp, UserId,
};
use sekisho_store::{Hold, Once, OutboxLetter, StoreError, Tx};
use serde_json::json;

use super::super::address_proof::Proved;
use super::super::second_steps::KeepOutcome;
use super::super::sign_in::{LoadedFlow, concerned};
use super::super::standing_session::counts_before_move;
use super::super::visit::Visit;
use super::Case;
use crate::rules::code_address::{OPEN_FOR, Reason, Stand, TOLD_AGAIN, WAIT, counts};
use crate::{Failure, Provider};

/// What came of the proved mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxOutcome {
    /// The page says what comes next.
    GoOn,
    /// The sign-in is gone: from the start.
    Gone,
}

/// Everything one report writes.
struct ReportWork {
    loss: CodeAddressLoss,
    began_under: sekisho_model::Epoch,
    at_once: Vec<OutboxLetter>,
    later: Vec<OutboxLetter>,
    event: Event,
}

impl ReportWork {
    /// `false`, with nothing written, if the sign-in was voided meanwhile. A report that still counts stays as it is.
    fn write(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let (user, now) = (self.loss.user_id, self.loss.asked_at);
        if !counts_before_move(tx, self.began_under, user)? {
            return Ok(false);
        }
        if let Some(noted) = tx.code_address_loss(user)? {
            if counts(&noted, self.loss.password_at, now) {
                return Ok(true);
            }
            let _over = tx.end_code_address_loss(user)?;
        }
        if tx.insert_code_address_loss(&self.loss)? == Once::Again {
            return Ok(true);
        }
        self.at_once.iter().try_for_each(|letter| tx.post(letter))?;
        let hold = Hold {
            user,
            key: self.loss.digest,
        };
        tx.hold_letters(&hold, None, &self.later)?;
        tx.record(&self.event)?;
        Ok(true)
    }
}

impl Provider {
    /// Notes in the sign-in that its mailbox was proved; where the code address is lost, its wait begins.
    pub async fn mailbox_was_proved(
        &self,
        mut flow: LoadedFlow,
        proved: Proved,
        visit: &Visit,
    ) -> Result<MailboxOutcome, Failure> {
        let Some(case) = self.set_up_case(&flow).await? else {
            return Ok(MailboxOutcome::Gone);
        };
        self.pass(EndpointClass::Credentials, concerned(&flow, &case.open))?;
        let purpose = ProofPurpose::LoginMailbox;
        let address = proved.for_account(purpose, case.open.user.id);
        let own = case.open.login_address.canonical();
        let is_own = address.is_some_and(|address| address.canonical() == own);
        if !is_own || self.stand(&case) != Stand::Mailbox || !flow.pending.mailbox_proved() {
            return Ok(MailboxOutcome::Gone);
        }
        if !self.save_flow(&flow).await? {
            return Ok(MailboxOutcome::Gone);
        }
        let reported = match case.reason {
            Reason::Missing => true,
            Reason::Lost => self.report_address_loss(&flow, &case, visit).await?,
        };
        Ok(if reported {
            MailboxOutcome::GoOn
        } else {
            MailboxOutcome::Gone
        })
    }

    async fn report_address_loss(
        &self,
        flow: &LoadedFlow,
        case: &Case,
        visit: &Visit,
    ) -> Result<bool, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let token = KeepAddressToken::generate(&*self.entropy);
        let loss = CodeAddressLoss {
            user_id: case.open.user.id,
            digest: token.digest(),
            asked_at: now,
            due_at: now + WAIT,
            ends_at: now + WAIT + OPEN_FOR,
            password_at: case.open.user.password_at,
        };
        let issuer = &self.settings.issuer;
        let link = format!("{issuer}/code-address/keep/{}", token.reveal());
        let until = loss.due_at;
        let letters = || {
            self.letters_to_all(&case.open, || LetterBody::RecoveryNotice {
                what: RecoveryNews::CodeAddressLost { until },
                at: now,
                device: Self::device(&visit.origin.user_agent),
                ip: visit.origin.ip.clone(),
                link: Some(link.clone()),
                not_me: None,
                apps: Vec::new(),
                again: 0,
                taken: Vec::new(),
            })
        };
        let at = |moment: Timestamp| {
            let letters = letters().into_iter();
            letters.map(move |letter| OutboxLetter {
                created_at: moment,
                next_attempt_at: moment,
                ..letter
            })
        };
        let work = ReportWork {
            began_under: flow.pending.epoch,
            at_once: letters(),
            later: TOLD_AGAIN
                .iter()
                .flat_map(|after| at(now + *after))
                .collect(),
            event: self.loss_event(loss.user_id, "lost", visit),
            loss,
        };
        let noted = self.store.write(move |tx| work.write(tx)).await?;
        self.letters_wait.ring();
        Ok(noted)
    }

    fn loss_event(&self, user: UserId, step: &str, visit: &Visit) -> Event {
        let mut event = self.event(EventKind::AddressChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(user);
        event.detail = json!({ "which": "code", "step": step });
        event
    }

    /// Whether the link of a letter still stops anything. Looking uses nothing up.
    pub async fn keep_address_view(
        &self,
        token: &KeepAddressToken,
    ) -> Result<KeepOutcome, Failure> {
        Ok(match self.address_loss_of_link(token).await? {
            Some(_) => KeepOutcome::Kept,
            None => KeepOutcome::Over,
        })
    }

    async fn address_loss_of_link(
        &self,
        token: &KeepAddressToken,
    ) -> Result<Option<UserId>, Failure> {
        let (digest, now) = (token.digest(), self.now());
        let read = self.store.read(move |tx| tx.code_address_loss_of(&digest));
        let loss = read.await?.filter(|loss| now < loss.ends_at);
        Ok(loss.map(|loss| loss.user_id))
    }

    /// Stops it by the link of a letter.
    pub async fn keep_address(
        &self,
        token: &KeepAddressToken,
        visit: &Visit,
    ) -> Result<KeepOutcome, Failure> {
        match self.address_loss_of_link(token).await? {
            Some(user) => self.stop_address_loss(user, visit).await,
            None => Ok(KeepOutcome::Over),
        }
    }

    /// Stops it: somebody who reads one of the mailboxes says so, or typed a code that went to the address.
    pub(crate) async fn stop_address_loss(
        &self,
        user: UserId,
        visit: &Visit,
    ) -> Result<KeepOutcome, Failure> {
        let Some(account) = self.account(user).await? else {
            return Ok(KeepOutcome::Over);
        };
        let event = self.loss_event(user, "kept", visit);
        let news = || self.recovery_notice(RecoveryNews::CodeAddressKept, visit);
        let letters = self.letters_to_all(&account, news);
        let work = move |tx: &mut Tx<'_>| {
            if tx.end_code_address_loss(user)? == Once::Again {
                return Ok(KeepOutcome::Over);
            }
            letters.iter().try_for_each(|letter| tx.post(letter))?;
            tx.record(&event)?;
            Ok(KeepOutcome::Kept)
        };
        let kept = self.store.write(work).await?;
        self.letters_wait.ring();
        Ok(kept)
    }
}
