use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sekisho_model::{ClientId, Clock, Digest, Feature, Timestamp};
use sekisho_store::RegisteredClient;
use tokio::sync::Mutex;

use crate::Failure;
use crate::incidents::switched_off;
use crate::knowledge::Knowledge;
use crate::outbound::{Limits, Outbound};
use crate::rules::client_document::{kept_for, read};
use crate::rules::registration::RegistrationPolicy;

/// Clients that are known by the document at their address alone.
pub(crate) struct ClientDocuments {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    knowledge: Arc<Knowledge>,
    policy: RegistrationPolicy,
    kept: Cache<ClientId, Kept>,
    /// One fetch of a document at a time; which lock is taken depends on the id.
    fetching: [Mutex<()>; 16],
}

#[derive(Clone)]
struct Kept {
    client: Option<Arc<RegisteredClient>>,
    until: Timestamp,
}

/// What cannot be had is not asked for again so soon (REG-12).
const REFUSED_FOR: Duration = Duration::from_mins(1);
/// How many documents are kept.
const CAPACITY: u64 = 2_000;

impl ClientDocuments {
    pub(crate) fn new(
        outbound: Outbound,
        clock: Arc<dyn Clock>,
        knowledge: Arc<Knowledge>,
        policy: RegistrationPolicy,
    ) -> Self {
        Self {
            outbound,
            clock,
            knowledge,
            policy,
            kept: Cache::new(CAPACITY),
            fetching: Default::default(),
        }
    }

    /// The client whose document lies at `id`. Nothing is fetched while that is switched off (INC-06).
    pub(crate) async fn find(
        &self,
        id: &ClientId,
    ) -> Result<Option<Arc<RegisteredClient>>, Failure> {
        if let Some(kept) = self.fresh(id) {
            return Ok(kept.client);
        }
        let now = self.clock.now();
        if !self
            .knowledge
            .situation()
            .works(Feature::ClientDocuments, now)
        {
            return Err(switched_off(now));
        }
        Ok(self.read(id).await)
    }

    async fn read(&self, id: &ClientId) -> Option<Arc<RegisteredClient>> {
        let which = Digest::of(id.as_str().as_bytes())
            .as_bytes()
            .first()
            .copied();
        let lock = self
            .fetching
            .get(usize::from(which.unwrap_or_default() % 16))?;
        let _alone = lock.lock().await;
        // Whoever waited finds what the one before has fetched.
        if let Some(kept) = self.fresh(id) {
            return kept.client;
        }
        let kept = self.fetched(id).await;
        self.kept.insert(id.clone(), kept.clone());
        kept.client
    }

    fn fresh(&self, id: &ClientId) -> Option<Kept> {
        self.kept
            .get(id)
            .filter(|kept| self.clock.now() < kept.until)
    }

    async fn fetched(&self, id: &ClientId) -> Kept {
        let answer = self.outbound.get_json(id.as_str(), Limits::default()).await;
        let now = self.clock.now();
        let found = answer
            .ok()
            .and_then(|fetched| Some((read(id, &fetched.body, &self.policy)?, fetched.max_age)));
        match found {
            None => Kept {
                client: None,
                until: now + REFUSED_FOR,
            },
            Some((client, max_age)) => Kept {
                client: Some(Arc::new(RegisteredClient {
                    client,
                    secrets: Vec::new(),
                    created_at: now,
                })),
                until: now + kept_for(max_age),
            },
        }
    }
}

impl fmt::Debug for ClientDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientDocuments")
    }
}
