use sekisho_model::{
    Client, Confirmation, DeviceCode, Digest, Event, EventKind, Grant, GrantId, GrantType, Outcome,
    RefreshRecord, RefreshToken, Timestamp, User,
};
use sekisho_session::{Parked, ParkedKind};
use sekisho_store::{RegisteredClient, StoreError, Tx};

use super::issue::{ForUser, about};
use super::{Asked, Issued};
use crate::endpoints::device::{read, written};
use crate::rules::device::{self, DeviceRequest, Poll, REMEMBERED};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::resource;
use crate::rules::standing::may_issue_for;
use crate::{Failure, Provider};

const UNKNOWN: &str = "the device code is unknown or was used";

impl Provider {
    /// RFC 8628 §3.4: a device asks whether the person has decided. Of several polls after that one
    /// gets tokens.
    pub(super) async fn device_code(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !self.settings.features.device {
            return refused(TokenError::UnsupportedGrantType);
        }
        if !client.client.may_use(GrantType::DeviceCode) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(code) = form.first("device_code") else {
            return refused(TokenError::InvalidRequest("device_code is missing"));
        };
        let confirmation = match asked_by.sender.binding(&client.client) {
            Ok(confirmation) => confirmation,
            Err(error) => return refused(error),
        };
        let now = self.now();
        let id = DeviceCode::presented(code).map(|code| code.digest().to_base64url());
        let found = match &id {
            Some(id) => self.session.parked(ParkedKind::DeviceCode, id, now).await?,
            None => None,
        };
        let (Some(id), Some(found)) = (id, found) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
        };
        let request = read(&found.value)?;
        match device::poll(&request, &client.client.client_id, now) {
            Poll::Unknown => refused(TokenError::InvalidGrant(UNKNOWN)),
            Poll::Expired => refused(TokenError::ExpiredToken),
            Poll::Denied => {
                self.session
                    .unpark(ParkedKind::DeviceCode, &id, now)
                    .await?;
                refused(TokenError::AccessDenied)
            }
            Poll::Pending => {
                self.remember_poll(&id, found, request, false).await?;
                refused(TokenError::AuthorizationPending)
            }
            Poll::TooOften => {
                self.remember_poll(&id, found, request, true).await?;
                refused(TokenError::SlowDown)
            }
            Poll::Take(grant) => {
                let taken = self
                    .session
                    .unpark(ParkedKind::DeviceCode, &id, now)
                    .await?;
                if taken.is_none() {
                    return refused(TokenError::InvalidGrant(UNKNOWN));
                }
                self.tokens_for_device(client, form, asked_by, grant, confirmation)
                    .await
            }
        }
    }

    /// When the person decides in the same moment, that wins: the poll is then not remembered.
    async fn remember_poll(
        &self,
        id: &str,
        found: Parked,
        request: DeviceRequest,
        slower: bool,
    ) -> Result<(), Failure> {
        let now = self.now();
        let interval = request.interval + if slower { 5 } else { 0 };
        let request = DeviceRequest {
            polled_at: Some(now),
            interval: interval.min(300),
            ..request
        };
        let kind = ParkedKind::DeviceCode;
        let _put = self
            .session
            .repark(kind, id, written(&request)?, found.version, REMEMBERED, now)
            .await?;
        Ok(())
    }

    async fn tokens_for_device(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
        grant: GrantId,
        confirmation: Option<Confirmation>,
    ) -> Result<Issued, Failure> {
        let client = &client.client;
        let refresh = client
            .may_use(GrantType::RefreshToken)
            .then(|| RefreshToken::generate(&*self.entropy));
        let shared = self.knowledge.shared();
        let event = self.event(EventKind::CodeRedeemed, Outcome::Passed, asked_by.origin);
        let bound = confirmation.clone().filter(|_| client.is_public());
        let record =
            |digest: Digest, now: Timestamp| self.refresh_record(client, grant, digest, bound, now);
        let prepared = refresh
            .as_ref()
            .map(|token| record(token.digest(), self.now()));
        let work = move |tx: &mut Tx<'_>| {
            let Some(grant) = tx.grant(grant)?.filter(|grant| grant.revoked_at.is_none()) else {
                return Ok(None);
            };
            let user = tx.account(grant.user_id)?.map(|account| account.user);
            let Some(user) = user.filter(|user| may_issue_for(user, &grant, &shared)) else {
                return Ok(None);
            };
            write(tx, prepared.as_ref(), &event, &grant)?;
            Ok(Some((grant, user)))
        };
        let found: Option<(Grant, User)> = self.store.write(work).await?;
        let Some((grant, user)) = found else {
            return Ok(Issued::Refused(TokenError::InvalidGrant(
                "the grant was revoked",
            )));
        };
        let default = client.default_resource.as_ref();
        let named = resource::of_token(form.all("resource"), &grant.terms.resources, default);
        let Ok(resources) = named else {
            return Ok(Issued::Refused(TokenError::InvalidTarget));
        };
        let who = ForUser {
            grant: &grant,
            subject: &self.subject_for(client, &user),
            scope: &grant.scope,
            confirmation,
            resources,
            nonce: None,
            refresh_token: refresh.map(|refresh| refresh.reveal().to_owned()),
        };
        self.tokens_for(client, who).await
    }

    fn refresh_record(
        &self,
        client: &Client,
        grant: GrantId,
        digest: Digest,
        bound_to: Option<Confirmation>,
        now: Timestamp,
    ) -> RefreshRecord {
        let lifetimes = &self.settings.lifetimes;
        RefreshRecord {
            digest,
            grant_id: grant,
            client_id: client.client_id.clone(),
            issued_at: now,
            idle_until: now + lifetimes.refresh_idle,
            expires_at: now + lifetimes.refresh,
            used_at: None,
            bound_to,
            successor: None,
        }
    }
}

fn write(
    tx: &mut Tx<'_>,
    refresh: Option<&RefreshRecord>,
    event: &Event,
    grant: &Grant,
) -> Result<(), StoreError> {
    if let Some(refresh) = refresh {
        tx.insert_refresh(refresh)?;
    }
    tx.record(&about(event, grant, Outcome::Passed))
}
