//! Who the calling client is, for every endpoint that asks (TK-02..04, ENU-07, THR-16).

use std::sync::Arc;

use sekisho_guard::Pass;
use sekisho_model::{Origin, Timestamp};
use sekisho_store::RegisteredClient;

use crate::rules::client_authentication::{presented, proves};
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
    /// Authenticates the caller. A secret has 256 random bits and its check costs one SHA-256, so only
    /// failures are counted: the usual path asks no store at all.
    pub async fn authenticate_client(
        &self,
        header: Option<&str>,
        form: &Parameters,
        origin: &Origin,
    ) -> Result<Caller, Failure> {
        let presented = match presented(header, form) {
            Ok(presented) => presented,
            Err(error) => return Ok(Caller::Refused(error)),
        };
        let client = self.clients.find(&presented.client_id).await?;
        let proved = client
            .as_ref()
            .is_some_and(|known| proves(&presented, &known.client, &known.secrets, self.now()));
        match client {
            Some(client) if proved => Ok(Caller::Client(client)),
            Some(_) | None => {
                let now = self.now();
                let pass = self
                    .throttle
                    .after_client_failure(&presented.client_id, &origin.ip, now)
                    .await?;
                Ok(match pass {
                    Pass::Go(_) => Caller::Refused(presented.failure()),
                    Pass::Wait { until } => Caller::Wait(until),
                })
            }
        }
    }
}
