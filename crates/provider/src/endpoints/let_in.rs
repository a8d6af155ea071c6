//! The mailed way in for an owner at a new device while strangers are held up (THR-04). It works wherever signing
//! in works, also while nobody can change a password.

use std::sync::Arc;

use sekisho_guard::{Concerned, EndpointClass};
use sekisho_mail::LetterBody;
use sekisho_model::{
    EmailAddress, EventKind, Feature, FlowId, Origin, Outcome, PreAuthToken, ResetToken,
};
use sekisho_store::{Once, ResetRecord};

use super::password_reset::LinkFor;
use super::visit::Visit;
use crate::rules::password_reset::Standing;
use crate::rules::sign_in::{Destination, LetIn, PendingSignIn, safe_return};
use crate::{Failure, Provider};

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetInView {
    /// A sign-in may begin with it.
    Open,
    /// The link was used.
    Used,
    /// It never was one, or its time is over.
    Over,
}

/// What came of a link.
#[derive(Debug)]
pub enum LetInOutcome {
    /// A sign-in that strangers cannot stop, and the cookie it belongs to.
    Begun(FlowId, Option<PreAuthToken>),
    /// The link was used.
    Used,
    /// It never was one, or its time is over.
    Over,
}

impl Provider {
    /// Somebody is held up. Answers the same in the same time for everybody, as for a forgotten password (ENU-01).
    pub async fn let_in_asked(
        self: &Arc<Self>,
        address: EmailAddress,
        origin: Origin,
    ) -> Result<(), Failure> {
        self.knowledge.may_issue(self.now())?;
        self.works(Feature::LetIn)?;
        self.pass(EndpointClass::SignIn, Concerned::default())?;
        self.link_asked(address, origin, LinkFor::LettingIn).await
    }

    /// What the page of a link shows. Looking uses nothing up (REC-01).
    pub async fn let_in_view(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<LetInView, Failure> {
        self.works(Feature::LetIn)?;
        self.pass(EndpointClass::SignIn, Concerned::default())?;
        Ok(match self.found_reset(token, visit).await? {
            Ok(_) => LetInView::Open,
            Err(Standing::Used) => LetInView::Used,
            Err(_) => LetInView::Over,
        })
    }

    /// Uses a link up without a new password, also one for a new password: a sign-in begins whose tries strangers cannot use up.
    /// The password and the second step are asked as always; the browser becomes neither known nor trusted,
    /// so one mailbox opens nothing more than before (REC-04).
    pub async fn let_in_by_link(
        &self,
        token: &ResetToken,
        visit: &Visit,
    ) -> Result<LetInOutcome, Failure> {
        self.works(Feature::LetIn)?;
        self.pass(EndpointClass::SignIn, Concerned::default())?;
        let user_id = match self.found_reset(token, visit).await? {
            Ok(found) => found.account.user.id,
            Err(Standing::Used) => return Ok(LetInOutcome::Used),
            Err(_) => return Ok(LetInOutcome::Over),
        };
        let mut event = self.event(EventKind::ResetAsked, Outcome::Passed, &visit.origin);
        event.user_id = Some(user_id);
        event.detail = serde_json::json!({ "let_in": true });
        let (digest, now) = (token.digest(), self.now());
        let used = self
            .store
            .write(move |tx| {
                let once = tx.take_reset(&digest, now)?;
                if once == Once::First {
                    tx.record(&event)?;
                }
                Ok(once)
            })
            .await?;
        if used == Once::Again {
            return Ok(LetInOutcome::Used);
        }
        let let_in = LetIn { user_id };
        let destination = Destination::Page(safe_return(None));
        let open = |pending: &mut PendingSignIn| pending.let_in = Some(let_in);
        let (flow, cookie) = self.begin_with(destination, open, visit).await?;
        Ok(LetInOutcome::Begun(flow, cookie))
    }

    /// The letter with a link, in the words of what it is for.
    pub(super) fn link_letter(
        &self,
        token: &ResetToken,
        wanted: LinkFor,
        (record, origin): (&ResetRecord, &Origin),
    ) -> LetterBody {
        let (issuer, token) = (&self.settings.issuer, token.reveal());
        let minutes = self.settings.resets.link_life.as_secs() / 60;
        let (expires_at, at, ip) = (record.expires_at, record.created_at, origin.ip.clone());
        match wanted {
            LinkFor::LettingIn => LetterBody::LetInLink {
                link: format!("{issuer}/login/by-mail/{token}"),
                minutes,
                expires_at,
                at,
                ip,
            },
            LinkFor::NewPassword | LinkFor::Vouched => LetterBody::ResetLink {
                link: format!("{issuer}/password/reset/{token}"),
                by_operator: wanted == LinkFor::Vouched,
                minutes,
                expires_at,
                at,
                ip,
            },
        }
    }
}
