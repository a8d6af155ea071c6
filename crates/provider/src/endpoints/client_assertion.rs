use aws_lc_rs::hmac;
use sekisho_model::{ClientAuthentication, Digest, Origin, Purpose};
use sekisho_store::RegisteredClient;
use zeroize::Zeroizing;

use crate::jwt::compact::Compact;
use crate::rules::client_assertion::{algorithms, claimed};
use crate::rules::client_authentication::live;
use crate::{Failure, Provider};

/// RFC 7518 §3.2: an HMAC key has at least as many bytes as the hash.
const SHORTEST_SECRET: usize = 32;

impl Provider {
    /// Whether `jwt` authenticates `known` (RFC 7523 §3): its claims, its signature, and, after that,
    /// that nobody used it before (TK-06, TK-07). If the shared store cannot tell, the call fails.
    pub(super) async fn assertion_proves(
        &self,
        jwt: &Compact<'_>,
        known: &RegisteredClient,
        origin: &Origin,
    ) -> Result<bool, Failure> {
        let (client, now) = (&known.client, self.now());
        let claimed = match claimed(jwt, client, &self.settings.issuer, now) {
            Ok(claimed) => claimed,
            Err(refusal) => {
                tracing::info!(client = %client.client_id, %refusal, "a client assertion was refused");
                return Ok(false);
            }
        };
        let genuine = match client.token_endpoint_auth_method {
            ClientAuthentication::ClientSecretJwt => self.has_secrets_mac(jwt, known)?,
            _ => self.has_clients_signature(jwt, known).await?,
        };
        if !genuine {
            tracing::info!(client = %client.client_id, "a client assertion is not the client's");
            return Ok(false);
        }
        let parts = [client.client_id.as_str().as_bytes(), claimed.jti.as_bytes()];
        let id = Digest::keyed(b"client-assertion", &parts);
        let first = self
            .session
            .first_use("client-assertion", &id, claimed.until, now)
            .await?;
        if !first {
            tracing::warn!(client = %client.client_id, "a client assertion was used again");
            self.note_replay("client_assertion", &client.client_id, origin);
        }
        Ok(first)
    }

    async fn has_clients_signature(
        &self,
        jwt: &Compact<'_>,
        known: &RegisteredClient,
    ) -> Result<bool, Failure> {
        let Some(algorithm) = jwt.algorithm() else {
            return Ok(false);
        };
        let key = self
            .client_key(&known.client, jwt.header_text("kid"), algorithm)
            .await?;
        Ok(key.is_some_and(|key| jwt.is_signed_by(&key, &algorithms(&known.client))))
    }

    /// `client_secret_jwt`: HMAC with a secret that still counts, opened for this one look (JW-13).
    fn has_secrets_mac(
        &self,
        jwt: &Compact<'_>,
        known: &RegisteredClient,
    ) -> Result<bool, Failure> {
        let owner = known.client.client_id.as_str();
        let signature = jwt.signature();
        let mut genuine = false;
        for sealed in live(&known.secrets, self.now()).filter_map(|record| record.sealed.as_ref()) {
            let secret = self.keyring.open(Purpose::ClientSecret, owner, sealed)?;
            let secret = Zeroizing::new(secret);
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            genuine |= secret.len() >= SHORTEST_SECRET
                && hmac::verify(&key, jwt.message().as_bytes(), &signature).is_ok();
        }
        Ok(genuine)
    }
}
