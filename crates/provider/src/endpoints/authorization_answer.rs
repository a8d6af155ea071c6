//! The answer to an authorization request: a code or an error, on the channel that was asked for.

use std::time::Duration;

use sekisho_guard::EndpointClass;
use sekisho_model::{
    AuthorizationCode, Brand, Client, ClientId, ClientOrigin, CodeRecord, Consent, Digest, Event,
    EventKind, Feature, Grant, GrantId, GrantTerms, Locale, Outcome, ResponseMode, ScopeSet,
    SigningAlgorithm, User,
};
use sekisho_store::{Once, StoreError, Tx};

use super::authorize::Asked;
use super::told::ToldOfApp;
use super::visit::{LiveSession, Visit};
use crate::jwt::verify_id_token_hint;
use crate::rules::authorization_request::AuthorizationRequest;
use crate::rules::authorization_response::{Delivery, ReplyTo, signed_claims};
use crate::rules::claims;
use crate::rules::consent::is_first_party;
use crate::rules::oauth_error::AuthorizationError;
use crate::rules::parameters::Parameters;
use crate::rules::redirect_uri::Callback;
use crate::rules::wanted_person::Hint;
use crate::{Failure, Provider};

/// An answer to a verified redirect URI.
#[derive(Debug)]
pub struct Answer {
    /// What goes there, and how.
    pub delivery: Delivery,
    /// The verified address, for `form-action` and for what the person is told.
    pub callback: Callback,
    /// Name of the app.
    pub client_name: String,
    /// Its id.
    pub client_id: ClientId,
    /// How it looks.
    pub brand: Option<Brand>,
    /// Whether the person is asked before the browser leaves: to a program on this device whose
    /// identity nobody can assure (RFC 8252 §8.6), or to an app that nobody vouches for and that the
    /// person has not met (AZ-12).
    pub ask_first: bool,
}

/// What a person allowed, to be kept.
pub(super) struct Consented {
    pub(super) consent: Consent,
    /// The app may act while the person is signed out, which it might not before.
    pub(super) begins_offline: bool,
}

impl Provider {
    /// An error answer for the client. `met` says whether the person has allowed it anything.
    pub(super) fn refused(
        &self,
        reply: &ReplyTo,
        error: AuthorizationError,
        client: &Client,
        met: bool,
    ) -> Result<Answer, Failure> {
        let fields = reply.callback.with_error(error, &self.settings.issuer);
        let stranger = match client.origin {
            ClientOrigin::Operator | ClientOrigin::Dynamic => false,
            ClientOrigin::Open | ClientOrigin::MetadataDocument => !met,
        };
        self.answer_with(reply, fields, client, stranger)
    }

    fn answer_with(
        &self,
        reply: &ReplyTo,
        fields: Vec<(String, String)>,
        client: &Client,
        ask_first: bool,
    ) -> Result<Answer, Failure> {
        self.mode_works(reply.mode)?;
        let fields = if reply.mode.is_signed() {
            let now = self.now();
            let until = now + self.settings.lifetimes.code;
            let claims = signed_claims(&fields, client, now, until);
            let algorithm =
                client
                    .authorization_signed_response_alg
                    .unwrap_or(if client.is_fapi() {
                        SigningAlgorithm::PS256
                    } else {
                        SigningAlgorithm::RS256
                    });
            let jwt = self.keys.current().sign(algorithm, "JWT", &claims, now)?;
            vec![("response".to_owned(), jwt)]
        } else {
            fields
        };
        Ok(Answer {
            delivery: reply.deliver(fields),
            callback: reply.callback.clone(),
            client_name: client.client_name.clone(),
            client_id: client.client_id.clone(),
            brand: client.brand,
            ask_first,
        })
    }

    /// Whether the person at this browser has allowed the client something before.
    pub(super) async fn has_met(&self, client: &Client, visit: &Visit) -> Result<bool, Failure> {
        if matches!(
            client.origin,
            ClientOrigin::Operator | ClientOrigin::Dynamic
        ) {
            return Ok(true);
        }
        let Some(live) = self.live_session(visit).await? else {
            return Ok(false);
        };
        let (user, id) = (live.user.id, client.client_id.clone());
        let consent = self.store.read(move |tx| tx.consent(user, &id)).await?;
        Ok(consent.is_some())
    }

