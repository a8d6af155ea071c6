use sekisho_guard::{Concerned, EndpointClass};
use std::time::Duration;

use sekisho_model::{
    Digest, EmailAddress, EventKind, Feature, InvitationId, InvitationToken, Origin, Outcome,
    Purpose, Timestamp, UserId,
};
use sekisho_store::{Invitation, InvitedAddress, Once, Tx};

use crate::rules::sign_up::{InvitationFacts, Presented, SignUpRefusal, admission};
use crate::{Failure, Provider};

/// An invitation as it is handed out; the link is known now and never again.
#[derive(Debug)]
pub struct MadeInvitation {
    /// What operators call it by.
    pub id: InvitationId,
    /// Where it leads.
    pub link: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// An invitation as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownInvitation {
    /// What to call it by.
    pub id: InvitationId,
    /// The only address it works for, while it can be used.
    pub address: Option<EmailAddress>,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// The account it was used for, and when.
    pub used: Option<(Timestamp, Option<UserId>)>,
}

impl Provider {
    /// Whether a registration may begin or go on; with `Ok(true)` the invitation is used up by it.
    pub async fn sign_up_admission(
        &self,
        invitation: Option<Digest>,
        address: Option<&Digest>,
    ) -> Result<Result<bool, SignUpRefusal>, Failure> {
        self.works(Feature::PersonRegistration)?;
        self.pass(EndpointClass::PersonRegistration, Concerned::default())?;
        let (mode, now) = (self.settings.sign_up, self.now());
        let Some(digest) = invitation else {
            return Ok(admission(mode, Presented::None, address, now));
        };
        let found = self.store.read(move |tx| tx.invitation(&digest)).await?;
        let presented = found.as_ref().map_or(Presented::Unknown, |found| {
            Presented::Known(InvitationFacts {
                used: found.used_at.is_some(),
                expires_at: found.expires_at,
                bound_to: found.address.as_ref().map(|address| &address.index),
            })
        });
        Ok(admission(mode, presented, address, now))
    }

    /// Makes an invitation for this address, or for any. For the command line.
    pub async fn invite(
        &self,
        address: Option<&EmailAddress>,
        life: Duration,
        made_by: &str,
    ) -> Result<MadeInvitation, Failure> {
        let now = self.now();
        let id = InvitationId::new(now, &*self.entropy);
        let token = InvitationToken::generate(&*self.entropy);
        let invitation = Invitation {
            id,
            digest: token.digest(),
            address: address.map(|address| self.invited_address(id, address)),
            made_by: made_by.to_owned(),
            created_at: now,
            expires_at: now + life,
            used_at: None,
            used_by: None,
        };
        let mut event = self.event(EventKind::Invitation, Outcome::Passed, &Origin::default());
        event.detail = serde_json::json!({
            "step": "made", "invitation": id.to_string(), "bound": address.is_some(), "by": made_by,
        });
        let expires_at = invitation.expires_at;
        let work = move |tx: &mut Tx<'_>| {
            tx.insert_invitation(&invitation)?;
            tx.record(&event)
        };
        self.store.write(work).await?;
        let link = format!(
            "{}/register?invitation={}",
            self.settings.issuer,
            token.reveal()
        );
        Ok(MadeInvitation {
            id,
            link,
            expires_at,
        })
    }

    fn invited_address(&self, id: InvitationId, address: &EmailAddress) -> InvitedAddress {
        let (owner, plain) = (id.to_string(), address.to_string());
        let purpose = Purpose::Invitation;
        InvitedAddress {
            sealed: self
                .keyring
                .seal(purpose, &owner, plain.as_bytes(), &*self.entropy),
            index: self.address_index(address),
        }
    }

    /// Invitations made before `before`, newest first. For the command line.
    pub async fn invitations(
        &self,
        before: Option<InvitationId>,
        limit: u32,
    ) -> Result<Vec<ShownInvitation>, Failure> {
        let found = self.store.read(move |tx| tx.invitations(before, limit));
        let found = found.await?.into_iter();
        found.map(|invitation| self.shown(invitation)).collect()
    }

    fn shown(&self, invitation: Invitation) -> Result<ShownInvitation, Failure> {
        let unreadable = || Failure::Corrupt("invited address");
        let owner = invitation.id.to_string();
        let open = |address: InvitedAddress| {
            let plain = self
                .keyring
                .open(Purpose::Invitation, &owner, &address.sealed)?;
            let text = String::from_utf8(plain).map_err(|_not_text| unreadable())?;
            EmailAddress::parse(&text).map_err(|_refused| unreadable())
        };
        Ok(ShownInvitation {
            address: invitation.address.map(open).transpose()?,
            id: invitation.id,
            made_by: invitation.made_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            used: invitation.used_at.map(|at| (at, invitation.used_by)),
        })
    }

    /// Takes an unused invitation back; `Again` if there is none.
    pub async fn uninvite(&self, id: InvitationId, by: &str) -> Result<Once, Failure> {
        let mut event = self.event(EventKind::Invitation, Outcome::Passed, &Origin::default());
        event.detail = serde_json::json!({
            "step": "taken back", "invitation": id.to_string(), "by": by,
        });
        let work = move |tx: &mut Tx<'_>| {
            let ended = tx.end_invitation(id)?;
            if ended == Once::First {
                tx.record(&event)?;
            }
            Ok(ended)
        };
        Ok(self.store.write(work).await?)
    }
}
