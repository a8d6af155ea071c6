//! The authorization endpoint (RFC 6749 §3.1): read the request, look at the session, answer at once
//! or begin a sign-in.

use sekisho_guard::{Concerned, EndpointClass};
use sekisho_model::{Client, Consent, FlowId, PreAuthToken};
use sekisho_session::ParkedKind;
use sekisho_store::RegisteredClient;

use super::authorization_answer::Answer;
use super::leaving::is_leaving;
use super::sign_in::AppHome;
use super::visit::{LiveSession, Visit};
use crate::rules::authorization_request::{self, AuthorizationRequest, PageRefusal, Refusal};
use crate::rules::consent::{self, ConsentNeed, Wanted};
use crate::rules::oauth_error::AuthorizationError;
use crate::rules::parameters::Parameters;
use crate::rules::sign_in::{self, Destination, FLOW_LIFE, PendingSignIn, SessionFacts, SignedIn};
use crate::rules::wanted_person;
use crate::{Failure, Provider};

/// Where a browser goes next.
#[derive(Debug)]
pub enum Next {
    /// Back to the app, with an answer.
    Answer(Answer),
    /// To the sign-in page of this flow.
    SignIn(FlowId),
    /// To the page where an account is made, on the way to this flow.
    SignUp(FlowId),
    /// To the page of this flow where a new password is chosen.
    Change(FlowId),
    /// To the consent page of this flow.
    Consent(FlowId),
    /// To the page that says what a recovery code was used for, on the way.
    Recovered(FlowId),
    /// To a page of ours.
    Page(String),
}