    /// AZ-13: what the `id_token_hint` says, if it is a genuine ID token of ours for this client.
    pub(super) fn id_token_hint(&self, client: &Client, request: &Parameters) -> Hint {
        let Some(text) = request.first("id_token_hint") else {
            return Hint::Absent;
        };
        let keys = self.keys.current();
        match verify_id_token_hint(text, &self.settings.issuer, &keys) {
            Ok(hint) if hint.aud.iter().any(|aud| aud == client.client_id.as_str()) => {
                Hint::About(hint.sub)
            }
            Ok(_) | Err(_) => Hint::Unverified,
        }
    }

    /// Whether the signed-in person is whom the client means.
    pub(super) fn is_wanted_subject(
        &self,
        client: &Client,
        request: &AuthorizationRequest,
        live: &LiveSession,
    ) -> bool {
        request
            .subject
            .as_ref()
            .is_none_or(|wanted| *wanted == self.subject_for(client, &live.user))
    }

    /// Issues an authorization code; `consented` is written in the same transaction.
    pub(super) async fn issue_code(
        &self,
        asked: Asked<'_>,
        scope: ScopeSet,
        visit: &Visit,
        consented: Option<Consented>,
    ) -> Result<Answer, Failure> {
        let Asked {
            request,
            client,
            live,
        } = asked;
        self.pass_code(asked, consented.is_some())?;
        if !self.use_up(request).await? {
            let error = AuthorizationError::InvalidRequestUri;
            return self.refused(&request.reply, error, client, true);
        }
        let code = AuthorizationCode::generate(&*self.entropy);
        let grant = self.grant_for(asked, scope);
        let record = self.code_record(asked, &grant, &code, visit.locale);
        let mut event = self.event(EventKind::Authorization, Outcome::Passed, &visit.origin);
        event.user_id = Some(live.user.id);
        event.client_id = Some(client.client_id.clone());
        event.session_id = Some(live.session.id);
        event.detail = serde_json::json!({
            "scope": grant.scope.to_string(),
            "repeated": self.repeats_itself(request).await,
        });
        let allowed = self.event(EventKind::Consent, Outcome::Passed, &visit.origin);
        let allowed = Event {
            kind: EventKind::Consent,
            id: allowed.id,
            ..event.clone()
        };
        let told = match &consented {
            Some(consented) if consented.begins_offline => self.told_app(client, &allowed).await?,
            _ => None,
        };
        let giving = Giving {
            first_party: is_first_party(client),
            consented: consented.map(|consented| consented.consent),
            allowed,
            told,
            grant,
            code: record,
            event,
        };
        let given = self.store.write(move |tx| giving.write(tx)).await?;
        if !given {
            let error = AuthorizationError::AccessDenied;
            return self.refused(&request.reply, error, client, true);
        }
        self.letters_wait.ring();
        let callback = &request.reply.callback;
        let fields = self.success_fields(asked, &code);
        let unsure = client.is_public() && callback.leaves_the_web();
        self.answer_with(&request.reply, fields, client, unsure)
    }

    fn grant_for(&self, asked: Asked<'_>, scope: ScopeSet) -> Grant {
        let (now, live) = (self.now(), asked.live);
        Grant {
            id: GrantId::new(now, &*self.entropy),
            client_id: asked.client.client_id.clone(),
            user_id: live.user.id,
            session_id: live.session.id,
            scope,
            terms: terms(asked.request, live),
            auth_time: live.session.auth_time,
            methods: live.session.methods.clone(),
            epoch: live.grant_epoch(),
            created_at: now,
            revoked_at: None,
        }
    }

    /// INC-02: whether levels and switches let a code be issued, and a new consent be kept.
    fn pass_code(&self, asked: Asked<'_>, consented: bool) -> Result<(), Failure> {
        self.knowledge.may_issue(self.now())?;
        let (client, user) = (asked.client, Some(&asked.live.user));
        self.pass_request(asked.request, client, user)?;
        if consented {
            self.pass_app(EndpointClass::Consent, client, user)?;
        }
        Ok(())
    }

