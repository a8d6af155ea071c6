//! Who the calling client is, for every endpoint that asks (TK-02..07, ENU-07, THR-16).

use std::sync::Arc;

use sekisho_guard::{ClientSecretTry, Pass};
use sekisho_model::{ClientAuthentication, ClientId, Timestamp};
use sekisho_store::RegisteredClient;

use super::call::Call;
use crate::rules::client_authentication::{Presented, Proof, presented, proves};
use crate::rules::discovery::offers_authentication;
use crate::rules::oauth_error::TokenError;
use crate::rules::parameters::Parameters;
use crate::{Failure, Provider};

/// What came of a client's authentication.
#[derive(Debug)]
pub enum Caller {
    /// It is this client.
    Client(Arc<RegisteredClient>),
    /// It did not prove to be.
    Refused(TokenError),
    /// Too many failures from there; not before then.
    Wait(Timestamp),
}

impl Provider {
    /// Authenticates the caller. Who presents no secret guesses none: public clients are neither counted nor
    /// stopped by what strangers do where they are (S5, THR-03). A secret has 256 random bits and its check costs one SHA-256, so only
    /// failures are counted: the usual path asks no shared store at all. An assertion asks it once, for
    /// its use being the first.
    pub async fn authenticate_client(
        &self,
        call: &Call<'_>,
        form: &Parameters,
    ) -> Result<Caller, Failure> {
        let presented = match presented(call.authorization, form) {
            Ok(presented) => presented,
            Err(error) => return Ok(Caller::Refused(error)),
        };
        let client = self.clients.find(&presented.client_id).await?;
        let now = self.now();
        let ticket = if matches!(presented.proof, Proof::Nothing) {
            None
        } else {
            let claimed = ClientId::new(presented.client_id.as_str());
            let attempt = ClientSecretTry {
                client: &claimed,
                ip: &call.origin.ip,
            };
            match self.throttle.before_client_secret(attempt, now).await? {
                Pass::Go(ticket) => Some(ticket),
                Pass::Wait { until, .. } => return Ok(Caller::Wait(until)),
            }
        };
        let proved = match &client {
            Some(known) => self.is_proved(&presented, known, call).await?,
            None => false,
        };
        match client {
            Some(client) if proved => {
                if let Some(ticket) = ticket {
                    self.throttle.after_success(ticket).await;
                }
                // Anybody can name a public client: that is no use yet.
                if !client.client.is_public() {
                    self.note_use(&client.client).await;
                }
                Ok(Caller::Client(client))
            }
            Some(_) | None => {
                if let Some(ticket) = ticket {
                    self.throttle.after_failure(ticket, now).await?;
                }
                Ok(Caller::Refused(presented.failure()))
            }
        }
    }

    /// TK-02: by the registered method alone, and only while that is on.
    async fn is_proved(
        &self,
        presented: &Presented<'_>,
        known: &RegisteredClient,
        call: &Call<'_>,
    ) -> Result<bool, Failure> {
        let client = &known.client;
        let method = client.token_endpoint_auth_method;
        if client.disabled || !offers_authentication(&self.settings.features, method) {
            return Ok(false);
        }
        match (&presented.proof, method) {
            (
                Proof::Assertion(jwt),
                ClientAuthentication::PrivateKeyJwt | ClientAuthentication::ClientSecretJwt,
            ) => self.assertion_proves(jwt, known, call.origin).await,
            (
                Proof::Nothing,
                ClientAuthentication::TlsClientAuth | ClientAuthentication::SelfSignedTlsClientAuth,
            ) => self.is_proved_by_certificate(call, client).await,
            (proof, _) => Ok(proves(proof, client, &known.secrets, self.now())),
        }
    }
}
