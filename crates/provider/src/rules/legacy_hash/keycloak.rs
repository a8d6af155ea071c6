//! The password credential in a realm export of Keycloak: JSON in JSON since version 8, flat before.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::modular::pbkdf2_of;
use super::{Argon2Kind, ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms};

const FORM: HashRefusal = HashRefusal::Malformed("the password credential cannot be read");

/// A member of `credentials` of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeycloakCredential {
    #[serde(rename = "type")]
    kind: Option<String>,
    created_date: Option<i64>,
    secret_data: Option<String>,
    credential_data: Option<String>,
    hashed_salted_value: Option<String>,
    salt: Option<String>,
    hash_iterations: Option<u32>,
    algorithm: Option<String>,
}

#[derive(Deserialize)]
struct Secret {
    value: String,
    salt: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    hash_iterations: u32,
    algorithm: String,
    #[serde(default)]
    additional_parameters: Map<String, Value>,
}

impl KeycloakCredential {
    /// Whether it is a password.
    pub fn is_password(&self) -> bool {
        self.kind.as_deref() == Some("password")
    }

    /// When it was made, in milliseconds.
    pub const fn created_millis(&self) -> Option<i64> {
        self.created_date
    }

    /// The hash in it.
    pub fn hash(&self) -> Result<ForeignHash, HashRefusal> {
        let (secret, told) = self.parts()?;
        let digest = base64_forms::decode(&secret.value).ok_or(FORM)?;
        let salt = base64_forms::decode(&secret.salt).ok_or(FORM)?;
        let read = match told.algorithm.as_str() {
            "pbkdf2" => pbkdf2_of(HashFunction::Sha1, told.hash_iterations, salt, digest)?,
            "pbkdf2-sha256" => pbkdf2_of(HashFunction::Sha256, told.hash_iterations, salt, digest)?,
            "pbkdf2-sha512" => pbkdf2_of(HashFunction::Sha512, told.hash_iterations, salt, digest)?,
            "argon2" => {
                let scheme = told.argon2(salt, digest.len())?;
                ForeignHash::new(scheme, digest)
            }
            _ => return Err(HashRefusal::Unsupported("this algorithm of Keycloak")),
        };
        read.bounded()
    }

    fn parts(&self) -> Result<(Secret, Told), HashRefusal> {
        if let (Some(secret), Some(told)) = (&self.secret_data, &self.credential_data) {
            let secret = serde_json::from_str(secret).map_err(|_unreadable| FORM)?;
            return Ok((
                secret,
                serde_json::from_str(told).map_err(|_unreadable| FORM)?,
            ));
        }
        let secret = Secret {
            value: self.hashed_salted_value.clone().ok_or(FORM)?,
            salt: self.salt.clone().ok_or(FORM)?,
        };
        let told = Told {
            hash_iterations: self.hash_iterations.ok_or(FORM)?,
            algorithm: self.algorithm.clone().ok_or(FORM)?,
            additional_parameters: Map::new(),
        };
        Ok((secret, told))
    }
}

impl Told {
    fn argon2(&self, salt: Vec<u8>, length: usize) -> Result<Scheme, HashRefusal> {
        let kind = match self.parameter("type").ok_or(FORM)? {
            "id" => Argon2Kind::Id,
            "i" => Argon2Kind::I,
            "d" => Argon2Kind::D,
            _ => return Err(FORM),
        };
        let version = match self.parameter("version") {
            None | Some("1.3") => 0x13,
            Some("1.0") => 0x10,
            Some(_) => return Err(FORM),
        };
        let number = |name| self.parameter(name).and_then(|text| text.parse().ok());
        Ok(Scheme::Argon2 {
            kind,
            version,
            memory_kib: number("memory").ok_or(FORM)?,
            passes: self.hash_iterations,
            lanes: number("parallelism").ok_or(FORM)?,
            salt: salt.into(),
            length,
        })
    }

    /// Keycloak writes each as a list of one text.
    fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.additional_parameters.get(name)?;
        value.as_str().or_else(|| value.get(0)?.as_str())
    }
}

impl std::fmt::Debug for KeycloakCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeycloakCredential(…)")
    }
}
