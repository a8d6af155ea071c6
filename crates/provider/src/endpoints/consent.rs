//! The consent page and its decision (Core §3.1.2.4; CON-01..04).

use sekisho_model::{Client, Consent, EventKind, Outcome, ScopeSet};

use super::authorize::{Answer, Asked};
use super::sign_in::LoadedFlow;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::authorization_request::AuthorizationRequest;
use crate::rules::consent;
use crate::rules::oauth_error::AuthorizationError;
use crate::rules::sign_in::Stage;
use crate::{Failure, Provider};

/// What the consent page shows.
#[derive(Debug)]
pub struct ConsentView {
    /// The app.
    pub client: Client,
    /// Its name in the page's language.
    pub client_name: String,
    /// Host of the return address.
    pub host: String,
    /// Origin for `form-action`.
    pub form_action: String,
    /// What is asked.
    pub scope: ScopeSet,
    /// What of it may be left out.
    pub optional: ScopeSet,
    /// What was allowed before.
    pub before: ScopeSet,
    /// Whose data it is.
    pub account: OpenAccount,
}

/// What the person decided.
#[derive(Debug)]
pub enum ConsentDecision {
    /// Allow, with these optional scopes ticked.
    Allow(ScopeSet),
    /// Deny.
    Deny,
}

impl Provider {
    /// What the consent page of a flow shows; `None` if the flow is not at that stage or belongs to
    /// another session (CON-02).
    pub async fn consent_view(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<ConsentView>, Failure> {
        let Some((request, live)) = self.awaiting_consent(flow, visit).await? else {
            return Ok(None);
        };
        let Some(client) = self.clients.find(request.client_id.as_str()).await? else {
            return Ok(None);
        };
        let Some(account) = self.account(live.user.id).await? else {
            return Ok(None);
        };
        let (user, id) = (live.user.id, request.client_id.clone());
        let before = self.store.read(move |tx| tx.consent(user, &id)).await?;
        Ok(Some(ConsentView {
            client_name: super::sign_in::client_name(&client.client, visit.locale),
            host: request.callback.display_host(),
            form_action: request.callback.form_action(),
            optional: consent::optional(&client.client).common(&request.scope),
            before: before.map(|before| before.scope).unwrap_or_default(),
            scope: request.scope,
            client: client.client.clone(),
            account,
        }))
    }

    /// Answers the app as the person decided. Of several decisions on one flow the first counts;
    /// `None` for the others.
    pub async fn decide_consent(
        &self,
        flow: &LoadedFlow,
        decision: ConsentDecision,
        visit: &Visit,
    ) -> Result<Option<Answer>, Failure> {
        let Some((request, live)) = self.awaiting_consent(flow, visit).await? else {
            return Ok(None);
        };
        let client = self.clients.find(request.client_id.as_str()).await?;
        let Some(client) = client.filter(|client| !client.client.disabled) else {
            return Ok(None);
        };
        if !self.end_flow(&flow.id).await? {
            return Ok(None);
        }
        let ticked = match decision {
            ConsentDecision::Allow(ticked) => ticked,
            ConsentDecision::Deny => {
                let mut event = self.event(EventKind::Consent, Outcome::Denied, &visit.origin);
                event.user_id = Some(live.user.id);
                event.client_id = Some(request.client_id.clone());
                self.store.write(move |tx| tx.record(&event)).await?;
                let name = client.client.client_name.clone();
                return Ok(Some(self.refused(
                    request.callback,
                    AuthorizationError::AccessDenied,
                    name,
                )));
            }
        };
        let scope = consent::granted(&client.client, &request.scope, &ticked);
        let (user, id) = (live.user.id, request.client_id.clone());
        let before = self.store.read(move |tx| tx.consent(user, &id)).await?;
        let consented = Consent {
            user_id: live.user.id,
            client_id: request.client_id.clone(),
            scope: before
                .map(|before| before.scope)
                .unwrap_or_default()
                .union(&scope),
            claims: std::collections::BTreeSet::new(),
            resources: std::collections::BTreeSet::new(),
            granted_at: self.now(),
        };
        self.issue_code(
            Asked {
                request: &request,
                client: &client.client,
                live: &live,
            },
            scope,
            visit,
            Some(consented),
        )
        .await
        .map(Some)
    }

    async fn awaiting_consent(
        &self,
        flow: &LoadedFlow,
        visit: &Visit,
    ) -> Result<Option<(AuthorizationRequest, LiveSession)>, Failure> {
        let (Stage::Consent(who), Some(request)) = (&flow.pending.stage, flow.pending.request())
        else {
            return Ok(None);
        };
        let live = self.live_session(visit).await?;
        Ok(live
            .filter(|live| live.session.id == who.session_id && live.user.id == who.user_id)
            .map(|live| (request.clone(), live)))
    }
}
