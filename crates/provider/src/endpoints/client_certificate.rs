//! Client authentication by the connection's certificate (RFC 8705 §2).

use sekisho_model::{Client, Feature};
use serde_json::Value;

use super::call::Call;
use crate::jwt::public_key::PublicKey;
use crate::rules::client_certificate::proves;
use crate::{Failure, Provider};

impl Provider {
    /// Whether a call that presents nothing but a `client_id` comes with the certificate of that
    /// client. Keys at a `jwks_uri` are read as those of assertions are.
    pub(super) async fn is_proved_by_certificate(
        &self,
        call: &Call<'_>,
        client: &Client,
    ) -> Result<bool, Failure> {
        let Some(certificate) = call
            .certificate
            .filter(|_| self.settings.features.mutual_tls)
        else {
            return Ok(false);
        };
        self.works(Feature::MutualTls)?;
        let now = self.now();
        if client.jwks_uri.is_none() {
            return Ok(proves(certificate, client, keys_by_value(client), now));
        }
        let search = |keys: &[PublicKey]| {
            let keys: Vec<Value> = keys.iter().map(|key| key.jwk().clone()).collect();
            proves(certificate, client, &keys, now).then_some(())
        };
        Ok(self.search_client_keys(client, search).await?.is_some())
    }
}

/// The keys a client registered by value.
fn keys_by_value(client: &Client) -> &[Value] {
    client
        .jwks
        .as_ref()
        .and_then(|jwks| jwks.get("keys")?.as_array())
        .map_or(&[], Vec::as_slice)
}
