//! Where an authorization request lies: in the parameters themselves, in a request object (RFC 9101),
//! or in a request that was pushed before (RFC 9126).

use sekisho_guard::EndpointClass;
use sekisho_model::{Client, Digest, Epoch, EpochKind, Feature, RequestHandle, Timestamp};
use sekisho_session::ParkedKind;
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::client_authentication::Caller;
use crate::jwt::compact::Compact;
use crate::rules::authorization_request::{
    self, Arrival, AuthorizationRequest, PageRefusal, Refusal,
};
use crate::rules::oauth_error::{AuthorizationError, TokenError};
use crate::rules::parameters::Parameters;
use crate::rules::request_object;
use crate::rules::sign_in::FLOW_LIFE;
use crate::{Failure, Provider};

/// RFC 9126 §2.2: what begins the `request_uri` of a pushed request.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A pushed request as it is parked.
#[derive(Serialize, Deserialize)]
struct Pushed {
    client_id: String,
    parameters: Vec<(String, String)>,
    signed: bool,
    dpop_jkt: Option<String>,
    expires_at: Timestamp,
    /// The epoch it was pushed under (SES-09).
    epoch: Epoch,
}

/// A request, gathered from where it lies.
pub(super) struct Gathered {
    pub(super) parameters: Parameters,
    pub(super) arrival: Arrival,
    pub(super) dpop_jkt: Option<String>,
    pub(super) pushed: Option<Digest>,
}

/// Why nothing could be gathered.
pub(super) enum GatherRefusal {
    /// A page here.
    Page(PageRefusal),
    /// An error for the client, if the outer parameters name a registered redirect URI.
    Reply(AuthorizationError),
}

/// What the endpoint for pushed requests answers (RFC 9126 §2.2, §2.3).
#[derive(Debug)]
pub enum PushAnswer {
    /// 201: the handle, and how many seconds it can be begun.
    Pushed {
        /// What the authorization request names.
        request_uri: String,
        /// Seconds.
        expires_in: u64,
    },
    /// The client, or what it proved, was refused.
    Refused(TokenError),
    /// The request was refused.
    Wrong(AuthorizationError),
    /// Too many failures from there (429).
    Wait(Timestamp),
}

impl Provider {
    /// RFC 9126 §2: takes a request that the browser will only name. Everything is checked now (RO-01).
    pub async fn push_request(
        &self,
        call: &Call<'_>,
        form: &Parameters,
    ) -> Result<PushAnswer, Failure> {
        let wrong = |error| Ok(PushAnswer::Wrong(error));
        if let Some(fault) = form.fault() {
            return wrong(AuthorizationError::InvalidRequest(fault));
        }
        let client = match self.authenticate_client(call, form).await? {
            Caller::Client(client) => client,
            Caller::Refused(error) => return Ok(PushAnswer::Refused(error)),
            Caller::Wait(until) => return Ok(PushAnswer::Wait(until)),
        };
        let epoch = self.knowledge.epoch_now();
        self.works(Feature::PushedRequests)?;
        self.pass_app(EndpointClass::Authorize, &client.client, None)?;
        if form.first("request_uri").is_some() {
            return wrong(AuthorizationError::InvalidRequest(
                "request_uri cannot be pushed",
            ));
        }
        let id = &client.client.client_id;
        let sender = match self.sender(call, None, id).await? {
            Ok(sender) => sender,
            Err(error) => return Ok(PushAnswer::Refused(error)),
        };
        let (parameters, signed) = match form.first("request") {
            None => (without_authentication(form), false),
            Some(object) => match self.opened_object(&client.client, object).await? {
                Ok(parameters) => (parameters, true),
                Err(error) => return wrong(error),
            },
        };
        let arrival = Arrival {
            pushed: true,
            signed,
        };
        let request = match authorization_request::check(
            &client.client,
            &parameters,
            arrival,
            &self.settings,
        ) {
            Ok(request) => request,
            Err(refusal) => return wrong(told(&refusal)),
        };
        if sender.key.is_some() && request.dpop_jkt.is_some() && sender.key != request.dpop_jkt {
            return wrong(AuthorizationError::InvalidRequest(
                "dpop_jkt is not the key of the DPoP proof",
            ));
        }
        let expires_at = self.now() + self.settings.pushed_request_life;
        self.park_request(Pushed {
            client_id: client.client.client_id.to_string(),
            parameters: parameters.into_pairs(),
            signed,
            dpop_jkt: sender.key.or(request.dpop_jkt),
            expires_at,
            epoch,
        })
        .await
    }

    async fn park_request(&self, pushed: Pushed) -> Result<PushAnswer, Failure> {
        let handle = RequestHandle::generate(&*self.entropy);
        let id = handle.digest().to_base64url();
        let value = serde_json::to_vec(&pushed)
            .map_err(|_unwritable| Failure::Corrupt("pushed request"))?;
        let life = self.settings.pushed_request_life;
        self.session
            .park(ParkedKind::PushedRequest, &id, value, life, self.now())
            .await?;
        Ok(PushAnswer::Pushed {
            request_uri: format!("{PREFIX}{}", handle.reveal()),
            expires_in: life.as_secs(),
        })
    }

