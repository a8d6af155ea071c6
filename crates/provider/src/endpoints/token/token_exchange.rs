use std::sync::Arc;

use sekisho_model::{
    Client, Confirmation, Epoch, Event, EventKind, Grant, GrantId, Outcome, ScopeSet,
    SigningAlgorithm, Timestamp, User,
};
use sekisho_store::{RegisteredClient, StoreError, Tx};
use serde_json::{Value, json};

use super::issue::{Bearer, about, token_type};
use super::{Asked, Issued, TokenResponse};
use crate::endpoints::introspect::Found;
use crate::failure::Halted;
use crate::incidents::Gate;
use crate::rules::claims::{self, AccessTokenClaims};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::standing::{SharedEpochs, may_issue_for};
use crate::rules::token_exchange::{self, ACCESS_TOKEN, Wish};
use crate::{Failure, Provider};

/// Everything the new token is made from.
struct Exchange<'a> {
    client: &'a Client,
    subject: Found,
    scope: ScopeSet,
    targets: Vec<String>,
    confirmation: Option<Confirmation>,
    act: Option<Value>,
}

impl Provider {
    /// RFC 8693 §2: an access token of ours for another one that allows no more, lives no longer, and
    /// ends with the same grant. No refresh token comes with it.
    pub(super) async fn token_exchange(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let exchange = match self.exchange(&client.client, form, asked_by).await? {
            Ok(exchange) => exchange,
            Err(error) => return Ok(Issued::Refused(error)),
        };
        let event = self.event(EventKind::TokenExchanged, Outcome::Passed, asked_by.origin);
        let Some(subject) = self.recorded(&exchange, event).await? else {
            return Ok(Issued::Refused(SUBJECT));
        };
        self.exchanged(exchange, subject, asked_by.since)
            .map(Issued::Tokens)
    }

    async fn exchange<'a>(
        &self,
        client: &'a Client,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Result<Exchange<'a>, TokenError>, Failure> {
        let read = token_exchange::policy(client)
            .and_then(|policy| token_exchange::read(form, policy).map(|wish| (policy, wish)));
        let (policy, wish) = match read {
            Ok(read) => read,
            Err(error) => return Ok(Err(error)),
        };
        let Some(subject) = self.held(wish.subject_token, asked_by).await? else {
            return Ok(Err(SUBJECT));
        };
        if !token_exchange::may_present(client, policy, &subject.client_id) {
            return Ok(Err(SUBJECT));
        }
        let actor = match self.actor(client, &wish, asked_by).await? {
            Ok(actor) => actor,
            Err(error) => return Ok(Err(error)),
        };
        Ok(put_together(
            client,
            policy.impersonation,
            subject,
            &actor,
            wish,
            asked_by,
        ))
    }

    /// A token of ours that counts now, in the hands of who may use it.
    async fn held(&self, token: &str, asked_by: &Asked<'_>) -> Result<Option<Found>, Failure> {
        let found = self.find_access_token(token).await?;
        let bound_elsewhere = |found: &Found| {
            let bound = found.confirmation.as_ref();
            bound.is_some_and(|bound| !asked_by.sender.holds(bound))
        };
        Ok(found.filter(|found| !bound_elsewhere(found)))
    }

    /// Who acts: the client, or whom its own token speaks for.
    async fn actor(
        &self,
        client: &Client,
        wish: &Wish<'_>,
        asked_by: &Asked<'_>,
    ) -> Result<Result<String, TokenError>, Failure> {
        let Some(token) = wish.actor_token else {
            return Ok(Ok(client.client_id.to_string()));
        };
        let found = self.held(token, asked_by).await?;
        let own = found.filter(|found| found.client_id == client.client_id.as_str());
        Ok(own.and_then(|found| found.subject).ok_or(ACTOR))
    }

    /// Looks at grant and user once more, and records the exchange, in one transaction (TK-16). The
    /// user's subject if there is a user; `None` if the token counts no more.
    async fn recorded(
        &self,
        exchange: &Exchange<'_>,
        event: Event,
    ) -> Result<Option<Option<String>>, Failure> {
        let mut event = Event {
            client_id: Some(exchange.client.client_id.clone()),
            ..event
        };
        event.detail = json!({
            "subject_client": exchange.subject.client_id,
            "audience": exchange.targets,
            "scope": exchange.scope.to_string(),
        });
        let Some(grant) = exchange.subject.grant.as_ref().map(|grant| grant.id) else {
            let work = move |tx: &mut Tx<'_>| tx.record(&event);
            self.store.write(work).await?;
            return Ok(Some(None));
        };
        let record = Record {
            grant,
            shared: self.knowledge.shared(),
            gate: self.token_gate(),
            event,
        };
        let user = match self.store.write(move |tx| record.write(tx)).await? {
            Ok(Some(user)) => user,
            Ok(None) => return Ok(None),
            Err(halted) => return Err(Failure::Halted(halted)),
        };
        // As the client that got the subject token knows the user (Core §8.1).
        let client = self.clients.find(&exchange.subject.client_id).await?;
        Ok(client.map(|client| Some(self.subject_for(&client.client, &user))))
    }

