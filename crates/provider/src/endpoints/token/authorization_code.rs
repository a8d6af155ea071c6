use std::sync::Arc;

use sekisho_model::{
    AuthorizationCode, Client, CodeRecord, Digest, Event, EventKind, Grant, GrantType, Outcome,
    RefreshToken, Timestamp, User,
};
use sekisho_store::{Once, RegisteredClient, StoreError, Tx};

use super::first_refresh::FirstRefresh;
use super::issue::{ForUser, about, refusal};
use super::{Asked, Issued};
use crate::endpoints::sender::Sender;
use crate::failure::Halted;
use crate::incidents::Gate;
use crate::rules::code_redemption::{Ask, Decision, decide};
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::rules::resource;
use crate::rules::standing::{SharedEpochs, may_issue_for};
use crate::{Failure, Provider};

/// What became of the code in the transaction.
enum Redeemed {
    First(Box<First>),
    /// A resource was named that was not granted; nothing changed.
    Target,
    Refused(&'static str, Option<sekisho_model::GrantId>),
    /// Used before, and what it produced ended before: it is counted, and leaves no event of its own.
    Again,
    /// An operator has paused it; nothing changed.
    Halted(Box<Halted>),
}

/// What the first redemption of a code gets.
struct First {
    code: CodeRecord,
    grant: Grant,
    user: User,
    resources: Vec<String>,
}

impl Provider {
    /// RFC 6749 §4.1.3: the code is consumed in one statement; the first gets tokens (TK-08).
    pub(super) async fn authorization_code(
        &self,
        client: &RegisteredClient,
        form: &Parameters,
        asked_by: &Asked<'_>,
    ) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if !client.client.may_use(GrantType::AuthorizationCode) {
            return refused(TokenError::UnauthorizedClient);
        }
        let Some(code) = form.first("code") else {
            return refused(TokenError::InvalidRequest("code is missing"));
        };
        let Some(code) = AuthorizationCode::presented(code) else {
            return refused(TokenError::InvalidGrant(UNKNOWN));
        };
        let confirmation = match asked_by.sender.binding(&client.client) {
            Ok(confirmation) => confirmation,
            Err(error) => return refused(error),
        };
        let refresh = client
            .client
            .may_use(GrantType::RefreshToken)
            .then(|| RefreshToken::generate(&*self.entropy));
        let first = refresh
            .as_ref()
            .map(|token| self.first_refresh(token, &client.client, confirmation.as_ref()));
        match self.redeem(&code, client, form, first, asked_by).await? {
            Redeemed::Target => refused(TokenError::InvalidTarget),
            Redeemed::Halted(halted) => Err(Failure::Halted(halted)),
            Redeemed::Again => refused(TokenError::InvalidGrant(USED)),
            Redeemed::Refused(why, grant) => {
                if let Some(grant) = grant {
                    self.forget_standing(grant);
                }
                refused(TokenError::InvalidGrant(why))
            }
            Redeemed::First(first) => {
                let who = ForUser {
                    grant: &first.grant,
                    subject: &self.subject_for(&client.client, &first.user),
                    scope: &first.grant.scope,
                    confirmation,
                    resources: first.resources,
                    nonce: first.code.nonce.as_deref(),
                    refresh_token: refresh.map(|refresh| refresh.reveal().to_owned()),
                };
                self.tokens_for(&client.client, who).await
            }
        }
    }

    async fn redeem(
        &self,
        code: &AuthorizationCode,
        client: &RegisteredClient,
        form: &Parameters,
        refresh: Option<FirstRefresh>,
        asked_by: &Asked<'_>,
    ) -> Result<Redeemed, Failure> {
        let redemption = Redemption {
            now: self.now(),
            digest: code.digest(),
            client: client.client.clone(),
            redirect_uri: form.first("redirect_uri").map(str::to_owned),
            verifier: form.first("code_verifier").map(str::to_owned),
            resources: form.all("resource").map(str::to_owned).collect(),
            sender: asked_by.sender.clone(),
            refresh,
            shared: self.knowledge.shared(),
            gate: self.token_gate(),
            event: self.event(EventKind::CodeRedeemed, Outcome::Passed, asked_by.origin),
        };
        let redeemed = self.store.write(move |tx| redemption.apply(tx)).await?;
        if matches!(redeemed, Redeemed::Again) {
            self.note_replay("code", &client.client.client_id, asked_by.origin);
        }
        Ok(redeemed)
    }
}

