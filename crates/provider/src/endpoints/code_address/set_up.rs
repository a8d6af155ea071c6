//! The new address: given, proved by a code that is mailed there, and set. It receives no code of this sign-in
//! (OTP-23): everything of the account ends, and the person signs in again.

use sekisho_guard::EndpointClass;
use sekisho_model::{
    AddressKind, Digest, EmailAddress, Epoch, Event, EventKind, FlowId, Outcome, ProofPurpose,
    Sealed, Timestamp, UserId,
};
use sekisho_store::{AddressChange, Hold, Once, OutboxLetter, StoreError, Tx};
use serde_json::json;

use super::super::address_proof::{ProofBegun, ProofWish, Proved};
use super::super::new_password::end_all_of;
use super::super::sign_in::{LoadedFlow, concerned, hold};
use super::super::standing_session::counts_before_move;
use super::super::visit::{NewCookies, Visit};
use super::Case;
use crate::rules::address_change::{AddressRefusal, Present, UNDO_FOR, after_all, refusal};
use crate::rules::code_address::{Reason, Stand, counts};
use crate::{Failure, Provider};

/// What came of a new address that was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUpAsked {
    /// A letter is on its way there.
    Sent,
    /// It cannot be used.
    Refused(AddressRefusal),
    /// No more letters until then.
    NoMoreCodes(Timestamp),
    /// The sign-in is gone, or is not as far: the page says what there is.
    Gone,
}

/// What came of a proved address.
#[derive(Debug)]
pub enum SetUpOutcome {
    /// Codes go there from now on; the sign-in begins anew.
    Set(FlowId, NewCookies),
    /// Something else changed meanwhile; nothing was set.
    Gone,
}

/// Everything one setting writes.
struct SetUpWork {
    user: UserId,
    reason: Reason,
    password_at: Option<Timestamp>,
    began_under: Epoch,
    new: (Sealed, Digest),
    letters: Vec<OutboxLetter>,
    links: Vec<Digest>,
    held: Hold,
    event: Event,
}

impl SetUpWork {
    /// `Conflict`, with nothing written, if the wait was stopped, the sign-in voided or the address taken meanwhile.
    fn write(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let user = self.user;
        if !counts_before_move(tx, self.began_under, user)? {
            return Err(StoreError::Conflict);
        }
        if self.reason == Reason::Lost {
            let is_due = |loss: sekisho_model::CodeAddressLoss| {
                loss.due_at <= now && counts(&loss, self.password_at, now)
            };
            let due = tx.code_address_loss(user)?.is_some_and(is_due);
            if !due || tx.end_code_address_loss(user)? == Once::Again {
                return Err(StoreError::Conflict);
            }
        }
        let before = tx.open_address_changes(user)?;
        let new = (&self.new.0, &self.new.1);
        let former = tx.change_address(user, AddressKind::Code, new, now)?;
        let change = AddressChange {
            id: self.event.id,
            user_id: user,
            kind: AddressKind::Code,
            former,
            made_at: after_all(before.iter().map(|change| change.made_at), now),
            undo_until: now + UNDO_FOR,
            ended_at: None,
            made_in: None,
        };
        tx.insert_address_change(&change, &self.links)?;
        end_all_of(tx, user, now)?;
        tx.drop_held(&self.held)?;
        self.letters.iter().try_for_each(|letter| tx.post(letter))?;
        tx.record(&self.event)
    }
}

impl Provider {
    /// Mails a code to the address that is to receive the codes.
    pub async fn begin_set_up(
        &self,
        flow: &LoadedFlow,
        new: &EmailAddress,
        visit: &Visit,
    ) -> Result<SetUpAsked, Failure> {
        let Some(case) = self.set_up_case(flow).await? else {
            return Ok(SetUpAsked::Gone);
        };
        if self.stand(&case) != Stand::NewAddress {
            return Ok(SetUpAsked::Gone);
        }
        if let Some(refusal) = self.set_up_refusal(&case, new) {
            return Ok(SetUpAsked::Refused(refusal));
        }
        let wish = ProofWish {
            purpose: ProofPurpose::OtherCodeAddress,
            candidate: new,
            account: Some(&case.open.user),
        };
        Ok(match self.begin_proof(wish, visit).await? {
            ProofBegun::Sent(_) => SetUpAsked::Sent,
            ProofBegun::NoMoreCodes(until) => SetUpAsked::NoMoreCodes(until),
            ProofBegun::NoSession => SetUpAsked::Gone,
        })
    }

    fn set_up_refusal(&self, case: &Case, new: &EmailAddress) -> Option<AddressRefusal> {
        let present = Present {
            login: &case.open.login_address,
            code: case.open.code_address.as_ref(),
            self_hosted: &self.settings.self_hosted_mail_domains,
            internal: &self.settings.resets.internal_domains,
        };
        refusal(AddressKind::Code, new, present)
    }

    /// Makes a proved address the one that codes go to. Sessions, tokens, trusted browsers and pending sign-ins end;
    /// every address is told, and those of before can undo it for seven days (REC-06, REC-07).
    pub async fn finish_set_up(
        &self,
        flow: LoadedFlow,
        proved: Proved,
        visit: &Visit,
    ) -> Result<SetUpOutcome, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let Some(case) = self.set_up_case(&flow).await? else {
            return Ok(SetUpOutcome::Gone);
        };
        self.pass(EndpointClass::Credentials, concerned(&flow, &case.open))?;
        let user = case.open.user.id;
        let purpose = ProofPurpose::OtherCodeAddress;
        let ready = self.stand(&case) == Stand::NewAddress;
        let new = proved.for_account(purpose, user).filter(|_| ready);
        let usable = |new: &EmailAddress| self.set_up_refusal(&case, new).is_none();
        let Some(new) = new.filter(usable) else {
            return Ok(SetUpOutcome::Gone);
        };
        let (letters, links) = self.change_letters(&case.open, AddressKind::Code, &new, visit);
        let work = SetUpWork {
            user,
            reason: case.reason,
            password_at: case.account.user.password_at,
            began_under: flow.pending.epoch,
            new: self.sealed_address(user, &new).await?,
            letters,
            links,
            held: hold(&flow, user),
            event: self.set_up_event(&case, visit),
        };
        match self.store.write(move |tx| work.write(tx, now)).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => return Ok(SetUpOutcome::Gone),
            Err(error) => return Err(error.into()),
        }
        self.after_password_change().await?;
        self.profiles.invalidate(&user);
        self.end_flow(&flow.id).await?;
        let destination = flow.pending.destination;
        let (again, pre_auth) = self.begin_flow(destination, None, visit).await?;
        let cookies = NewCookies {
            pre_auth,
            ..NewCookies::default()
        };
        Ok(SetUpOutcome::Set(again, cookies))
    }

    fn set_up_event(&self, case: &Case, visit: &Visit) -> Event {
        let how = match case.reason {
            Reason::Missing => "first",
            Reason::Lost => "lost",
        };
        let mut event = self.event(EventKind::AddressChanged, Outcome::Passed, &visit.origin);
        event.user_id = Some(case.open.user.id);
        event.detail = json!({ "which": "code", "step": "changed", "how": how });
        event
    }
}
