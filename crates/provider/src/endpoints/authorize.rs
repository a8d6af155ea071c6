//! The authorization endpoint (RFC 6749 §3.1): read the request, look at the session, answer at once
//! or begin a sign-in.

use sekisho_model::{
    AuthorizationCode, Client, ClientId, CodeRecord, Consent, Event, EventKind, FlowId, Grant,
    GrantId, GrantTerms, Locale, Outcome, PreAuthToken, ScopeSet,
};
use sekisho_session::ParkedKind;
use sekisho_store::RegisteredClient;

use super::visit::{LiveSession, Visit};
use crate::rules::authorization_request::{self, AuthorizationRequest, PageRefusal, Refusal};
use crate::rules::consent::{self, ConsentNeed};
use crate::rules::oauth_error::AuthorizationError;
use crate::rules::parameters::Parameters;
use crate::rules::redirect_uri::Callback;
use crate::rules::sign_in::{self, Destination, FLOW_LIFE, PendingSignIn, SessionFacts, SignedIn};
use crate::{Failure, Provider};

/// Where a browser goes next.
#[derive(Debug)]
pub enum Next {
    /// Back to the app, with an answer.
    Answer(Answer),
    /// To the sign-in page of this flow.
    SignIn(FlowId),
    /// To the consent page of this flow.
    Consent(FlowId),
    /// To a page of ours.
    Page(String),
}

/// A redirect to a verified redirect URI.
#[derive(Debug)]
pub struct Answer {
    /// The whole URI, answer included.
    pub uri: String,
    /// The verified part of it, for `form-action` and for what the person is told.
    pub callback: Callback,
    /// Name of the app.
    pub client_name: String,
    /// Whether the person is asked before the browser leaves the web for a program on this device
    /// whose identity nobody can assure (RFC 8252 §8.6).
    pub ask_first: bool,
}

/// A request of a client on behalf of somebody who is signed in.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) request: &'a AuthorizationRequest,
    pub(super) client: &'a Client,
    pub(super) live: &'a LiveSession,
}

/// What the authorization endpoint answers.
#[derive(Debug)]
pub enum Authorized {
    /// An error page here; the client's name if it is known.
    Page(PageRefusal, Option<String>),
    /// On to the next step, with a cookie to set if one was made.
    Next(Next, Option<PreAuthToken>),
}

impl Provider {
    /// Answers an authorization request.
    pub async fn authorize(
        &self,
        parameters: &Parameters,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        let client = match parameters.single("client_id") {
            Ok(Some(id)) => self.clients.find(id).await?,
            Ok(None) | Err(_) => None,
        };
        let request =
            match authorization_request::check(client.as_ref().map(|c| &c.client), parameters) {
                Ok(request) => request,
                Err(Refusal::Page(page)) => {
                    return Ok(Authorized::Page(
                        page,
                        client.map(|c| c.client.client_name.clone()),
                    ));
                }
                Err(Refusal::Callback(callback, error)) => {
                    let name = client
                        .map(|c| c.client.client_name.clone())
                        .unwrap_or_default();
                    return Ok(Authorized::Next(
                        Next::Answer(self.refused(callback, error, name)),
                        None,
                    ));
                }
            };
        let Some(client) = client else {
            return Ok(Authorized::Page(PageRefusal::UnknownClient, None));
        };
        self.answer(request, &client, visit).await
    }

    async fn answer(
        &self,
        request: AuthorizationRequest,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        let live = self.live_session(visit).await?;
        let facts = live.as_ref().map(|live| SessionFacts {
            auth_time: live.session.auth_time,
            methods: &live.session.methods,
        });
        let needs_code = client.client.require_second_step;
        let name = client.client.client_name.clone();
        if let Some(live) = live
            .as_ref()
            .filter(|_| sign_in::session_answers(facts, &request, needs_code, self.now()))
        {
            return self.with_session(request, client, live, visit).await;
        }
        if request.prompt.none {
            let answer = self.refused(request.callback, AuthorizationError::LoginRequired, name);
            return Ok(Authorized::Next(Next::Answer(answer), None));
        }
        let (flow, cookie) = self
            .begin_flow(Destination::App(Box::new(request)), None, visit)
            .await?;
        Ok(Authorized::Next(Next::SignIn(flow), cookie))
    }

    async fn with_session(
        &self,
        request: AuthorizationRequest,
        client: &RegisteredClient,
        live: &LiveSession,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        if self.consent_need(&request, client, live).await? == ConsentNeed::None {
            let scope = request.scope.clone();
            let answer = self
                .issue_code(
                    Asked {
                        request: &request,
                        client: &client.client,
                        live,
                    },
                    scope,
                    visit,
                    None,
                )
                .await?;
            return Ok(Authorized::Next(Next::Answer(answer), None));
        }
        if request.prompt.none {
            let name = client.client.client_name.clone();
            let answer = self.refused(request.callback, AuthorizationError::ConsentRequired, name);
            return Ok(Authorized::Next(Next::Answer(answer), None));
        }
        let who = SignedIn {
            user_id: live.user.id,
            session_id: live.session.id,
        };
        let destination = Destination::App(Box::new(request));
        let (flow, cookie) = self.begin_flow(destination, Some(who), visit).await?;
        Ok(Authorized::Next(Next::Consent(flow), cookie))
    }

