//! The issuer's keys as they were read last, and when they are read again.

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, KeyAlgorithm};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard, RwLock};

use crate::refusal::Refusal;

/// Keys older than this are read again; a key that the issuer withdrew is gone then.
const FRESH: Duration = Duration::from_secs(300);
/// How long old keys serve while the issuer cannot be reached.
const USABLE: Duration = Duration::from_secs(3600);
/// However many strange names come, the issuer is asked once in this time.
const PAUSE: Duration = Duration::from_secs(10);
/// More bytes than this are no metadata and no key set.
const MOST: usize = 256 * 1024;

pub(crate) struct IssuerKeys {
    issuer: String,
    web: reqwest::Client,
    kept: RwLock<Kept>,
    /// When the issuer was asked last; held while it is asked.
    asked_at: Mutex<Option<Instant>>,
}

#[derive(Default)]
struct Kept {
    by_name: HashMap<String, DecodingKey>,
    read_at: Option<Instant>,
}

impl IssuerKeys {
    pub(crate) fn of(issuer: &str) -> Result<Self, reqwest::Error> {
        let web = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(5));
        Ok(Self {
            issuer: issuer.to_owned(),
            web: web.build()?,
            kept: RwLock::default(),
            asked_at: Mutex::default(),
        })
    }

    /// The key of that name. A name that is not known may be a new key, so the set is read again, and all
    /// who ask for it wait. While old keys are read again, those who know their key go on with it.
    pub(crate) async fn find(&self, kid: &str) -> Result<Option<DecodingKey>, Refusal> {
        let known = {
            let kept = self.kept.read().await;
            if kept.read_within(FRESH)
                && let Some(key) = kept.by_name.get(kid)
            {
                return Ok(Some(key.clone()));
            }
            kept.read_within(USABLE) && kept.by_name.contains_key(kid)
        };
        let turn = if known {
            self.asked_at.try_lock().ok()
        } else {
            Some(self.asked_at.lock().await)
        };
        if let Some(turn) = turn {
            self.read_again(turn).await;
        }
        let kept = self.kept.read().await;
        if kept.read_within(USABLE) {
            Ok(kept.by_name.get(kid).cloned())
        } else {
            Err(Refusal::Unavailable)
        }
    }

    async fn read_again(&self, mut asked_at: MutexGuard<'_, Option<Instant>>) {
        if asked_at.is_some_and(|then| then.elapsed() < PAUSE) {
            return;
        }
        *asked_at = Some(Instant::now());
        match self.read().await {
            Ok(by_name) => {
                *self.kept.write().await = Kept {
                    by_name,
                    read_at: Some(Instant::now()),
                };
            }
            Err(error) => eprintln!("cannot read the keys of {}: {error}", self.issuer),
        }
    }

    /// RFC 8414: the metadata says where the keys are.
    async fn read(&self) -> Result<HashMap<String, DecodingKey>, Box<dyn Error>> {
        let metadata = format!("{}/.well-known/oauth-authorization-server", self.issuer);
        let metadata = self.json(&metadata).await?;
        if metadata.get("issuer").and_then(Value::as_str) != Some(self.issuer.as_str()) {
            return Err("the metadata is about another issuer".into());
        }
        let address = metadata.get("jwks_uri").and_then(Value::as_str);
        let address = address.ok_or("the metadata has no jwks_uri")?;
        if self.issuer.starts_with("https:") && !address.starts_with("https:") {
            return Err("the jwks_uri is not https".into());
        }
        let set = self.json(address).await?;
        let keys = set.get("keys").and_then(Value::as_array);
        // Keys of kinds we do not know are none of our business.
        let known = keys
            .into_iter()
            .flatten()
            .filter_map(|key| Jwk::deserialize(key).ok())
            .filter(|key| key.common.key_algorithm == Some(KeyAlgorithm::ES256));
        let named = known.filter_map(|key| {
            let name = key.common.key_id.clone()?;
            Some((name, DecodingKey::from_jwk(&key).ok()?))
        });
        Ok(named.collect())
    }

    async fn json(&self, url: &str) -> Result<Value, Box<dyn Error>> {
        let mut answer = self.web.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await? {
            body.extend_from_slice(&part);
            if body.len() > MOST {
                return Err(format!("{url} is too long").into());
            }
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Kept {
    fn read_within(&self, time: Duration) -> bool {
        self.read_at.is_some_and(|then| then.elapsed() < time)
    }
}
