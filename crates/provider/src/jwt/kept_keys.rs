//! Private keys parsed once. `jsonwebtoken` parses the key at each `encode`; this crypto provider
//! keeps it instead (a third of the time of an ES256 signature, two thirds of an RS256 one).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as SignatureError, Signer};
use jsonwebtoken::{Algorithm, AlgorithmFamily, EncodingKey};
use sekisho_model::{KeyId, SigningAlgorithm};

enum Parsed {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// The one global of the house: `jsonwebtoken` takes plain function pointers as its crypto provider,
/// so what they look up cannot be handed to them. Keyed by `kid`, which names key material.
static KEPT: OnceLock<RwLock<HashMap<Vec<u8>, Arc<Parsed>>>> = OnceLock::new();

fn kept() -> &'static RwLock<HashMap<Vec<u8>, Arc<Parsed>>> {
    KEPT.get_or_init(RwLock::default)
}

/// A private key that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a private key could not be read")]
pub(crate) struct UnreadableKey;

/// Parses a PKCS #8 key and returns the handle to sign with. The first call installs the provider.
pub(super) fn keep(
    kid: &KeyId,
    algorithm: SigningAlgorithm,
    pkcs8: &[u8],
) -> Result<EncodingKey, UnreadableKey> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        if provider().install_default().is_err() {
            tracing::debug!("another crypto provider for JWTs was installed before");
        }
    });
    let unreadable = |_| UnreadableKey;
    let parsed = match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            Parsed::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(unreadable)?)
        }
        SigningAlgorithm::ES256 => Parsed::Ec(
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map_err(unreadable)?,
        ),
        SigningAlgorithm::EdDSA => {
            Parsed::Ed(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(unreadable)?)
        }
    };
    let name = kid.as_str().as_bytes();
    kept()
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name.to_vec(), Arc::new(parsed));
    Ok(match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => EncodingKey::from_rsa_der(name),
        SigningAlgorithm::ES256 => EncodingKey::from_ec_der(name),
        SigningAlgorithm::EdDSA => EncodingKey::from_ed_der(name),
    })
}

/// Forgets a key that must not sign any more.
pub(super) fn forget(kid: &KeyId) {
    kept()
        .write()
        .unwrap_or_else(PoisonError::into_inner)
        .remove(kid.as_str().as_bytes());
}

fn provider() -> &'static CryptoProvider {
    static PROVIDER: OnceLock<CryptoProvider> = OnceLock::new();
    PROVIDER.get_or_init(|| CryptoProvider {
        signer_factory: signer,
        ..DEFAULT_PROVIDER.clone()
    })
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature is given by jsonwebtoken"
)]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    if key.family() == AlgorithmFamily::Hmac {
        return (DEFAULT_PROVIDER.signer_factory)(algorithm, key);
    }
    let found = kept()
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(key.as_bytes())
        .cloned();
    match found {
        Some(parsed) => Ok(Box::new(KeptSigner {
            parsed,
            algorithm: *algorithm,
        })),
        None => (DEFAULT_PROVIDER.signer_factory)(algorithm, key),
    }
}

struct KeptSigner {
    parsed: Arc<Parsed>,
    algorithm: Algorithm,
}

impl Signer<Vec<u8>> for KeptSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let random = SystemRandom::new();
        match (&*self.parsed, self.algorithm) {
            (Parsed::Ec(pair), Algorithm::ES256) => {
                let signature = pair
                    .sign(&random, message)
                    .map_err(SignatureError::from_source)?;
                Ok(signature.as_ref().to_vec())
            }
            (Parsed::Ed(pair), Algorithm::EdDSA) => Ok(pair.sign(message).as_ref().to_vec()),
            (Parsed::Rsa(pair), Algorithm::RS256) => rsa(pair, &RSA_PKCS1_SHA256, message),
            (Parsed::Rsa(pair), Algorithm::PS256) => rsa(pair, &RSA_PSS_SHA256, message),
            _ => Err(SignatureError::from_source(Error::from(
                ErrorKind::InvalidAlgorithm,
            ))),
        }
    }
}

fn rsa(
    pair: &RsaKeyPair,
    padding: &'static dyn aws_lc_rs::signature::RsaEncoding,
    message: &[u8],
) -> Result<Vec<u8>, SignatureError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature)
        .map_err(SignatureError::from_source)?;
    Ok(signature)
}

impl JwtSigner for KeptSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
