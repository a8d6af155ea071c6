//! Client authentication by the connection's certificate (RFC 8705 §2).

use sekisho_model::{Client, ClientAuthentication, Timestamp};
use serde_json::Value;

use super::call::Call;
use crate::Provider;
use crate::rules::client_authentication::Presented;
use crate::rules::client_certificate::proves;

impl Provider {
    /// Whether a call that presents nothing but a `client_id` comes with the certificate of that
    /// client, whose JWKs are `keys`.
    pub(super) fn is_proved_by_certificate(
        &self,
        call: &Call<'_>,
        presented: &Presented,
        client: &Client,
        keys: &[Value],
        now: Timestamp,
    ) -> bool {
        self.settings.features.mutual_tls
            && presented.method == ClientAuthentication::None
            && call
                .certificate
                .is_some_and(|certificate| proves(certificate, client, keys, now))
    }
}

/// The keys a client registered by value.
pub(super) fn keys_by_value(client: &Client) -> &[Value] {
    client
        .jwks
        .as_ref()
        .and_then(|jwks| jwks.get("keys")?.as_array())
        .map_or(&[], Vec::as_slice)
}
