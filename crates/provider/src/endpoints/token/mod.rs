//! The token endpoint (RFC 6749 §3.2). One file for each grant.

mod authorization_code;
mod client_credentials;
mod device_code;
mod first_refresh;
mod issue;
mod refresh;
mod token_exchange;

pub(in crate::endpoints) use issue::token_type;
use sekisho_guard::EndpointClass;
use sekisho_model::{Epoch, Feature, GrantType, Origin, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::call::Call;
use super::client_authentication::Caller;
use super::sender::Sender;
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// A successful answer (RFC 6749 §5.1, Core §3.1.3.3).
#[derive(Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer`, or `DPoP` for a token bound to a key (RFC 9449 §5).
    pub token_type: &'static str,
    /// Seconds the access token lives.
    pub expires_in: u64,
    /// What was granted.
    pub scope: String,
    /// The refresh token, if the client gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// The ID token, if `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    /// What was granted in detail (RFC 9396 §7).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authorization_details: Vec<Value>,
    /// What kind of token it is, after an exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenResponse(scope {:?}, …)", self.scope)
    }
}

/// From where a token request came, and what it proved beside who the client is.
pub(super) struct Asked<'a> {
    pub(super) origin: &'a Origin,
    pub(super) sender: Sender,
    /// The epoch that was known when the request began.
    pub(super) since: Epoch,
}

/// What the token endpoint answers.
#[derive(Debug)]
pub enum Issued {
    /// Tokens.
    Tokens(Box<TokenResponse>),
    /// An error.
    Refused(TokenError),
    /// Too many failures from there (429).
    Wait(Timestamp),
}

impl Provider {
    /// Answers a token request.
    pub async fn token(&self, call: &Call<'_>, form: &Parameters) -> Result<Issued, Failure> {
        let refused = |error| Ok(Issued::Refused(error));
        if let Some(fault) = form.fault() {
            return refused(TokenError::InvalidRequest(fault));
        }
        let Some(grant_type) = form.first("grant_type") else {
            return refused(TokenError::InvalidRequest("grant_type is missing"));
        };
        let since = self.knowledge.epoch_now();
        let client = match self.authenticate_client(call, form).await? {
            Caller::Client(client) => client,
            Caller::Refused(error) => return refused(error),
            Caller::Wait(until) => return Ok(Issued::Wait(until)),
        };
        self.knowledge.may_issue(self.now())?;
        self.pass_app(EndpointClass::Token, &client.client, None)?;
        self.grant_works(grant_type)?;
        let id = &client.client.client_id;
        let sender = match self.sender(call, None, id).await? {
            Ok(sender) => sender,
            Err(error) => return refused(error),
        };
        self.binding_works(&client.client, sender.key.is_some())?;
        // Without a key such a client can only prove a certificate.
        if client.client.is_fapi() && sender.key.is_none() {
            self.works(Feature::MutualTls)?;
        }
        let asked = Asked {
            origin: call.origin,
            sender,
            since,
        };
        let features = &self.settings.features;
        let issued = match grant_type {
            "authorization_code" => self.authorization_code(&client, form, &asked).await,
            "refresh_token" => self.refresh_token(&client, form, &asked).await,
            "client_credentials" => self.client_credentials(&client, form, &asked).await,
            name if name == GrantType::DeviceCode.name() && features.device => {
                self.device_code(&client, form, &asked).await
            }
            name if name == GrantType::TokenExchange.name() && features.token_exchange => {
                self.token_exchange(&client, form, &asked).await
            }
            _ => return refused(TokenError::UnsupportedGrantType),
        }?;
        if matches!(issued, Issued::Tokens(_)) {
            self.note_use(&client.client).await;
        }
        Ok(issued)
    }
}
