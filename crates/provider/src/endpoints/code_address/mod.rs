//! Setting a code address at a sign-in where no code can be typed: it is lost, or there is none yet. The order of
//! steps is [`crate::rules::code_address`].

mod report;
mod set_up;

pub use report::MailboxOutcome;
pub use set_up::{SetUpAsked, SetUpOutcome};

use sekisho_model::{CodeAddressLoss, EmailAddress, EpochKind, Feature, ProofPurpose, Timestamp};
use sekisho_store::Account;

use super::address_proof::{ProofBegun, ProofWish};
use super::sign_in::LoadedFlow;
use super::visit::Visit;
use crate::accounts::OpenAccount;
use crate::rules::code_address::{Facts, Reason, Stand, counts, stand};
use crate::rules::sign_in::SetUp;
use crate::{Failure, Provider};

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUpView {
    /// Why no code can be typed.
    pub reason: Reason,
    /// How far it got.
    pub stand: Stand,
    /// Whether the wait for a lost address is over.
    pub is_due: bool,
    /// The address typed at sign-in.
    pub login: EmailAddress,
}

/// What came of asking for the letter to the sign-in mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailboxAsked {
    /// It is on its way.
    Sent,
    /// No more letters until then.
    NoMoreCodes(Timestamp),
    /// The sign-in is gone, or is not as far: the page says what there is.
    Gone,
}

/// Everything that is known of a sign-in on this way.
pub(super) struct Case {
    pub(super) reason: Reason,
    set_up: SetUp,
    pub(super) account: Account,
    pub(super) open: OpenAccount,
    pub(super) loss: Option<CodeAddressLoss>,
    held_until: Option<Timestamp>,
}

impl Provider {
    /// What the page of a sign-in shows; `None` where no code is asked for, or another way leads on.
    pub async fn set_up_view(&self, flow: &LoadedFlow) -> Result<Option<SetUpView>, Failure> {
        let Some(case) = self.set_up_case(flow).await? else {
            return Ok(None);
        };
        let (now, password_at) = (self.now(), case.open.user.password_at);
        let is_due = |loss: &CodeAddressLoss| loss.due_at <= now && counts(loss, password_at, now);
        Ok(Some(SetUpView {
            reason: case.reason,
            stand: self.stand(&case),
            is_due: case.loss.as_ref().is_some_and(is_due),
            login: case.open.login_address,
        }))
    }

    /// Whether a code page may lead there. Nothing of it depends on the account.
    pub fn offers_address_wait(&self) -> bool {
        let works = |feature| self.works(feature).is_ok();
        self.settings.codes.lost_address_wait
            && works(Feature::LostFactor)
            && works(Feature::AddressChange)
    }

    /// Whether somebody without a code address, who proved the password, can set one.
    pub(super) fn may_set_first_address(&self, open: &OpenAccount) -> bool {
        let facts = self.facts((Reason::Missing, SetUp::default()), open, (None, None));
        let closed = stand(&facts, self.now()) == Stand::Closed;
        !closed && self.works(Feature::AddressChange).is_ok()
    }

    /// Mails a code to the sign-in mailbox.
    pub async fn begin_mailbox_proof(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<MailboxAsked, Failure> {
        let Some(case) = self.set_up_case(flow).await? else {
            return Ok(MailboxAsked::Gone);
        };
        if self.stand(&case) != Stand::Mailbox {
            return Ok(MailboxAsked::Gone);
        }
        let wish = ProofWish {
            purpose: ProofPurpose::LoginMailbox,
            candidate: &case.open.login_address,
            account: Some(&case.open.user),
        };
        Ok(match self.begin_proof(wish, visit).await? {
            ProofBegun::Sent(_) => MailboxAsked::Sent,
            ProofBegun::NoMoreCodes(until) => MailboxAsked::NoMoreCodes(until),
            ProofBegun::NoSession => MailboxAsked::Gone,
        })
    }

    /// Reads it anew: the account as it is now, for a sign-in that nothing has voided.
    pub(super) async fn set_up_case(&self, flow: &LoadedFlow) -> Result<Option<Case>, Failure> {
        self.works(Feature::AddressChange)?;
        let stage = flow.pending.code_stage();
        // OTP-07: a page that hides what the password was does not tell what the account has. OTP-26: a mailed code
        // is not the way where something stronger is asked for, nor what stands in for it.
        let stage =
            stage.filter(|one| one.stronger.is_none() && !one.is_uniform() && !one.for_lost);
        let Some(stage) = stage else { return Ok(None) };
        let user = stage.user_id;
        let read = self
            .store
            .read(move |tx| Ok((tx.account(user)?, tx.code_address_loss(user)?)));
        let (Some(account), loss) = read.await? else {
            return Ok(None);
        };
        let (kind, epoch) = (EpochKind::Session, flow.pending.epoch);
        if !self
            .knowledge
            .is_current(epoch, kind, Some(&account.user), None)
        {
            return Ok(None);
        }
        let open = self.open_account(&account)?;
        let reason = if stage.set_up.missing {
            Reason::Missing
        } else {
            Reason::Lost
        };
        Ok(Some(Case {
            reason,
            set_up: stage.set_up,
            held_until: match reason {
                Reason::Missing => self.first_address_held_until(user).await?,
                Reason::Lost => self.addresses_held_until(user).await?,
            },
            account,
            open,
            loss,
        }))
    }

    /// How far it is.
    pub(super) fn stand(&self, case: &Case) -> Stand {
        let how = (case.reason, case.set_up);
        let facts = self.facts(how, &case.open, (case.loss.as_ref(), case.held_until));
        stand(&facts, self.now())
    }

    fn facts<'a>(
        &'a self,
        (reason, set_up): (Reason, SetUp),
        open: &'a OpenAccount,
        (loss, held_until): (Option<&'a CodeAddressLoss>, Option<Timestamp>),
    ) -> Facts<'a> {
        Facts {
            reason,
            offers_wait: self.offers_address_wait(),
            login: &open.login_address,
            code: open.code_address.as_ref(),
            self_hosted: &self.settings.self_hosted_mail_domains,
            internal: &self.settings.resets.internal_domains,
            loss,
            password_at: open.user.password_at,
            mailbox_proved: set_up.mailbox_proved,
            held_until,
        }
    }
}
