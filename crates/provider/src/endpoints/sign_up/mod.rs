//! Making an account oneself: an address that is proved in this browser, a password, a code address; then the
//! account with its event, in one transaction (REC-08, REC-10, REC-11, REC-13). The order of steps is
//! [`crate::rules::sign_up`].
//!
//! An address that has an account already is answered like any other; its owner gets another letter, and no code
//! is ever right (ENU-04).

mod details;
mod finish;
mod invitations;
mod parked;

pub use details::{FirstCodeAddress, SignUpChoice};
pub use finish::{SignUpOutcome, SignedUp};
pub use invitations::{MadeInvitation, ShownInvitation};
pub use parked::LoadedSignUp;

use sekisho_model::{EmailAddress, FlowId, InvitationToken, PreAuthToken, ProofPurpose, Timestamp};
use sekisho_session::ParkedKind;

use super::address_proof::{ProofBegun, ProofWish, Proved};
use super::visit::{NewCookies, Visit};
use crate::rules::sign_up::{PendingSignUp, SignUpMode, SignUpRefusal, SignUpStage};
use crate::{Failure, Provider};

/// An address somebody wants an account for.
#[derive(Debug)]
pub struct SignUpWish<'a> {
    /// The address.
    pub address: &'a EmailAddress,
    /// What the link of an invitation carried.
    pub invitation: Option<&'a InvitationToken>,
    /// The pending sign-in it goes on with at the end.
    pub flow: Option<FlowId>,
}

/// What came of the wish.
#[derive(Debug)]
pub enum SignUpBegun {
    /// A letter is on its way there.
    Sent(NewCookies),
    /// Nobody can, or not with this invitation.
    Refused(SignUpRefusal),
    /// No more letters there, or from there, until then (OTP-12).
    NoMoreCodes(Timestamp),
}

impl Provider {
    /// Whether the sign-in page offers to make an account.
    pub fn offers_sign_up(&self) -> bool {
        self.settings.sign_up == SignUpMode::Open
    }

    /// Mails a code to the address an account is wanted for. A registration this browser had begun ends; where
    /// it came from is kept.
    pub async fn begin_sign_up(
        &self,
        wish: SignUpWish<'_>,
        visit: &Visit,
    ) -> Result<SignUpBegun, Failure> {
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let former = self.load_sign_up(visit).await?.map(|found| found.pending);
        let (flow, presented) = former.map_or((None, None), |one| (one.flow, one.invitation));
        let presented = wish.invitation.map(InvitationToken::digest).or(presented);
        let index = self.address_index(wish.address);
        let counts = match self.sign_up_admission(presented, Some(&index)).await? {
            Ok(counts) => counts,
            Err(refusal) => return Ok(SignUpBegun::Refused(refusal)),
        };
        let proof = ProofWish {
            purpose: ProofPurpose::Register,
            candidate: wish.address,
            account: None,
        };
        let cookies = match self.begin_proof(proof, visit).await? {
            ProofBegun::Sent(cookies) => cookies,
            ProofBegun::NoMoreCodes(until) => return Ok(SignUpBegun::NoMoreCodes(until)),
            ProofBegun::NoSession => return Err(Failure::Corrupt("pre-auth cookie")),
        };
        let token = cookies.pre_auth.as_ref().or(visit.pre_auth.as_ref());
        let Some(binding) = token.map(PreAuthToken::digest) else {
            return Err(Failure::Corrupt("pre-auth cookie"));
        };
        self.park_sign_up(&PendingSignUp {
            binding,
            flow: wish.flow.or(flow),
            invitation: presented.filter(|_| counts),
            stage: SignUpStage::Address,
            began_at: now,
            epoch: self.knowledge.epoch_now(),
        })
        .await?;
        Ok(SignUpBegun::Sent(cookies))
    }

    /// The code was typed: the registration goes on under a new cookie, with its pending sign-in. `None` if the
    /// browser has begun none.
    pub async fn sign_up_proved(
        &self,
        proved: Proved,
        visit: &Visit,
    ) -> Result<Option<NewCookies>, Failure> {
        let (Some(address), Some(found)) =
            (proved.for_registration(), self.load_sign_up(visit).await?)
        else {
            return Ok(None);
        };
        let mut pending = found.pending;
        let (token, former) = (
            PreAuthToken::generate(&*self.entropy),
            self.sign_up_place(&pending.binding),
        );
        let binding = token.digest();
        let kind = ParkedKind::SignUp;
        if !pending.address_proved(&address, binding)
            || self
                .session
                .unpark(kind, &former, self.now())
                .await?
                .is_none()
        {
            return Ok(None);
        }
        if let Some(id) = pending.flow.take()
            && let Some(mut flow) = self.flow(id.as_str(), visit).await?
            && flow.pending.bound_anew(binding)
            && self.save_flow(&flow).await?
        {
            pending.flow = Some(id);
        }
        self.park_sign_up(&pending).await?;
        Ok(Some(NewCookies {
            pre_auth: Some(token),
            ..NewCookies::default()
        }))
    }
}
