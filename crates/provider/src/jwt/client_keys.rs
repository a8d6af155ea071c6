//! The keys of clients.

use sekisho_model::{Client, SigningAlgorithm};
use serde_json::Value;

use super::public_key::PublicKey;
use crate::{Failure, Provider};

impl Provider {
    /// The key of `client` named `kid` that fits `algorithm`.
    #[expect(clippy::unused_async, reason = "jwks_uri follows")]
    pub(crate) async fn client_key(
        &self,
        client: &Client,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<Option<PublicKey>, Failure> {
        let keys = client
            .jwks
            .as_ref()
            .and_then(|set| set.get("keys")?.as_array());
        let mut fitting = keys
            .into_iter()
            .flatten()
            .filter_map(|jwk: &Value| PublicKey::read(jwk).ok())
            .filter(|key| key.fits(algorithm) && (kid.is_none() || key.kid() == kid));
        Ok(fitting.next())
    }
}
