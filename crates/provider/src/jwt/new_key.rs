use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sekisho_model::{
    Digest, Entropy, KeyId, KeyRing, Purpose, SigningAlgorithm, SigningKeyRecord, Timestamp,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::kept_keys::UnreadableKey;
use crate::Failure;

/// Makes a signing key (KEY-01), sealed under `keyring`, that signs from `active_from` on. An RSA key
/// takes up to a second, so it is made on a thread of its own.
pub(super) async fn new_key(
    algorithm: SigningAlgorithm,
    keyring: &KeyRing,
    entropy: &dyn Entropy,
    now: Timestamp,
    active_from: Timestamp,
) -> Result<SigningKeyRecord, Failure> {
    let private = match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => aside(algorithm).await?,
        SigningAlgorithm::ES256 | SigningAlgorithm::EdDSA => new_pair(algorithm)?,
    };
    key_of(algorithm, &private, keyring, entropy, (now, active_from))
}

async fn aside(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let (made, pair_made) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("new-key".to_owned());
    thread
        .spawn(move || {
            // Nobody waits any more when the server is closing.
            drop(made.send(new_pair(algorithm)));
        })
        .map_err(|error| Failure::Signing(error.to_string()))?;
    pair_made
        .await
        .map_err(|_gone| Failure::Signing("the thread of a new key ended".to_owned()))?
}

/// Makes the private half alone, as PKCS #8.
pub fn new_pair(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, Failure> {
    pair(algorithm).map_err(|error| Failure::Signing(error.to_string()))
}

/// The record of a private key, sealed under `keyring`: made, and signing from these moments on.
pub fn key_of(
    algorithm: SigningAlgorithm,
    private: &[u8],
    keyring: &KeyRing,
    entropy: &dyn Entropy,
    (now, active_from): (Timestamp, Timestamp),
) -> Result<SigningKeyRecord, Failure> {
    let members =
        members(algorithm, private).map_err(|error| Failure::Signing(error.to_string()))?;
    let kid = KeyId::new(Digest::of(members.to_string().as_bytes()).to_base64url());
    let mut jwk = members;
    for (name, value) in [
        ("kid", kid.as_str()),
        ("alg", algorithm.name()),
        ("use", "sig"),
    ] {
        if let Some(members) = jwk.as_object_mut() {
            members.insert(name.to_owned(), Value::from(value));
        }
    }
    Ok(SigningKeyRecord {
        private: keyring.seal(Purpose::SigningKey, kid.as_str(), private, entropy),
        public_jwk: jwk.to_string(),
        kid,
        algorithm,
        created_at: now,
        active_from,
        retired_at: None,
        gone_at: None,
    })
}

fn pair(algorithm: SigningAlgorithm) -> Result<Zeroizing<Vec<u8>>, UnreadableKey> {
    let random = SystemRandom::new();
    let bytes = match algorithm {
        SigningAlgorithm::ES256 => {
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
            made.map_err(|_unspecified| UnreadableKey)?
                .as_ref()
                .to_vec()
        }
        SigningAlgorithm::EdDSA => {
            let made = Ed25519KeyPair::generate_pkcs8(&random);
            made.map_err(|_unspecified| UnreadableKey)?
                .as_ref()
                .to_vec()
        }
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            let made =
                RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_unspecified| UnreadableKey)?;
            let pkcs8: Pkcs8V1Der<'static> = made.as_der().map_err(|_unspecified| UnreadableKey)?;
            pkcs8.as_ref().to_vec()
        }
    };
    Ok(Zeroizing::new(bytes))
}

/// The members of RFC 7638 §3.2 of a PKCS #8 key, which `serde_json` writes in the sorted order the
/// thumbprint wants.
fn members(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Result<Value, UnreadableKey> {
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match algorithm {
        SigningAlgorithm::ES256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
                .map_err(|_rejected| UnreadableKey)?;
            // SEC 1 §2.3.3: 0x04, then x and y of 32 bytes each.
            let point = pair.public_key().as_ref().get(1..).ok_or(UnreadableKey)?;
            let (x, y) = point.split_at_checked(32).ok_or(UnreadableKey)?;
            Ok(json!({"crv": "P-256", "kty": "EC", "x": text(x), "y": text(y)}))
        }
        SigningAlgorithm::EdDSA => {
            let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_rejected| UnreadableKey)?;
            let x = text(pair.public_key().as_ref());
            Ok(json!({"crv": "Ed25519", "kty": "OKP", "x": x}))
        }
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_rejected| UnreadableKey)?;
            let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
            Ok(json!({"e": text(&public.e), "kty": "RSA", "n": text(&public.n)}))
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{DecodingKey, Header, Validation};
    use sekisho_model::SeededEntropy;

    use super::*;
    use crate::jwt::kept_keys::keep;
    use crate::jwt::signing_keys::jws;
    use crate::rules::key_rotation::WANTED;

    /// The published half, read by the library apps use, verifies what the private half signs.
    #[test]
    fn jw_10_a_key_of_every_algorithm_signs_what_its_public_half_verifies() {
        let entropy = SeededEntropy::new(1);
        let ring = KeyRing::ephemeral(&entropy);
        let now = Timestamp::from_seconds(1_800_000_000);
        for algorithm in WANTED {
            let private = new_pair(algorithm).unwrap();
            let key = key_of(algorithm, &private, &ring, &entropy, (now, now)).unwrap();
            let signer = keep(&key.kid, algorithm, &private).unwrap();
            let header = Header::new(jws(algorithm));
            let token = jsonwebtoken::encode(&header, &json!({"sub": "a"}), &signer).unwrap();
            let public: Value = serde_json::from_str(&key.public_jwk).unwrap();
            for secret in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(public.get(secret).is_none(), "{secret}");
            }
            let jwk: Jwk = serde_json::from_value(public).unwrap();
            let mut rules = Validation::new(jws(algorithm));
            rules.required_spec_claims.clear();
            rules.validate_exp = false;
            let known = DecodingKey::from_jwk(&jwk).unwrap();
            assert!(jsonwebtoken::decode::<Value>(&token, &known, &rules).is_ok());
            let mut forged = token.into_bytes();
            let last = forged.len() - 8;
            forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(jsonwebtoken::decode::<Value>(&forged, &known, &rules).is_err());
        }
    }
}
