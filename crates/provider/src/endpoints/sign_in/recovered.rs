//! A sign-in with a recovery code stops once on its way: how many are left, and whether the code address still
//! works, is said before the person is back at the app (ux 6.3).

use sekisho_model::{EmailAddress, Timestamp};

use super::super::authorize::Next;
use super::super::visit::{LiveSession, Visit};
use super::flow::LoadedFlow;
use crate::rules::sign_in::{SignedIn, Stage};
use crate::{Failure, Provider};

/// What is said after a recovery code was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// How many codes are left.
    pub left: u64,
    /// Where codes are mailed to; whole, because its owner is signed in.
    pub code_address: Option<EmailAddress>,
    /// Until when addresses stay as they are.
    pub held_until: Option<Timestamp>,
}

impl Provider {
    /// Keeps the sign-in until the person goes on.
    pub(super) async fn tell_of_recovery(
        &self,
        mut flow: LoadedFlow,
        live: &LiveSession,
    ) -> Result<Option<Next>, Failure> {
        flow.pending.signed_in(SignedIn {
            user_id: live.user.id,
            session_id: live.session.id,
        });
        let saved = self.save_flow(&flow).await?;
        Ok(saved.then_some(Next::Recovered(flow.id)))
    }

    /// What is said; `None` if no recovery code was used in this sign-in, or nobody is signed in by it.
    pub async fn recovered(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<Recovered>, Failure> {
        let Some(live) = self.told_of_recovery(flow, visit).await? else {
            return Ok(None);
        };
        let user = live.user.id;
        let Some(account) = self.account(user).await? else {
            return Ok(None);
        };
        Ok(Some(Recovered {
            left: self.recovery_figures(user).await?.left,
            code_address: account.code_address,
            held_until: self.addresses_held_until(user).await?,
        }))
    }

    /// The person has read it: on to where the sign-in was going.
    pub async fn after_recovery(
        &self,
        mut flow: LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<Next>, Failure> {
        let Some(live) = self.told_of_recovery(&flow, visit).await? else {
            return Ok(None);
        };
        flow.pending.recovery_used = false;
        self.after_sign_in(flow, &live, visit).await
    }

    async fn told_of_recovery(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<LiveSession>, Failure> {
        let (Stage::Consent(who), true) = (&flow.pending.stage, flow.pending.recovery_used) else {
            return Ok(None);
        };
        let live = self.live_session(visit).await?;
        Ok(live
            .filter(|live| live.session.id == who.session_id && live.user.id == who.user_id)
            // INC-07: what moved while the page was read voids the sign-in.
            .map(|live| LiveSession {
                since: flow.pending.epoch,
                ..live
            }))
    }
}
