use sekisho_guard::{CodeTry, DeviceClass, Pass};
use sekisho_model::{EmailAddress, EpochKind, EventKind, Outcome, ProofPurpose, Timestamp, UserId};
use sekisho_session::{Attempt, ParkedKind};
use sekisho_store::{Once, Tx};

use super::super::visit::Visit;
use super::Loaded;
use crate::rules::address_proof::{Bound, budget, mac};
use crate::rules::standing::account_may_act;
use crate::{Failure, Provider};

/// An address whose code was typed in the browser that asked for it. Made here only.
#[derive(Debug)]
#[must_use = "an address was proved to be used"]
pub struct Proved {
    purpose: ProofPurpose,
    account: Option<UserId>,
    address: EmailAddress,
}

impl Proved {
    /// The address, if it was proved for making an account.
    pub fn for_registration(self) -> Option<EmailAddress> {
        let fits = self.purpose == ProofPurpose::Register && self.account.is_none();
        fits.then_some(self.address)
    }

    /// The address, if it was proved for the codes of an account that is being made.
    pub fn for_first_code_address(self) -> Option<EmailAddress> {
        let fits = self.purpose == ProofPurpose::FirstCodeAddress && self.account.is_none();
        fits.then_some(self.address)
    }

    /// The address, if it was proved for this account and purpose (REC-08).
    pub fn for_account(self, purpose: ProofPurpose, user: UserId) -> Option<EmailAddress> {
        let fits = self.purpose == purpose && self.account == Some(user);
        fits.then_some(self.address)
    }
}

/// What came of a typed code.
#[derive(Debug)]
pub enum ProofOutcome {
    /// It was the code; the proof is spent.
    Proved(Proved),
    /// Wrong; so many tries are left.
    Wrong(u8),
    /// A code that a newer one replaced; so many tries are left.
    Earlier(u8),
    /// Too late; a new one can be asked.
    Expired,
    /// The tries are used up: from the start.
    Stopped,
    /// Too many wrong codes for this address today (OTP-06).
    Wait(Timestamp),
    /// The proof is gone: from the start.
    Gone,
}

impl Provider {
    /// Checks a typed, normalised code. Counted before it is compared (THR-07).
    pub async fn try_proof(
        &self,
        purpose: ProofPurpose,
        code: &str,
        visit: &Visit,
    ) -> Result<ProofOutcome, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let Some(proof) = self.load_proof(purpose, visit).await? else {
            return Ok(ProofOutcome::Gone);
        };
        let pending = &proof.pending;
        let index = self.address_index(&proof.candidate.address);
        let account = budget(&self.address_key, pending.account, &index);
        let attempt = CodeTry {
            account: &account,
            device: DeviceClass::Unknown,
            ip: &visit.origin.ip,
        };
        let ticket = match self.throttle.before_code_try(attempt, now).await? {
            Pass::Go(ticket) => ticket,
            Pass::Wait { until, .. } => return Ok(ProofOutcome::Wait(until)),
        };
        let bound = Bound {
            purpose,
            challenge: &pending.challenge,
            account: pending.account,
            index: &index,
        };
        let mac = mac(&self.code_key, bound, code);
        let tried = self
            .session
            .try_code(&pending.challenge, &mac, &proof.binding, now);
        let attempt = tried.await?;
        if matches!(attempt, Attempt::Right | Attempt::Expired | Attempt::Gone) {
            self.throttle.after_success(ticket).await;
        }
        let (outcome, recorded) = match attempt {
            Attempt::Right => return self.proof_was_right(proof, visit).await,
            Attempt::Gone => return Ok(ProofOutcome::Gone),
            Attempt::Wrong { left } => (ProofOutcome::Wrong(left), Outcome::WrongCode),
            Attempt::Earlier { left } => (ProofOutcome::Earlier(left), Outcome::WrongCode),
            Attempt::Stopped => (ProofOutcome::Stopped, Outcome::WrongCode),
            Attempt::Expired => (ProofOutcome::Expired, Outcome::ExpiredCode),
        };
        if matches!(outcome, ProofOutcome::Stopped) {
            self.end_proof(&proof).await?;
        }
        let mut event = self.event(EventKind::AddressProof, recorded, &visit.origin);
        event.user_id = pending.account;
        event.detail = serde_json::json!({
            "purpose": purpose.name(), "step": "tried",
            "stopped": matches!(outcome, ProofOutcome::Stopped),
        });
        self.store.write(move |tx| tx.record(&event)).await?;
        Ok(outcome)
    }

    async fn proof_was_right(&self, proof: Loaded, visit: &Visit) -> Result<ProofOutcome, Failure> {
        let now = self.now();
        self.end_proof(&proof).await?;
        let (pending, account) = (&proof.pending, proof.pending.account);
        let mut event = self.event(EventKind::AddressProof, Outcome::Passed, &visit.origin);
        event.user_id = account;
        event.detail = serde_json::json!({ "purpose": pending.purpose.name(), "step": "tried" });
        let (challenge, until) = (pending.challenge.clone(), pending.closes_at);
        let work = move |tx: &mut Tx<'_>| {
            let owner = account.map(|user| tx.account(user)).transpose()?.flatten();
            // OTP-08: of all nodes and fail-overs one gets this.
            let first = tx.spend_challenge(&challenge, now, until)?;
            if first == Once::First {
                tx.record(&event)?;
            }
            Ok((owner.map(|owner| owner.user), first))
        };
        let (owner, first) = self.store.write(work).await?;
        let acts = match (&owner, account) {
            (Some(owner), _) => account_may_act(owner.state),
            (None, account) => account.is_none(),
        };
        // SES-09: what was void before the code came stays void.
        let (kind, epoch) = (EpochKind::Session, pending.epoch);
        let current = self.knowledge.is_current(epoch, kind, owner.as_ref(), None);
        if first == Once::Again || !acts || !current || !proof.candidate.hears {
            return Ok(ProofOutcome::Gone);
        }
        self.give_back(proof.pending.mails).await;
        Ok(ProofOutcome::Proved(Proved {
            purpose: proof.pending.purpose,
            account,
            address: proof.candidate.address,
        }))
    }

    async fn end_proof(&self, proof: &Loaded) -> Result<(), Failure> {
        let place = self.proof_place(proof.pending.purpose, &proof.binding);
        let (kind, now) = (ParkedKind::AddressProof, self.now());
        let _value = self.session.unpark(kind, &place, now).await?;
        Ok(())
    }
}