const UNKNOWN: &str = "the code is unknown";
const USED: &str = "the code was already used";

/// One redemption, decided and written in one transaction.
struct Redemption {
    now: Timestamp,
    digest: Digest,
    client: Client,
    redirect_uri: Option<String>,
    verifier: Option<String>,
    resources: Vec<String>,
    sender: Sender,
    refresh: Option<FirstRefresh>,
    shared: Arc<SharedEpochs>,
    gate: Gate,
    event: Event,
}

impl Redemption {
    fn apply(&self, tx: &mut Tx<'_>) -> Result<Redeemed, StoreError> {
        let Some((record, grant)) = tx.code(&self.digest)? else {
            return Ok(Redeemed::Refused(UNKNOWN, None));
        };
        if let Some(halted) = self.gate.halt(tx, &grant)? {
            return Ok(Redeemed::Halted(halted));
        }
        let ask = Ask {
            client_id: &self.client.client_id,
            redirect_uri: self.redirect_uri.as_deref(),
            code_verifier: self.verifier.as_deref(),
            key: self.sender.key.as_deref(),
        };
        match decide(&record, &grant, ask, &self.client, self.now) {
            Decision::Redeem => {
                let named = self.resources.iter().map(String::as_str);
                let default = self.client.default_resource.as_ref();
                match resource::of_token(named, &grant.terms.resources, default) {
                    Ok(resources) => self.take(tx, record, grant, resources),
                    Err(_refused) => Ok(Redeemed::Target),
                }
            }
            Decision::RevokeFamily => self.revoke_family(tx, &grant),
            Decision::Burn(why) => {
                let _first = tx.take_code(&self.digest, self.now)?;
                self.refuse(tx, &grant, why)
            }
            Decision::Refuse(why) => self.refuse(tx, &grant, why),
        }
    }

    fn take(
        &self,
        tx: &mut Tx<'_>,
        record: CodeRecord,
        grant: Grant,
        resources: Vec<String>,
    ) -> Result<Redeemed, StoreError> {
        // AZ-19: the account is looked at again, because it may have been stopped since.
        let user = tx.account(grant.user_id)?.map(|account| account.user);
        let Some(user) = user.filter(|user| may_issue_for(user, &grant, &self.shared)) else {
            return self.refuse(tx, &grant, "the grant was revoked");
        };
        if tx.take_code(&self.digest, self.now)? == Once::Again {
            return self.revoke_family(tx, &grant);
        }
        if let Some(refresh) = &self.refresh {
            refresh.insert(tx, &grant, self.now)?;
        }
        tx.record(&about(&self.event, &grant, Outcome::Passed))?;
        Ok(Redeemed::First(Box::new(First {
            code: record,
            grant,
            user,
            resources,
        })))
    }

    fn refuse(
        &self,
        tx: &mut Tx<'_>,
        grant: &Grant,
        why: &'static str,
    ) -> Result<Redeemed, StoreError> {
        tx.record(&refusal(&self.event, grant, why))?;
        Ok(Redeemed::Refused(why, None))
    }

    /// TK-09: a code used twice has leaked; what it produced ends, once. Whoever goes on with it writes no more rows.
    fn revoke_family(&self, tx: &mut Tx<'_>, grant: &Grant) -> Result<Redeemed, StoreError> {
        if tx.revoke_grant(grant.id, self.now)? == Once::Again {
            return Ok(Redeemed::Again);
        }
        tx.record(&about(&self.event, grant, Outcome::Replayed))?;
        Ok(Redeemed::Refused(USED, Some(grant.id)))
    }
}