    /// The parameters that count.
    pub(super) async fn gathered(
        &self,
        client: &Client,
        outer: &Parameters,
    ) -> Result<Result<Gathered, GatherRefusal>, Failure> {
        let reply = |error| Ok(Err(GatherRefusal::Reply(error)));
        if let Some(fault) = outer.fault() {
            return reply(AuthorizationError::InvalidRequest(fault));
        }
        match (outer.first("request_uri"), outer.first("request")) {
            (None, None) => Ok(Ok(Gathered {
                parameters: outer.clone(),
                arrival: Arrival::default(),
                dpop_jkt: None,
                pushed: None,
            })),
            (Some(_), Some(_)) => reply(AuthorizationError::InvalidRequest(
                "use request or request_uri, not both",
            )),
            (Some(uri), None) => match uri.strip_prefix(PREFIX) {
                Some(handle) if self.settings.features.pushed_requests => {
                    self.pushed(client, handle).await
                }
                Some(_) | None => reply(AuthorizationError::RequestUriNotSupported),
            },
            (None, Some(_)) if !self.settings.features.request_objects => {
                reply(AuthorizationError::RequestNotSupported)
            }
            (None, Some(object)) => match self.opened_object(client, object).await? {
                Ok(parameters) => Ok(Ok(Gathered {
                    parameters,
                    arrival: Arrival {
                        pushed: false,
                        signed: true,
                    },
                    dpop_jkt: None,
                    pushed: None,
                })),
                Err(error) => reply(error),
            },
        }
    }

    /// A pushed request of this client that can still be begun. From the first look on it waits as
    /// long as a person may take; it is used up at the end (RO-02).
    async fn pushed(
        &self,
        client: &Client,
        handle: &str,
    ) -> Result<Result<Gathered, GatherRefusal>, Failure> {
        self.works(Feature::PushedRequests)?;
        let gone = || Ok(Err(GatherRefusal::Page(PageRefusal::PushedRequest)));
        let Some(handle) = RequestHandle::presented(handle) else {
            return gone();
        };
        let (digest, now) = (handle.digest(), self.now());
        let id = digest.to_base64url();
        let kind = ParkedKind::PushedRequest;
        let Some(parked) = self.session.parked(kind, &id, now).await? else {
            return gone();
        };
        let pushed: Pushed = serde_json::from_slice(&parked.value)
            .map_err(|_unreadable| Failure::Corrupt("pushed request"))?;
        let (kinds, id_of) = (EpochKind::Token, Some(&client.client_id));
        let current = self.knowledge.is_current(pushed.epoch, kinds, None, id_of);
        let own = pushed.client_id == client.client_id.as_str();
        if !own || now >= pushed.expires_at || !current {
            return gone();
        }
        if pushed.signed {
            // What verified it may be what was switched off.
            self.works(Feature::RequestObjects)?;
        }
        // Another tab may have been first; then it waits long enough already.
        let _extended = self
            .session
            .repark(kind, &id, parked.value, parked.version, FLOW_LIFE, now)
            .await?;
        Ok(Ok(Gathered {
            parameters: Parameters::new(pushed.parameters),
            arrival: Arrival {
                pushed: true,
                signed: pushed.signed,
            },
            dpop_jkt: pushed.dpop_jkt,
            pushed: Some(digest),
        }))
    }

    /// Uses a pushed request up: of several completions the first is told `true`. Requests that were
    /// not pushed are always the first.
    pub(super) async fn use_up(&self, request: &AuthorizationRequest) -> Result<bool, Failure> {
        let Some(digest) = &request.pushed else {
            return Ok(true);
        };
        let id = digest.to_base64url();
        let taken = self
            .session
            .unpark(ParkedKind::PushedRequest, &id, self.now())
            .await?;
        Ok(taken.is_some())
    }

    /// RFC 9101 §6: the parameters in a request object that this client signed for us.
    async fn opened_object(
        &self,
        client: &Client,
        text: &str,
    ) -> Result<Result<Parameters, AuthorizationError>, Failure> {
        let wrong = |why| Ok(Err(AuthorizationError::InvalidRequestObject(why)));
        if !self.settings.features.request_objects {
            return Ok(Err(AuthorizationError::RequestNotSupported));
        }
        self.works(Feature::RequestObjects)?;
        let Ok(object) = Compact::read(text) else {
            return wrong("the request object is not a signed JWT");
        };
        let allowed = request_object::algorithms(client);
        let Some(algorithm) = object.algorithm().filter(|named| allowed.contains(named)) else {
            return wrong("the request object is signed with an algorithm that is not allowed");
        };
        let key = self
            .client_key(client, object.header_text("kid"), algorithm)
            .await?;
        if !key.is_some_and(|key| object.is_signed_by(&key, &allowed)) {
            return wrong("the signature of the request object does not fit");
        }
        let issuer = &self.settings.issuer;
        Ok(
            request_object::parameters(&object, client, issuer, self.now())
                .map_err(AuthorizationError::InvalidRequestObject),
        )
    }
}

/// A pushed form holds what proves the client, too; that is no part of the request.
fn without_authentication(form: &Parameters) -> Parameters {
    form.without(&["client_secret", "client_assertion", "client_assertion_type"])
}

/// Pages cannot be shown to a server: the same, as errors.
fn told(refusal: &Refusal) -> AuthorizationError {
    match refusal {
        Refusal::Reply(_, error) => *error,
        Refusal::Page(PageRefusal::RedirectUri) => {
            AuthorizationError::InvalidRequest("redirect_uri is missing or not registered")
        }
        Refusal::Page(
            PageRefusal::UnknownClient | PageRefusal::ClientStopped | PageRefusal::PushedRequest,
        ) => AuthorizationError::UnauthorizedClient,
    }
}