/// Where somebody decides whose account is to be erased.
pub(super) const KEEP_PAGE: &str = "/account/keep";

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
    /// An error page here; the app if it is known.
    Page(PageRefusal, Option<AppHome>),
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
        let Some(client) = client else {
            return Ok(Authorized::Page(PageRefusal::UnknownClient, None));
        };
        match self.read_request(&client.client, parameters).await? {
            Ok(request) => self.answer(request, &client, visit).await,
            Err(Refusal::Page(page)) => {
                let app = AppHome::of(&client.client, visit.locale);
                Ok(Authorized::Page(page, Some(app)))
            }
            Err(Refusal::Reply(reply, error)) => {
                let met = self.has_met(&client.client, visit).await?;
                let answer = self.refused(&reply, error, &client.client, met)?;
                Ok(Authorized::Next(Next::Answer(answer), None))
            }
        }
    }

    /// The request, wherever it lies: in the parameters, in a pushed request, in a request object.
    async fn read_request(
        &self,
        client: &Client,
        parameters: &Parameters,
    ) -> Result<Result<AuthorizationRequest, Refusal>, Failure> {
        let gathered = match self.gathered(client, parameters).await? {
            Ok(gathered) => gathered,
            Err(super::pushed_request::GatherRefusal::Page(page)) => {
                return Ok(Err(Refusal::Page(page)));
            }
            Err(super::pushed_request::GatherRefusal::Reply(error)) => {
                // What was signed cannot be believed, so only the outer address counts.
                let reply = authorization_request::reply(client, parameters, &self.settings);
                return Ok(Err(match reply {
                    Ok((reply, _)) => Refusal::Reply(reply, error),
                    Err(page) => Refusal::Page(page),
                }));
            }
        };
        let checked = authorization_request::check(
            client,
            &gathered.parameters,
            gathered.arrival,
            &self.settings,
        );
        let request = match checked {
            Ok(request) => AuthorizationRequest {
                dpop_jkt: gathered.dpop_jkt.or(request.dpop_jkt),
                pushed: gathered.pushed,
                ..request
            },
            Err(refusal) => return Ok(Err(refusal)),
        };
        let hint = self.id_token_hint(client, &gathered.parameters);
        let Ok(subject) = wanted_person::subject(request.subject.clone(), hint, request.prompt)
        else {
            // RO-02: an answer without a page completes the authorization as well.
            let _first = self.use_up(&request).await?;
            let error = AuthorizationError::LoginRequired;
            return Ok(Err(Refusal::Reply(request.reply, error)));
        };
        Ok(Ok(AuthorizationRequest { subject, ..request }))
    }

    async fn answer(
        &self,
        request: AuthorizationRequest,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        let live = self.live_session(visit).await?;
        let user = live.as_ref().map(|live| &live.user);
        if let Err(paused) = self.pass_request(&request, &client.client, user) {
            return self.paused(&request, paused, client, visit).await;
        }
        if request.prompt.create && self.offers_sign_up() {
            let destination = Destination::App(Box::new(request));
            let (flow, cookie) = self.begin_flow(destination, None, visit).await?;
            return Ok(Authorized::Next(Next::SignUp(flow), cookie));
        }
        let facts = live.as_ref().map(|live| SessionFacts {
            auth_time: live.session.auth_time,
            methods: &live.session.methods,
        });
        let needs_code = needs_code(&client.client, &request);
        if let Some(live) = live
            .as_ref()
            .filter(|live| self.is_wanted_subject(&client.client, &request, live))
            .filter(|_| sign_in::session_answers(facts, &request, needs_code, self.now()))
        {
            if is_leaving(&live.user) {
                return self.keep_first(&request, client, visit).await;
            }
            if self.must_change_first(live) {
                return self.change_first(request, client, visit).await;
            }
            return self.with_session(request, client, live, visit).await;
        }
        if request.prompt.none {
            // INC-04: to ask the person to sign in would be of no use while nobody can.
            let (class, id) = (EndpointClass::SignIn, Some(&client.client.client_id));
            let whom = Concerned {
                client: id,
                user: None,
            };
            if let Err(paused) = self.pass(class, whom) {
                return self.paused(&request, paused, client, visit).await;
            }
            let error = AuthorizationError::LoginRequired;
            return self.refused_silently(&request, error, client, visit).await;
        }
        let (flow, cookie) = self
            .begin_flow(Destination::App(Box::new(request)), None, visit)
            .await?;
        Ok(Authorized::Next(Next::SignIn(flow), cookie))
    }

    /// INC-04: an app that wants no page learns at its verified address that it has to wait; a person is
    /// shown the operator's words.
    async fn paused(
        &self,
        request: &AuthorizationRequest,
        paused: Failure,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        if !request.prompt.none || self.mode_works(request.reply.mode).is_err() {
            return Err(paused);
        }
        let error = AuthorizationError::TemporarilyUnavailable;
        let met = self.has_met(&client.client, visit).await?;
        let answer = self.refused(&request.reply, error, &client.client, met)?;
        Ok(Authorized::Next(Next::Answer(answer), None))
    }

    /// PW-29: nobody gets a code who has to choose a new password; at the sign-in they are led to it.
    async fn change_first(
        &self,
        request: AuthorizationRequest,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        if request.prompt.none {
            let error = AuthorizationError::InteractionRequired;
            return self.refused_silently(&request, error, client, visit).await;
        }
        let (flow, cookie) = self
            .begin_flow(Destination::App(Box::new(request)), None, visit)
            .await?;
        Ok(Authorized::Next(Next::SignIn(flow), cookie))
    }

    /// REC-16: nobody gets a code whose account is to be erased; whether it stays is asked first.
    async fn keep_first(
        &self,
        request: &AuthorizationRequest,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        if request.prompt.none {
            let error = AuthorizationError::InteractionRequired;
            return self.refused_silently(request, error, client, visit).await;
        }
        Ok(Authorized::Next(Next::Page(KEEP_PAGE.to_owned()), None))
    }

    async fn refused_silently(
        &self,
        request: &AuthorizationRequest,
        error: AuthorizationError,
        client: &RegisteredClient,
        visit: &Visit,
    ) -> Result<Authorized, Failure> {
        // RO-02: an answer without a page completes the authorization as well.
        let _first = self.use_up(request).await?;
        let met = self.has_met(&client.client, visit).await?;
        let answer = self.refused(&request.reply, error, &client.client, met)?;
        Ok(Authorized::Next(Next::Answer(answer), None))
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
            let asked = Asked {
                request: &request,
                client: &client.client,
                live,
            };
            let answer = self.issue_code(asked, scope, visit, None).await?;
            return Ok(Authorized::Next(Next::Answer(answer), None));
        }
        if request.prompt.none {
            let error = AuthorizationError::ConsentRequired;
            return self.refused_silently(&request, error, client, visit).await;
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
        let wanted = Wanted {
            scope: &request.scope,
            claims: request.claims.all(),
            resources: request.resources.iter().cloned().collect(),
            in_detail: !request.authorization_details.is_empty(),
        };
        Ok(consent::need(
            &client.client,
            &wanted,
            before.as_ref(),
            request.prompt,
        ))
    }

    /// Parks a new pending sign-in; the browser keeps its cookie if it has one.
    pub(super) async fn begin_flow(
        &self,
        destination: Destination,
        signed_in: Option<SignedIn>,
        visit: &Visit,
    ) -> Result<(FlowId, Option<PreAuthToken>), Failure> {
        if signed_in.is_none() {
            let client = destination.request().map(|request| &request.client_id);
            self.pass(EndpointClass::SignIn, Concerned { client, user: None })?;
        }
        let advance = |pending: &mut PendingSignIn| {
            if let Some(who) = signed_in {
                pending.signed_in(who);
            }
        };
        self.begin_with(destination, advance, visit).await
    }

    /// Parks a sign-in that was changed before anybody sees it; with a cookie, if the browser has none.
    pub(super) async fn begin_with(
        &self,
        destination: Destination,
        change: impl FnOnce(&mut PendingSignIn) + Send,
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
        change(&mut pending);
        let flow = FlowId::generate(&*self.entropy);
        let value = serde_json::to_vec(&pending)
            .map_err(|_unwritable| Failure::Corrupt("pending sign-in"))?;
        self.session
            .park(ParkedKind::SignIn, flow.as_str(), value, FLOW_LIFE, now)
            .await?;
        Ok((flow, made))
    }
}

/// Whether this request can only be answered after the mailed code.
pub(super) fn needs_code(client: &Client, request: &AuthorizationRequest) -> bool {
    client.require_second_step || request.acr.needs_code()
}
