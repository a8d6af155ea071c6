//! The consent page and its decision (Core §3.1.2.4; CON-01..04).

use std::collections::BTreeSet;

use sekisho_guard::EndpointClass;
use sekisho_model::{Client, Consent, EventKind, Locale, Outcome, ScopeSet, Timestamp};

use super::authorization_answer::{Answer, Consented};
use super::authorize::Asked;
use super::sign_in::LoadedFlow;
use super::visit::{LiveSession, Visit};
use crate::accounts::OpenAccount;
use crate::rules::authorization_details;
use crate::rules::authorization_request::AuthorizationRequest;
use crate::rules::consent::{self, Wanted};
use crate::rules::lookalike::Doubt;
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
    /// Why its name deserves a second look.
    pub doubt: Option<Doubt>,
    /// Host of the return address.
    pub host: String,
    /// Origin for `form-action`.
    pub form_action: String,
    /// What is asked.
    pub scope: ScopeSet,
    /// What of it may be left out.
    pub optional: ScopeSet,
    /// Single claims beside those of the scopes, by name.
    pub claims: BTreeSet<String>,
    /// What is asked in detail: a title, and names with values.
    pub details: Vec<(String, Vec<(String, String)>)>,
    /// What the tokens are for.
    pub resources: Vec<String>,
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
        self.pass_app(EndpointClass::Consent, &client.client, Some(&live.user))?;
        let Some(account) = self.account(live.user.id).await? else {
            return Ok(None);
        };
        let (user, id) = (live.user.id, request.client_id.clone());
        let before = self.store.read(move |tx| tx.consent(user, &id)).await?;
        let client_name = super::sign_in::client_name(&client.client, visit.locale);
        Ok(Some(ConsentView {
            doubt: self.doubt_about(&client.client, &[&client_name]).await?,
            client_name,
            host: request.reply.callback.display_host(),
            form_action: request.reply.callback.form_action(),
            claims: single_claims(&request),
            details: self.shown_details(&request, visit),
            resources: request.resources.clone(),
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
        if matches!(decision, ConsentDecision::Allow(_)) {
            // The flow stays, so that the person can go on when consent is open again.
            self.pass_app(EndpointClass::Consent, &client.client, Some(&live.user))?;
        }
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
                let _first = self.use_up(&request).await?;
                let error = AuthorizationError::AccessDenied;
                return self
                    .refused(&request.reply, error, &client.client, true)
                    .map(Some);
            }
        };
        let scope = consent::granted(&client.client, &request.scope, &ticked);
        let (user, id) = (live.user.id, request.client_id.clone());
        let before = self.store.read(move |tx| tx.consent(user, &id)).await?;
        let known = before.as_ref().map(|before| &before.scope);
        let consented = Consented {
            begins_offline: consent::begins_offline_access(known, &scope),
            consent: widened(before, &request, &live, &scope, self.now()),
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

    /// RFC 9396 §2: each detail in the words of its type.
    fn shown_details(
        &self,
        request: &AuthorizationRequest,
        visit: &Visit,
    ) -> Vec<(String, Vec<(String, String)>)> {
        let kind_of = |detail: &serde_json::Value| {
            let name = detail.get("type")?.as_str()?;
            let kinds = &self.settings.detail_types;
            kinds.iter().find(|kind| kind.name == name)
        };
        let shown = |detail| {
            let kind = kind_of(detail)?;
            let title = match visit.locale {
                Locale::Ja if !kind.title_ja.is_empty() => &kind.title_ja,
                _ if !kind.title.is_empty() => &kind.title,
                _ => &kind.name,
            };
            Some((title.clone(), authorization_details::shown(detail, kind)))
        };
        request
            .authorization_details
            .iter()
            .filter_map(shown)
            .collect()
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
            // INC-07: the app asked before the page was shown; what moved meanwhile voids it.
            .map(|live| LiveSession {
                since: flow.pending.epoch,
                ..live
            })
            .map(|live| (request.clone(), live)))
    }
}

/// Claims that no asked scope opens anyway.
fn single_claims(request: &AuthorizationRequest) -> BTreeSet<String> {
    Wanted {
        scope: &request.scope,
        claims: request.claims.all(),
        resources: BTreeSet::new(),
        in_detail: false,
    }
    .single_claims()
}

/// What was allowed before, and now as well.
fn widened(
    before: Option<Consent>,
    request: &AuthorizationRequest,
    live: &LiveSession,
    scope: &ScopeSet,
    now: Timestamp,
) -> Consent {
    let (old_scope, old_claims, old_resources) = before
        .map(|before| (before.scope, before.claims, before.resources))
        .unwrap_or_default();
    let resources: BTreeSet<String> = request.resources.iter().cloned().collect();
    Consent {
        user_id: live.user.id,
        client_id: request.client_id.clone(),
        scope: old_scope.union(scope),
        claims: old_claims.union(&single_claims(request)).cloned().collect(),
        resources: old_resources.union(&resources).cloned().collect(),
        granted_at: now,
    }
}
