//! What a caller proved to hold: a key by a `DPoP` proof (RFC 9449), a certificate by TLS (RFC 8705).

use sekisho_model::{Client, ClientId, Confirmation, Feature};

use super::call::{Call, ClientCertificate};
use crate::rules::dpop::{self, Expected, Nonces};
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
        let by_key = client.dpop_bound_access_tokens;
        let by_certificate = client.tls_client_certificate_bound_access_tokens;
        if let Some(key) = self.key.as_ref().filter(|_| by_key || !by_certificate) {
            return Ok(Some(Confirmation::Key(key.clone())));
        }
        if by_key {
            return Err(TokenError::InvalidDpopProof("a DPoP proof is required"));
        }
        match &self.certificate {
            Some(certificate) if by_certificate || client.is_fapi() => {
                Ok(Some(Confirmation::Certificate(certificate.clone())))
            }
            _ if by_certificate => Err(TokenError::InvalidRequest(
                "a client certificate is required",
            )),
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

/// Among whose ids a proof's is remembered.
const KIND: &str = "dpop";

impl Provider {
    /// Verifies what the call proves. `access_token` is the token presented with it, for `ath`. A
    /// proof works once (DP-03); if that cannot be asked, the call fails.
    pub(crate) async fn sender(
        &self,
        call: &Call<'_>,
        access_token: Option<&str>,
        client: &ClientId,
    ) -> Result<Result<Sender, TokenError>, Failure> {
        let key = match self.proved_key(call, access_token, client).await? {
            Ok(key) => key,
            Err(error) => return Ok(Err(error)),
        };
        let sender = self.sender_by_certificate(call);
        Ok(Ok(Sender { key, ..sender }))
    }

    /// What the call's connection proves, whatever else it carries. While certificates are switched off it proves
    /// nothing, and who needs one is stopped by [`Provider::binding_works`].
    pub(super) fn sender_by_certificate(&self, call: &Call<'_>) -> Sender {
        let certificate = call
            .certificate
            .filter(|_| self.settings.features.mutual_tls && self.works(Feature::MutualTls).is_ok())
            .map(ClientCertificate::thumbprint);
        Sender {
            key: None,
            certificate,
        }
    }

    async fn proved_key(
        &self,
        call: &Call<'_>,
        access_token: Option<&str>,
        client: &ClientId,
    ) -> Result<Result<Option<String>, TokenError>, Failure> {
        if !self.settings.features.dpop {
            return Ok(Ok(None));
        }
        if !call.dpop.is_empty() {
            self.works(Feature::Dpop)?;
        }
        let now = self.now();
        let url = format!("{}{}", self.settings.issuer, call.path);
        let apart = self.settings.mtls_origin.as_ref();
        let alias = apart.map(|origin| format!("{origin}{}", call.path));
        let expected = Expected {
            method: call.method,
            url: &url,
            alias: alias.as_deref(),
            access_token,
            nonces: self.nonces(),
            now,
        };
        let proof = match dpop::check(call.dpop, &expected) {
            Ok(Some(proof)) => proof,
            Ok(None) => return Ok(Ok(None)),
            Err(error) => return Ok(Err(error)),
        };
        let first = self
            .session
            .first_use(KIND, &proof.id, proof.remember_until, now)
            .await?;
        Ok(if first {
            Ok(Some(proof.key))
        } else {
            self.note_replay("dpop_proof", client, call.origin);
            Err(TokenError::InvalidDpopProof(
                "the DPoP proof was used before",
            ))
        })
    }

    fn nonces(&self) -> Nonces<'_> {
        Nonces {
            key: &self.nonce_key,
            required: self.settings.features.dpop_nonce_required,
        }
    }

    /// The nonce that answers `use_dpop_nonce` (RFC 9449 §8).
    pub fn dpop_nonce(&self) -> String {
        self.nonces().fresh(self.now())
    }

    /// The nonce that successful answers carry, if proofs need one (RFC 9449 §8.2).
    pub fn next_dpop_nonce(&self) -> Option<String> {
        let features = self.features_now();
        (features.dpop && features.dpop_nonce_required).then(|| self.dpop_nonce())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::client_metadata::sample::web;

    fn sender(key: bool, certificate: bool) -> Sender {
        Sender {
            key: key.then(|| "key".to_owned()),
            certificate: certificate.then(|| "certificate".to_owned()),
        }
    }

    #[test]
    fn dp_09_tk_18_clients_that_must_bind_their_tokens_never_get_plain_ones() {
        let plain = web("https://a.example/cb");
        let by_key = Client {
            dpop_bound_access_tokens: true,
            ..plain.clone()
        };
        let by_certificate = Client {
            tls_client_certificate_bound_access_tokens: true,
            ..plain.clone()
        };
        let fapi = Client {
            profile: Some(sekisho_model::ClientProfile::Fapi2),
            ..plain.clone()
        };
        let key = || Ok(Some(Confirmation::Key("key".to_owned())));
        let certificate = || Ok(Some(Confirmation::Certificate("certificate".to_owned())));
        for (client, proved, expected) in [
            (&plain, sender(false, false), Ok(None)),
            (&plain, sender(false, true), Ok(None)),
            (&plain, sender(true, false), key()),
            (&by_key, sender(true, true), key()),
            (&by_certificate, sender(false, true), certificate()),
            (&by_certificate, sender(true, true), certificate()),
            (&fapi, sender(true, false), key()),
            (&fapi, sender(false, true), certificate()),
        ] {
            assert_eq!(proved.binding(client), expected);
        }
        for (client, proved) in [
            (&by_key, sender(false, false)),
            (&by_key, sender(false, true)),
            (&by_certificate, sender(false, false)),
            (&by_certificate, sender(true, false)),
            (&fapi, sender(false, false)),
        ] {
            assert!(proved.binding(client).is_err());
        }
    }

    #[test]
    fn dp_08_only_the_same_key_holds_what_is_bound_to_it() {
        let bound = Confirmation::Key("key".to_owned());
        assert!(sender(true, false).holds(&bound));
        assert!(!sender(false, true).holds(&bound));
        let other = Confirmation::Key("certificate".to_owned());
        assert!(!sender(true, true).holds(&other));
        assert!(sender(false, true).holds(&Confirmation::Certificate("certificate".to_owned())));
    }
}