    /// INC-02, INC-06: whether a request of this kind may go on.
    pub(super) fn pass_request(
        &self,
        request: &AuthorizationRequest,
        client: &Client,
        user: Option<&User>,
    ) -> Result<(), Failure> {
        self.works(Feature::AuthorizationCode)?;
        self.mode_works(request.reply.mode)?;
        self.binding_works(client, request.dpop_jkt.is_some())?;
        self.pass_app(EndpointClass::Authorize, client, user)
    }

    /// INC-06: whether answers of this kind are switched on.
    pub(super) fn mode_works(&self, mode: ResponseMode) -> Result<(), Failure> {
        if mode.is_posted() {
            self.works(Feature::FormPost)?;
        }
        if mode.is_signed() {
            self.works(Feature::SignedAnswers)?;
        }
        Ok(())
    }

    /// `code` and `iss`, and for a client that asks who it is `session_state` (Session Management 1.0 §2).
    fn success_fields(&self, asked: Asked<'_>, code: &AuthorizationCode) -> Vec<(String, String)> {
        let callback = &asked.request.reply.callback;
        let mut fields = callback.with_code(code.reveal(), &self.settings.issuer);
        if asked.request.scope.contains("openid") {
            let client = asked.client.client_id.as_str();
            let state = self.session_state(client, callback.uri(), asked.live);
            fields.extend(state.map(|state| ("session_state".to_owned(), state)));
        }
        fields
    }

    /// AZ-20: whether the client sent the same challenge, or without one the same nonce, before. It is
    /// noted and nothing more: without the shared store nothing can be said.
    async fn repeats_itself(&self, request: &AuthorizationRequest) -> bool {
        let Some(value) = request.code_challenge.as_ref().or(request.nonce.as_ref()) else {
            return false;
        };
        let parts = [
            request.client_id.as_str().as_bytes(),
            b"\0",
            value.as_bytes(),
        ];
        let (id, now) = (Digest::of_parts(&parts), self.now());
        let first = self
            .session
            .first_use("challenge", &id, now + REMEMBERED_CHALLENGES, now)
            .await;
        let repeated = matches!(first, Ok(false));
        if repeated {
            tracing::warn!(client = %request.client_id, "a client repeats its code_challenge or nonce");
        }
        repeated
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
            redirect_uri: request.reply.callback.uri().to_owned(),
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            auth_time_required: request.max_age.is_some() || asked.client.require_auth_time,
            locale,
            expires_at: grant.created_at + self.settings.lifetimes.code,
            used_at: None,
        }
    }
}

/// Everything one authorization code writes.
struct Giving {
    first_party: bool,
    consented: Option<Consent>,
    /// That consent was given.
    allowed: Event,
    /// Letters about it.
    told: Option<ToldOfApp>,
    grant: Grant,
    code: CodeRecord,
    event: Event,
}

impl Giving {
    /// `false`, with nothing written, if the session or the consent it rests on was ended at this moment
    /// (SES-09, CON-05).
    fn write(&self, tx: &mut Tx<'_>) -> Result<bool, StoreError> {
        let grant = &self.grant;
        if let Some(told) = &self.told {
            told.hold(tx)?;
        }
        if tx.hold_session(grant.session_id)? == Once::Again {
            return Ok(false);
        }
        if let Some(consent) = &self.consented {
            tx.put_consent(consent)?;
            tx.record(&self.allowed)?;
            if let Some(told) = &self.told {
                told.post(tx)?;
            }
        } else if !self.first_party
            && tx.hold_consent(grant.user_id, &grant.client_id)? == Once::Again
        {
            return Ok(false);
        }
        tx.insert_grant(grant)?;
        tx.insert_code(&self.code)?;
        tx.record(&self.event)?;
        Ok(true)
    }
}

/// For how long a repeated challenge is noticed.
const REMEMBERED_CHALLENGES: Duration = Duration::from_hours(1);

fn terms(request: &AuthorizationRequest, live: &LiveSession) -> GrantTerms {
    GrantTerms {
        resources: request.resources.clone(),
        claims: request.claims.kept(),
        acr: request.acr.told(claims::acr(&live.session.methods)),
        authorization_details: request.authorization_details.clone(),
    }
}
