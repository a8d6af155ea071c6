//! Keys of test clients: they make public JWKs and sign whatever JWT a test wants.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// A key pair of a client, for one algorithm.
pub struct ClientKey {
    pub kid: String,
    pub alg: &'static str,
    pair: Pair,
}

pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl ClientKey {
    /// `RS256`, `PS256`, `ES256` or `EdDSA`.
    pub fn generate(alg: &'static str, kid: &str) -> Self {
        let random = SystemRandom::new();
        let pair = match alg {
            "RS256" | "PS256" => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
            "ES256" => {
                let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
                Pair::Ec(EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref()).unwrap())
            }
            "EdDSA" => {
                let der = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed(Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap())
            }
            other => panic!("no key for {other}"),
        };
        Self {
            kid: kid.to_owned(),
            alg,
            pair,
        }
    }

    /// The public key.
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": base64url(&public.n), "e": base64url(&public.e)})
            }
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": base64url(x), "y": base64url(y)})
            }
            Pair::Ed(pair) => {
                let x = base64url(pair.public_key().as_ref());
                json!({"kty": "OKP", "crv": "Ed25519", "x": x})
            }
        };
        jwk["kid"] = json!(self.kid);
        jwk["alg"] = json!(self.alg);
        jwk["use"] = json!("sig");
        jwk
    }

    /// A set with this key alone.
    pub fn jwks(&self) -> Value {
        json!({"keys": [self.jwk()]})
    }

    /// A JWT with exactly this header.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| base64url(value.to_string().as_bytes());
        let message = format!("{}.{}", encode(header), encode(claims));
        let random = SystemRandom::new();
        let bytes = message.as_bytes();
        let signature = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, bytes).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(bytes).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut out = vec![0; pair.public_modulus_len()];
                if self.alg == "PS256" {
                    pair.sign(&RSA_PSS_SHA256, &random, bytes, &mut out)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut out)
                }
                .unwrap();
                out
            }
        };
        format!("{message}.{}", base64url(&signature))
    }

    /// A JWT that names this key.
    pub fn signed(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": self.alg, "kid": self.kid}), claims)
    }
}