    fn exchanged(
        &self,
        exchange: Exchange<'_>,
        user: Option<String>,
        since: Epoch,
    ) -> Result<Box<TokenResponse>, Failure> {
        let Exchange {
            client,
            subject: old,
            scope,
            targets,
            confirmation,
            act,
        } = exchange;
        let now = self.now();
        let end = now + self.settings.lifetimes.access_token;
        let expires_at = end.min(Timestamp::from_seconds(old.expires_at));
        let grant: Option<&Grant> = old.grant.as_ref();
        let token_type = token_type(confirmation.as_ref());
        let claims = AccessTokenClaims {
            iss: self.settings.issuer.clone(),
            jti: self.exchanged_id(&old, since),
            aud: targets,
            exp: expires_at.seconds(),
            iat: now.seconds(),
            client_id: client.client_id.to_string(),
            scope: scope.to_string(),
            auth_time: grant.map(|grant| grant.auth_time.seconds()),
            acr: grant.map(|grant| claims::acr(&grant.methods).to_owned()),
            // An opaque token does not say whom it speaks for, the grant does.
            sub: old.subject.or(user).ok_or(Failure::Corrupt("subject"))?,
            cnf: confirmation,
            act,
            authorization_details: Vec::new(),
        };
        let keys = self.keys.current();
        Ok(Box::new(TokenResponse {
            access_token: keys.sign(SigningAlgorithm::ES256, "at+jwt", &claims, now)?,
            token_type,
            expires_in: expires_at.since(now).as_secs(),
            scope: scope.to_string(),
            refresh_token: None,
            id_token: None,
            authorization_details: Vec::new(),
            issued_token_type: Some(ACCESS_TOKEN),
        }))
    }

    /// An id with the same owner: the grant, or the epoch the machine's token was issued under.
    fn exchanged_id(&self, old: &Found, since: Epoch) -> String {
        let bearer = match &old.grant {
            Some(grant) => Bearer::User(grant, ""),
            None => Bearer::Machine(since),
        };
        let fresh = self.token_id(&bearer);
        let owner = old.token_id.as_deref().and_then(|id| id.split_once('.'));
        match (owner, fresh.split_once('.')) {
            (Some((owner, _)), Some((_, random))) => format!("{owner}.{random}"),
            _ => fresh,
        }
    }
}

/// What one exchange of a user's token writes.
struct Record {
    grant: GrantId,
    shared: Arc<SharedEpochs>,
    gate: Gate,
    event: Event,
}

impl Record {
    /// The user; `None`, with nothing written, if the grant or its user stands no more.
    fn write(&self, tx: &mut Tx<'_>) -> Result<Result<Option<User>, Box<Halted>>, StoreError> {
        let grant = tx.grant(self.grant)?;
        let Some(grant) = grant.filter(|grant| grant.revoked_at.is_none()) else {
            return Ok(Ok(None));
        };
        if let Some(halted) = self.gate.halt(tx, &grant)? {
            return Ok(Err(halted));
        }
        let user = tx.account(grant.user_id)?.map(|account| account.user);
        let Some(user) = user.filter(|user| may_issue_for(user, &grant, &self.shared)) else {
            return Ok(Ok(None));
        };
        let client_id = self.event.client_id.clone();
        tx.record(&Event {
            client_id,
            ..about(&self.event, &grant, Outcome::Passed)
        })?;
        Ok(Ok(Some(user)))
    }
}

/// RFC 8693 §2.2.2: whatever is wrong with it, one answer.
const SUBJECT: TokenError =
    TokenError::InvalidRequest("the subject token cannot be exchanged here");
const ACTOR: TokenError = TokenError::InvalidRequest("the actor token is not good for this client");

fn put_together<'a>(
    client: &'a Client,
    impersonation: bool,
    subject: Found,
    actor: &str,
    wish: Wish<'_>,
    asked_by: &Asked<'_>,
) -> Result<Exchange<'a>, TokenError> {
    Ok(Exchange {
        scope: token_exchange::narrowed(client, &subject.scope, wish.scope.as_ref())?,
        act: token_exchange::act(actor, subject.act.clone(), impersonation)?,
        confirmation: asked_by.sender.binding(client)?,
        client,
        subject,
        targets: wish.targets,
    })
}