    pub(super) async fn consent_need(
        &self,
        request: &AuthorizationRequest,
        client: &RegisteredClient,
        live: &LiveSession,
    ) -> Result<ConsentNeed, Failure> {
        let (user, id) = (live.user.id, client.client.client_id.clone());
        let before: Option<Consent> = self.store.read(move |tx| tx.consent(user, &id)).await?;
        Ok(consent::need(
            &client.client,
            &request.scope,
            before.as_ref(),
            request.prompt,
        ))
    }

    /// An error answer for the client.
    pub(super) fn refused(
        &self,
        callback: Callback,
        error: AuthorizationError,
        client_name: String,
    ) -> Answer {
        let uri = callback.with_error(error, &self.settings.issuer);
        Answer {
            uri,
            callback,
            client_name,
            ask_first: false,
        }
    }

    /// Parks a new pending sign-in; the browser keeps its cookie if it has one.
    pub(super) async fn begin_flow(
        &self,
        destination: Destination,
        signed_in: Option<SignedIn>,
        visit: &Visit,
    ) -> Result<(FlowId, Option<PreAuthToken>), Failure> {
        let made = visit
            .pre_auth
            .is_none()
            .then(|| PreAuthToken::generate(&*self.entropy));
        let Some(token) = visit.pre_auth.as_ref().or(made.as_ref()) else {
            return Err(Failure::Corrupt("pre-auth cookie"));
        };
        let now = self.now();
        let mut pending =
            PendingSignIn::begin(destination, token.digest(), self.knowledge.epoch_now(), now);
        if let Some(who) = signed_in {
            pending.signed_in(who);
        }
        let flow = FlowId::generate(&*self.entropy);
        let value = serde_json::to_vec(&pending)
            .map_err(|_unwritable| Failure::Corrupt("pending sign-in"))?;
        self.session
            .park(ParkedKind::SignIn, flow.as_str(), value, FLOW_LIFE, now)
            .await?;
        Ok((flow, made))
    }

    /// Issues an authorization code; `consented` is written in the same transaction.
    pub(super) async fn issue_code(
        &self,
        asked: Asked<'_>,
        scope: ScopeSet,
        visit: &Visit,
        consented: Option<Consent>,
    ) -> Result<Answer, Failure> {
        let Asked {
            request,
            client,
            live,
        } = asked;
        let now = self.now();
        self.knowledge.may_issue(now)?;
        let code = AuthorizationCode::generate(&*self.entropy);
        let client_id: ClientId = client.client_id.clone();
        let grant = Grant {
            id: GrantId::new(now, &*self.entropy),
            client_id: client_id.clone(),
            user_id: live.user.id,
            session_id: live.session.id,
            scope,
            terms: GrantTerms::default(),
            auth_time: live.session.auth_time,
            methods: live.session.methods.clone(),
            epoch: live.session.epoch,
            created_at: now,
            revoked_at: None,
        };
        let record = self.code_record(asked, &grant, &code, visit.locale);
        let mut event = self.event(EventKind::Authorization, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.client_id = Some(client_id);
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({ "scope": grant.scope.to_string() });
        let allowed = self.event(EventKind::Consent, Outcome::Passed, &visit.origin);
        let allowed = Event {
            kind: EventKind::Consent,
            id: allowed.id,
            ..event.clone()
        };
        self.store
            .write(move |tx| {
                if let Some(consent) = &consented {
                    tx.put_consent(consent)?;
                    tx.record(&allowed)?;
                }
                tx.insert_grant(&grant)?;
                tx.insert_code(&record)?;
                tx.record(&event)
            })
            .await?;
        Ok(Answer {
            uri: request
                .callback
                .with_code(code.reveal(), &self.settings.issuer),
            callback: request.callback.clone(),
            client_name: client.client_name.clone(),
            ask_first: client.is_public() && request.callback.leaves_the_web(),
        })
    }

    fn code_record(
        &self,
        asked: Asked<'_>,
        grant: &Grant,
        code: &AuthorizationCode,
        locale: Locale,
    ) -> CodeRecord {
        let request = asked.request;
        CodeRecord {
            digest: code.digest(),
            grant_id: grant.id,
            client_id: grant.client_id.clone(),
            redirect_uri: request.callback.uri().to_owned(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            dpop_jkt: None,
            auth_time_required: request.max_age.is_some(),
            locale,
            expires_at: grant.created_at + self.settings.lifetimes.code,
            used_at: None,
        }
    }
}
