use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use sekisho_model::{
    Digest, Entropy, KeyId, KeyRing, Purpose, SigningAlgorithm, SigningKeyRecord, Timestamp,
};
use sekisho_store::Store;
use serde::Serialize;

use super::kept_keys;
use super::new_key::new_key;
use crate::Failure;
use crate::rules::key_rotation::WANTED;

/// One key, ready to sign and verify.
pub(super) struct ReadyKey {
    pub(super) kid: KeyId,
    pub(super) algorithm: SigningAlgorithm,
    pub(super) active_from: Timestamp,
    pub(super) retired_at: Option<Timestamp>,
    encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

impl ReadyKey {
    pub(super) fn signs_at(&self, now: Timestamp) -> bool {
        self.active_from <= now && self.retired_at.is_none_or(|end| now < end)
    }
}

/// All keys in force, and the JWKS document as it is served.
pub struct KeySet {
    pub(super) keys: Vec<ReadyKey>,
    jwks: Vec<u8>,
    etag: String,
}

impl KeySet {
    /// The JWKS document (RFC 7517 §5): every key in force, public members only (KEY-05).
    pub fn jwks(&self) -> &[u8] {
        &self.jwks
    }

    /// The document's entity tag.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    pub(super) fn by_kid(&self, kid: &str) -> Option<&ReadyKey> {
        self.keys.iter().find(|key| key.kid.as_str() == kid)
    }

    /// The newest key of `algorithm` that signs at `now`.
    pub(super) fn active(&self, algorithm: SigningAlgorithm, now: Timestamp) -> Option<&ReadyKey> {
        self.keys
            .iter()
            .filter(|key| key.algorithm == algorithm && key.signs_at(now))
            .max_by_key(|key| key.active_from)
    }

    /// Signs `claims` with `typ`.
    pub fn sign<T: Serialize>(
        &self,
        algorithm: SigningAlgorithm,
        typ: &str,
        claims: &T,
        now: Timestamp,
    ) -> Result<String, Failure> {
        let key = self
            .active(algorithm, now)
            .ok_or_else(|| Failure::Signing(format!("no {} key", algorithm.name())))?;
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(key.kid.as_str().to_owned()),
            ..Header::new(jws(algorithm))
        };
        jsonwebtoken::encode(&header, claims, &key.encoding)
            .map_err(|error| Failure::Signing(error.to_string()))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}

pub(super) const fn jws(algorithm: SigningAlgorithm) -> Algorithm {
    match algorithm {
        SigningAlgorithm::RS256 => Algorithm::RS256,
        SigningAlgorithm::PS256 => Algorithm::PS256,
        SigningAlgorithm::ES256 => Algorithm::ES256,
        SigningAlgorithm::EdDSA => Algorithm::EdDSA,
    }
}

/// The signing keys of this node, read from the store and read again when they change.
#[derive(Debug)]
pub struct SigningKeys {
    set: RwLock<Arc<KeySet>>,
    pub(super) store: Store,
    pub(super) keyring: Arc<KeyRing>,
}

/// Whether a key of this kind takes up to a second to make.
const fn is_slow(algorithm: SigningAlgorithm) -> bool {
    match algorithm {
        SigningAlgorithm::RS256 | SigningAlgorithm::PS256 => true,
        SigningAlgorithm::ES256 | SigningAlgorithm::EdDSA => false,
    }
}

impl SigningKeys {
    /// Reads the keys, and makes those that do not exist yet: all but RSA at once; `true` in the
    /// result says that [`SigningKeys::make_missing`] has RSA keys left to make.
    pub async fn open(
        store: Store,
        keyring: Arc<KeyRing>,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(Self, bool), Failure> {
        let empty = KeySet {
            keys: Vec::new(),
            jwks: Vec::new(),
            etag: String::new(),
        };
        let keys = Self {
            set: RwLock::new(Arc::new(empty)),
            store,
            keyring,
        };
        keys.reload().await?;
        let missing = keys.missing(now);
        let quick: Vec<_> = missing
            .iter()
            .copied()
            .filter(|algorithm| !is_slow(*algorithm))
            .collect();
        keys.make(&quick, entropy, now).await?;
        Ok((keys, missing.into_iter().any(is_slow)))
    }

    /// The keys in force.
    pub fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes every key that is wanted and missing.
    pub async fn make_missing(&self, entropy: &dyn Entropy, now: Timestamp) -> Result<(), Failure> {
        self.make(&self.missing(now), entropy, now).await
    }

    /// Whether there is a key of every wanted kind.
    pub fn is_complete(&self, now: Timestamp) -> bool {
        self.missing(now).is_empty()
    }

    fn missing(&self, now: Timestamp) -> Vec<SigningAlgorithm> {
        let set = self.current();
        WANTED
            .into_iter()
            .filter(|algorithm| set.active(*algorithm, now).is_none())
            .collect()
    }

    async fn make(
        &self,
        algorithms: &[SigningAlgorithm],
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if algorithms.is_empty() {
            return Ok(());
        }
        let mut made = Vec::new();
        for algorithm in algorithms {
            made.push(new_key(*algorithm, &self.keyring, entropy, now, now).await?);
        }
        self.store
            .write(move |tx| {
                // Another node may have been first.
                tx.claim_keys()?;
                let existing = tx.keys()?;
                let has = |algorithm| {
                    existing
                        .iter()
                        .any(|k| k.algorithm == algorithm && k.retired_at.is_none())
                };
                made.iter()
                    .filter(|key| !has(key.algorithm))
                    .try_for_each(|key| tx.insert_key(key))
            })
            .await?;
        self.reload().await
    }

    /// Reads the keys again.
    pub async fn reload(&self) -> Result<(), Failure> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "a path would tie the transaction to one lifetime"
        )]
        let records = self.store.read(|tx| tx.keys()).await?;
        let set = Arc::new(self.ready(&records)?);
        let mut current = self.set.write().unwrap_or_else(PoisonError::into_inner);
        for gone in current
            .keys
            .iter()
            .filter(|key| set.by_kid(key.kid.as_str()).is_none())
        {
            kept_keys::forget(&gone.kid);
        }
        *current = set;
        Ok(())
    }

    fn ready(&self, records: &[SigningKeyRecord]) -> Result<KeySet, Failure> {
        let mut keys = Vec::new();
        let mut published = Vec::new();
        for record in records {
            let private = self
                .keyring
                .open(Purpose::SigningKey, record.kid.as_str(), &record.private)
                .map_err(|_unsealable| Failure::Sealed("signing key"))?;
            let private = zeroize::Zeroizing::new(private);
            let encoding = kept_keys::keep(&record.kid, record.algorithm, &private)
                .map_err(|error| Failure::Signing(error.to_string()))?;
            let jwk: Jwk = serde_json::from_str(&record.public_jwk)
                .map_err(|_unreadable| Failure::Corrupt("public key"))?;
            let decoding = DecodingKey::from_jwk(&jwk)
                .map_err(|_unreadable| Failure::Corrupt("public key"))?;
            published.push(record.public_jwk.as_str());
            keys.push(ReadyKey {
                kid: record.kid.clone(),
                algorithm: record.algorithm,
                active_from: record.active_from,
                retired_at: record.retired_at,
                encoding,
                decoding,
            });
        }
        let jwks = format!("{{\"keys\":[{}]}}", published.join(",")).into_bytes();
        let etag = format!("\"{}\"", Digest::of(&jwks).to_base64url());
        Ok(KeySet { keys, jwks, etag })
    }
}
