use std::sync::Arc;

use sekisho_model::{
    Client, CodeRecord, Confirmation, DeviceCode, Digest, Event, EventKind, Grant, GrantType,
    Outcome, RefreshToken, Timestamp, User,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};

use super::first_refresh::FirstRefresh;
use super::issue::{ForUser, about, refusal};
use super::{Asked, Issued};
use crate::failure::Halted;
use crate::incidents::Gate;
use crate::rules::device::{Poll, may_ask, storage_digest};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::resource;
use crate::rules::standing::{SharedEpochs, may_issue_for};
use crate::{Failure, Provider};

const UNKNOWN: &str = "the device code is unknown or was used";

/// How often a poll that lost against another write is tried again.
const TRIES: u8 = 4;

/// What became of an allowed device code in the transaction.
enum Taken {
    First(Box<(Grant, User)>),
    /// The person's yes is being written.
    NotYet,
    Refused(&'static str),
    /// An operator has paused it; nothing changed.
    Halted(Box<Halted>),
}

impl Provider {
    /// RFC 8628 §3.4: a poll. After the person's yes exactly one gets tokens.
    pub(super) async fn device_code(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !may_ask(&client.client) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(code) = form.first("device_code") else {
            return refused(TokenError::InvalidRequest("device_code is missing"));
        };
        let Some(code) = DeviceCode::presented(code) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
        };
        let confirmation = match asked_by.sender.binding(&client.client) {
            Ok(confirmation) => confirmation,
            Err(error) => return refused(error),
        };
        match self.poll_device(code.digest(), &client.client).await? {
            Poll::Take => {
                self.take_device(code.digest(), &client.client, confirmation, asked_by)
                    .await
            }
            Poll::Later(error) | Poll::Never(error) => refused(error),
        }
    }

    async fn poll_device(&self, id: Digest, client: &Client) -> Result<Poll, Failure> {
        for _ in 0..TRIES {
            let device = self.device_request(id).await?;
            let own = device.filter(|device| device.request.client_id == client.client_id);
            let Some(mut device) = own else {
                return Ok(Poll::Never(TokenError::InvalidGrant(UNKNOWN)));
            };
            if !self.device_counts(&device.request, client) {
                return Ok(Poll::Never(TokenError::ExpiredToken));
            }
            let poll = device.request.poll(self.now());
            match poll {
                Poll::Later(_) if !self.save_device(&device).await? => {}
                Poll::Later(_) | Poll::Never(_) | Poll::Take => return Ok(poll),
            }
        }
        // So many polls at once are too many.
        Ok(Poll::Later(TokenError::SlowDown))
    }

    async fn take_device(
        &self,
        id: Digest,
        client: &Client,
        confirmation: Option<Confirmation>,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let refresh = client
            .may_use(GrantType::RefreshToken)
            .then(|| RefreshToken::generate(&*self.entropy));
        let taking = Taking {
            now: self.now(),
            digest: storage_digest(&id),
            client: client.clone(),
            refresh: refresh
                .as_ref()
                .map(|token| self.first_refresh(token, client, confirmation.as_ref())),
            shared: self.knowledge.shared(),
            gate: self.token_gate(),
            event: self.event(EventKind::DeviceRedeemed, Outcome::Passed, asked_by.origin),
        };
        let first = match self.store.write(move |tx| taking.apply(tx)).await? {
            Taken::First(first) => first,
            Taken::Halted(halted) => return Err(Failure::Halted(halted)),
            Taken::NotYet => return Ok(Issued::Refused(TokenError::AuthorizationPending)),
            Taken::Refused(why) => return Ok(Issued::Refused(TokenError::InvalidGrant(why))),
        };
        self.forget_device(&id, self.now()).await;
        let (grant, user) = &*first;
        let default = client.default_resource.as_ref();
        let granted = &grant.terms.resources;
        let resources = resource::of_token(std::iter::empty(), granted, default)
            .map_err(|_refused| Failure::Corrupt("resources"))?;
        let who = ForUser {
            grant,
            subject: &self.subject_for(client, user),
            scope: &grant.scope,
            confirmation,
            resources,
            nonce: None,
            refresh_token: refresh.map(|refresh| refresh.reveal().to_owned()),
        };
        self.tokens_for(client, who).await
    }
}

/// One redemption, decided and written in one transaction.
struct Taking {
    now: Timestamp,
    digest: Digest,
    client: Client,
    refresh: Option<FirstRefresh>,
    shared: Arc<SharedEpochs>,
    gate: Gate,
    event: Event,
}

impl Taking {
    fn apply(&self, tx: &mut Tx<'_>) -> Result<Taken, StoreError> {
        let Some((record, grant)) = tx.code(&self.digest)? else {
            return Ok(Taken::NotYet);
        };
        if let Some(halted) = self.gate.halt(tx, &grant)? {
            return Ok(Taken::Halted(halted));
        }
        if let Some(why) = self.wrong_with(&record, &grant) {
            tx.record(&refusal(&self.event, &grant, why))?;
            return Ok(Taken::Refused(why));
        }
        // TK-16: the account is looked at again, because it may have been stopped since.
        let user = tx.account(grant.user_id)?.map(|account| account.user);
        let Some(user) = user.filter(|user| may_issue_for(user, &grant, &self.shared)) else {
            let why = "the grant was revoked";
            tx.record(&refusal(&self.event, &grant, why))?;
            return Ok(Taken::Refused(why));
        };
        if tx.take_code(&self.digest, self.now)? == Once::Again {
            return Ok(Taken::Refused(UNKNOWN));
        }
        if let Some(refresh) = &self.refresh {
            refresh.insert(tx, &grant, self.now)?;
        }
        tx.record(&about(&self.event, &grant, Outcome::Passed))?;
        Ok(Taken::First(Box::new((grant, user))))
    }

    fn wrong_with(&self, record: &CodeRecord, grant: &Grant) -> Option<&'static str> {
        if record.client_id != self.client.client_id || grant.client_id != self.client.client_id {
            return Some("the device code belongs to another client");
        }
        if record.used_at.is_some() {
            return Some(UNKNOWN);
        }
        if self.now >= record.expires_at {
            return Some("the device code has expired");
        }
        grant
            .revoked_at
            .is_some()
            .then_some("the grant was revoked")
    }
}
