//! The public keys of a client: registered by value, or kept for a while from its `jwks_uri`
//! (REG-12, REG-16, REG-17).

use std::sync::{Arc, Mutex, PoisonError};

use moka::sync::Cache;
use sekisho_model::{Client, ClientId, Feature, SigningAlgorithm};
use serde_json::Value;
use tokio::sync::watch;

use super::kept_jwks::{KeptJwks, Plan};
use super::public_key::{KeyRefusal, PublicKey};
use super::strict_json;
use crate::outbound::{Limits, Outbound};
use crate::{Failure, Provider};

/// How many keys a set may have (REG-16).
const MOST: usize = 20;

/// How many clients' keys are kept in memory.
const CAPACITY: u64 = 10_000;

/// The keys of a set that can be used here; kinds of keys that we verify nothing with are passed over.
pub(crate) fn read_jwks(jwks: &Value) -> Result<Arc<[PublicKey]>, KeyRefusal> {
    let listed = jwks.get("keys").and_then(Value::as_array);
    let listed = listed.ok_or(KeyRefusal::Set)?;
    if listed.len() > MOST {
        return Err(KeyRefusal::Set);
    }
    let mut keys: Vec<PublicKey> = Vec::new();
    for jwk in listed {
        match PublicKey::read(jwk) {
            Ok(key) if keys.iter().any(|other| are_confused(other, &key)) => {
                return Err(KeyRefusal::Set);
            }
            Ok(key) => keys.push(key),
            Err(KeyRefusal::NotUsed) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(keys.into())
}

/// Whether a set of keys may be registered (REG-16).
pub fn check_jwks(jwks: &Value) -> Result<(), KeyRefusal> {
    read_jwks(jwks).map(drop)
}

/// Two keys of one name that could verify the same signature.
fn are_confused(one: &PublicKey, other: &PublicKey) -> bool {
    one.kid().is_some()
        && one.kid() == other.kid()
        && ALGORITHMS
            .iter()
            .any(|algorithm| one.fits(*algorithm) && other.fits(*algorithm))
}

const ALGORITHMS: [SigningAlgorithm; 4] = [
    SigningAlgorithm::RS256,
    SigningAlgorithm::PS256,
    SigningAlgorithm::ES256,
    SigningAlgorithm::EdDSA,
];

/// The key of that name, or without a name the only one that fits (JW-04).
fn chosen(keys: &[PublicKey], kid: Option<&str>, algorithm: SigningAlgorithm) -> Option<PublicKey> {
    let mut fitting = keys
        .iter()
        .filter(|key| key.fits(algorithm) && (kid.is_none() || key.kid() == kid));
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

/// What is kept in memory of clients' keys.
#[derive(Debug)]
pub(crate) struct ClientKeys {
    registered: Cache<ClientId, Arc<Registered>>,
    fetched: Cache<String, Arc<Source>>,
}

/// A set as it was registered, and what was read from it.
#[derive(Debug)]
struct Registered {
    jwks: Value,
    keys: Arc<[PublicKey]>,
}

/// One `jwks_uri`.
#[derive(Debug, Default)]
struct Source(Mutex<Reading>);

#[derive(Debug, Default)]
struct Reading {
    kept: KeptJwks,
    /// Ends when the reading that is under way does.
    under_way: Option<watch::Receiver<()>>,
}

impl Source {
    fn look<T>(&self, what: impl FnOnce(&mut Reading) -> T) -> T {
        what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClientKeys {
    pub(crate) fn new() -> Self {
        Self {
            registered: Cache::new(CAPACITY),
            fetched: Cache::new(CAPACITY),
        }
    }

    fn source(&self, uri: &str) -> Arc<Source> {
        self.fetched.get_with_by_ref(uri, Arc::default)
    }

    /// Keys registered by value, parsed once for each registration.
    fn by_value(&self, client: &Client, jwks: &Value) -> Arc<[PublicKey]> {
        if let Some(known) = self.registered.get(&client.client_id)
            && known.jwks == *jwks
        {
            return Arc::clone(&known.keys);
        }
        let keys = read_jwks(jwks).unwrap_or_else(|_named| Arc::default());
        let entry = Registered {
            jwks: jwks.clone(),
            keys: Arc::clone(&keys),
        };
        self.registered
            .insert(client.client_id.clone(), Arc::new(entry));
        keys
    }
}

impl Provider {
    /// The key of `client` that `kid` names and `algorithm` fits; without a name the only one that
    /// fits. Unreachable keys are no keys.
    pub(crate) async fn client_key(
        &self,
        client: &Client,
        kid: Option<&str>,
        algorithm: SigningAlgorithm,
    ) -> Result<Option<PublicKey>, Failure> {
        let choose = |keys: &[PublicKey]| chosen(keys, kid, algorithm);
        self.search_client_keys(client, choose).await
    }

    /// What `search` finds among the keys of `client`. If that is nothing in the kept set, the client's
    /// `jwks_uri` is read again, at most once in half a minute (REG-17).
    pub(crate) async fn search_client_keys<T>(
        &self,
        client: &Client,
        search: impl Fn(&[PublicKey]) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        if let Some(jwks) = &client.jwks {
            return Ok(search(&self.client_keys.by_value(client, jwks)));
        }
        let Some(uri) = &client.jwks_uri else {
            return Ok(None);
        };
        self.works(Feature::RemoteKeys)?;
        let source = self.client_keys.source(uri);
        let (found, end) = source.look(|reading| {
            let now = self.now();
            let found = search(&reading.kept.keys(now));
            let end = match reading.kept.plan(found.is_some(), now) {
                Plan::Use => None,
                Plan::Fetch => Some(self.end_of_reading(uri, &source, reading)),
            };
            (found, end)
        });
        let Some(mut end) = end else {
            return Ok(found);
        };
        // Nothing is ever sent: the wait ends with the sender.
        let _closed = end.changed().await;
        Ok(source.look(|reading| search(&reading.kept.keys(self.now()))))
    }

    /// Joins the reading of a `jwks_uri` that is under way, or begins one. It goes on when the request
    /// that began it is given up, so that giving up does not begin another.
    fn end_of_reading(
        &self,
        uri: &str,
        source: &Arc<Source>,
        reading: &mut Reading,
    ) -> watch::Receiver<()> {
        let running = reading.under_way.as_ref();
        if let Some(running) = running.filter(|running| running.has_changed().is_ok()) {
            return running.clone();
        }
        let (until_the_end, end) = watch::channel(());
        reading.under_way = Some(end.clone());
        let (uri, source) = (uri.to_owned(), Arc::clone(source));
        let (outbound, clock) = (self.outbound.clone(), Arc::clone(&self.clock));
        tokio::spawn(async move {
            let answer = fetch(&outbound, &uri).await;
            source.look(|reading| {
                let (kept, now) = (&mut reading.kept, clock.now());
                match answer {
                    Some((keys, max_age)) => kept.fetched(keys, max_age, now),
                    None => kept.failed(now),
                }
                // Within the lock: who looks next finds either this reading or its outcome.
                drop(until_the_end);
            });
        });
        end
    }
}

/// The keys at `uri` and how long they may be kept. What is no acceptable set counts as no answer.
async fn fetch(
    outbound: &Outbound,
    uri: &str,
) -> Option<(Arc<[PublicKey]>, Option<std::time::Duration>)> {
    let fetched = outbound.get_json(uri, Limits::default()).await.ok()?;
    let jwks = strict_json::object(&fetched.body).ok()?;
    match read_jwks(&Value::Object(jwks)) {
        Ok(keys) => Some((keys, fetched.max_age)),
        Err(refusal) => {
            tracing::warn!(%refusal, "a client's keys cannot be used");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use SigningAlgorithm::{ES256, EdDSA, PS256};
    use serde_json::json;

    use super::*;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    fn p256(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": X, "y": Y})
    }

    fn ed25519(kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": X})
    }

    fn refusal(keys: &[Value]) -> Option<KeyRefusal> {
        check_jwks(&json!({"keys": keys})).err()
    }

    #[test]
    fn reg_16_a_set_has_at_most_twenty_keys_with_names_of_their_own() {
        let many =
            |count: usize| -> Vec<Value> { (0..count).map(|n| p256(&format!("k{n}"))).collect() };
        assert_eq!(refusal(&many(20)), None);
        assert_eq!(refusal(&many(21)), Some(KeyRefusal::Set));
        assert_eq!(refusal(&[p256("a"), p256("a")]), Some(KeyRefusal::Set));
        assert_eq!(refusal(&[p256("a"), ed25519("a")]), None);
        assert_eq!(check_jwks(&json!({})), Err(KeyRefusal::Set));
        assert_eq!(check_jwks(&json!({"keys": {}})), Err(KeyRefusal::Set));
        assert_eq!(check_jwks(&json!([])), Err(KeyRefusal::Set));
    }

    #[test]
    fn reg_16_one_private_or_weak_key_spoils_the_set_and_unused_ones_do_not() {
        let with = |name: &str, value: &str| {
            let mut key = p256("b");
            key[name] = json!(value);
            refusal(&[p256("a"), key])
        };
        assert_eq!(with("d", "AA"), Some(KeyRefusal::NotPublic));
        assert_eq!(with("kty", "oct"), Some(KeyRefusal::NotPublic));
        assert_eq!(with("x", "AA"), Some(KeyRefusal::Weak));
        assert_eq!(with("use", "enc"), None);
        assert_eq!(with("crv", "P-521"), None);
        // REG-16: addresses in keys are never followed.
        assert_eq!(with("x5u", "https://169.254.169.254/"), None);
    }

    #[test]
    fn jw_04_a_key_is_taken_by_its_name_or_when_only_one_fits() {
        let set = json!({"keys": [p256("a"), p256("b"), ed25519("c")]});
        let keys = read_jwks(&set).unwrap();
        let name = |kid, algorithm| {
            let key = chosen(&keys, kid, algorithm)?;
            key.kid().map(str::to_owned)
        };
        assert_eq!(name(Some("b"), ES256).as_deref(), Some("b"));
        assert_eq!(name(None, EdDSA).as_deref(), Some("c"));
        assert_eq!(name(None, ES256), None);
        assert_eq!(name(Some("x"), EdDSA), None);
        assert_eq!(name(Some("c"), ES256), None);
        assert_eq!(name(None, PS256), None);
    }
}
